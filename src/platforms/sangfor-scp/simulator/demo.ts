// The demonstration of this platform: three VMs in one consistency group on one virtual storage, each with a file system in it.
import { formatSize, type JsonObject } from '../../../values/index.ts'
import type { DemoStage, StartDemo } from '../../platform.ts'
import { movedLine, noise } from '../../simulation/index.ts'
import { BLOCK_BYTES, firstDifference } from './disk.ts'
import { type ScpSimulator, type SimulatedVm, startScpSimulator } from './start.ts'

const MIB = 2 ** 20
const NAMES = ['erp-db', 'erp-app', 'erp-web'] as const
const DISK_BYTES = [192 * MIB, 64 * MIB] as const
/** Tasks that end at once: polling them every other second, as for a real platform, would make up most of the demonstration. */
const QUICK = { taskWaitMs: 0, taskRunMs: 0, visibleAfterMs: 0 }

interface Vm extends SimulatedVm {
  readonly name: string
}
interface Point extends JsonObject {
  readonly serverId: string
  readonly pointId: string
  readonly level: string
}

export const startDemo: StartDemo = async () => {
  const scp = await startScpSimulator({ behaviour: QUICK })
  const vms = NAMES.map((name, index) => {
    const files = { 'README.TXT': `This is ${name}.\n`, 'DATA.BIN': noise(48 * MIB, index), 'LEDGER.CSV': ledger(16 * MIB, name) }
    return { name, ...scp.addVm({ name, disks: [{ sizeBytes: DISK_BYTES[0], files }, { sizeBytes: DISK_BYTES[1] }] }) }
  })
  const ids = vms.map(({ id }) => id)
  const groupId = scp.addGroup('erp', ids)
  return {
    targets: { cloud: { connection: 'sangfor-scp/Connection', settings: scp.settings } },
    play: (stage) => play(stage, scp, vms, groupId),
    [Symbol.asyncDispose]: () => scp[Symbol.asyncDispose](),
  }
}

async function play(stage: DemoStage, scp: ScpSimulator, vms: readonly Vm[], groupId: string): Promise<readonly string[]> {
  const backup = async (): Promise<readonly Point[]> => {
    const { points } = await stage.run('sangfor-scp/consistency-group-backup', { groupId })
    return points as unknown as readonly Point[]
  }
  const write = (): void => {
    for (const { guest } of vms) guest.write(12)
  }
  stage.chapter('Three VMs on a simulated Sangfor SCP, and an empty vault')
  for (const { name, guest } of vms) {
    const files = guest.files('ide0').list()
    stage.say(`${name}: ${files.map((file) => file.name).join(', ')}`)
  }
  stage.chapter('A full backup of the consistency group')
  const full = await backup()
  stage.chapter('The guests go on writing; an incremental backup')
  write()
  const incremental = await backup()
  write()

  stage.chapter('Every VM restored from the second point, into new disks')
  const restored = new Map<string, string>()
  for (const { name, id } of vms) {
    const pointId = incremental.find(({ serverId }) => serverId === id)?.pointId ?? ''
    const inputs = { pointId, name: `${name}-restored`, trackChanges: false }
    const { serverId } = await stage.run('sangfor-scp/vm-restore', inputs)
    restored.set(id, String(serverId))
  }

  stage.chapter('What came of it')
  const problems: string[] = []
  for (const { serverId, pointId } of incremental) {
    const vm = vms.find(({ id }) => id === serverId)
    const { evidence, disks } = await stage.point(pointId)
    const { groupSnapshotId } = evidence as { groupSnapshotId: string }
    if (!vm) throw new Error(`there is no VM ${serverId}`)
    for (const { disk } of disks) {
      const problem = difference(scp, groupSnapshotId, vm, restored.get(serverId) ?? '', disk)
      if (problem) problems.push(problem)
      else stage.say(`${vm.name} ${disk}: every byte of the restored disk equals the snapshot's`)
    }
  }
  stage.say(`the vault holds ${formatSize(await stage.vaultBytes())}, for two points of each VM`)
  if (scp.leaks().length === 0) stage.say('the platform holds no snapshot, backup resource or hot-added disk')
  stage.say('')
  stage.say(figures('full', full))
  stage.say(figures('incremental', incremental))
  return [...problems, ...scp.leaks(), ...scp.violations]
}

function figures(title: string, points: readonly Point[]): string {
  const levels = [...new Set(points.map(({ level }) => level))].join(', ')
  const line = movedLine(
    title,
    points,
    points.flatMap(() => DISK_BYTES),
  )
  return `${line} (${points.length} VMs, ${levels})`
}

/** Where a disk of the restored VM differs from what the snapshot held, in words; nothing when every byte is the same. */
function difference(scp: ScpSimulator, snapshotId: string, vm: Vm, restoredId: string, disk: string): string | undefined {
  const then = scp.snapshotDisk(snapshotId, vm.id, disk)
  if (!then) return `${vm.name} ${disk}: the simulator does not know snapshot ${snapshotId} any more`
  const at = firstDifference(then, scp.disk(restoredId, disk))
  return at === undefined ? undefined : `${vm.name} ${disk}: differs at byte ${at} (block ${Math.floor(at / BLOCK_BYTES)})`
}

/** Compresses well. */
const ledger = (sizeBytes: number, name: string): Buffer => Buffer.alloc(sizeBytes, `${name};2026-11-21;booked;42.00\n`)
