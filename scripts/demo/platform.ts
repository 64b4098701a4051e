// The platform of the demonstration: three VMs in one consistency group on one virtual storage, each with a file system in it.
import { BLOCK_BYTES, firstDifference } from '../../src/platforms/sangfor-scp/simulator/disk.ts'
import { type ScpSimulator, type SimulatedVm, startScpSimulator } from '../../src/platforms/sangfor-scp/simulator/start.ts'

const MIB = 2 ** 20
const NAMES = ['erp-db', 'erp-app', 'erp-web'] as const
/** Tasks that end at once: polling them every other second, as for a real platform, would make up most of the demonstration. */
const QUICK = { taskWaitMs: 0, taskRunMs: 0, visibleAfterMs: 0 }

export interface DemoVm extends SimulatedVm {
  readonly name: string
}

export interface DemoPlatform {
  readonly scp: ScpSimulator
  readonly vms: readonly DemoVm[]
  readonly groupId: string
  /** Bytes on the disks of all VMs. */
  readonly sizeBytes: number
}

export async function startDemoPlatform(): Promise<DemoPlatform> {
  const scp = await startScpSimulator({ behaviour: QUICK })
  const sizes = [192 * MIB, 64 * MIB]
  const vms = NAMES.map((name, index) => {
    const files = { 'README.TXT': `This is ${name}.\n`, 'DATA.BIN': noise(48 * MIB, index), 'LEDGER.CSV': ledger(16 * MIB, name) }
    return { name, ...scp.addVm({ name, disks: [{ sizeBytes: sizes[0] ?? 0, files }, { sizeBytes: sizes[1] ?? 0 }] }) }
  })
  const groupId = scp.addGroup(
    'erp',
    vms.map(({ id }) => id),
  )
  return { scp, vms, groupId, sizeBytes: vms.length * sizes.reduce((sum, size) => sum + size, 0) }
}

/** Does not compress; the same for the same seed. */
function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = new Uint32Array(sizeBytes / 4)
  let state = seed + 1
  for (let index = 0; index < bytes.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state
  }
  return Buffer.from(bytes.buffer)
}

/** Compresses well. */
const ledger = (sizeBytes: number, name: string): Buffer => Buffer.alloc(sizeBytes, `${name};2026-11-21;booked;42.00\n`)

/** Where a disk of the restored VM differs from what the snapshot held, in words; nothing when every byte is the same. */
export function difference(
  scp: ScpSimulator,
  snapshotId: string,
  vm: DemoVm,
  restoredId: string,
  disk: string,
): string | undefined {
  const then = scp.snapshotDisk(snapshotId, vm.id, disk)
  if (!then) return `${vm.name} ${disk}: the simulator does not know snapshot ${snapshotId} any more`
  const at = firstDifference(then, scp.disk(restoredId, disk))
  return at === undefined ? undefined : `${vm.name} ${disk}: differs at byte ${at} (block ${Math.floor(at / BLOCK_BYTES)})`
}
