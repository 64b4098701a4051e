// The demonstration of this platform: one VM with two volumes, backed up through snapshots of their LUNs, restored into new volumes.
import { formatSize, type JsonObject } from '../../../values/index.ts'
import type { DemoStage, StartDemo } from '../../platform.ts'
import { isEqual, movedLine } from '../../simulation/index.ts'
import { startTowerSimulator, type TowerSimulator } from './start.ts'

const MIB = 2 ** 20
const SIZES_BYTES = [192 * MIB, 64 * MIB] as const
/** Tasks that end at once: polling them every few seconds, as for a real platform, would make up most of the demonstration. */
const QUICK = { taskWaitMs: 0, taskRunMs: 0, settleMs: 0, lunLagMs: 0 }

export const startDemo: StartDemo = async () => {
  const tower = await startTowerSimulator({ seed: 'demo', behaviour: QUICK })
  const { id } = tower.addVm({ name: 'erp-db', sizesBytes: SIZES_BYTES })
  return {
    targets: { cloud: { connection: 'smartx-cloudtower/Connection', settings: tower.settings } },
    play: (stage) => play(stage, tower, id),
    [Symbol.asyncDispose]: () => tower[Symbol.asyncDispose](),
  }
}

async function play(stage: DemoStage, tower: TowerSimulator, vmId: string): Promise<readonly string[]> {
  const backup = () => stage.run('smartx-cloudtower/vm-backup', { where: { name: 'erp-db' } })
  stage.chapter('A VM with two volumes on a simulated SmartX cluster, and an empty vault')
  tower.write(vmId, 400)
  stage.chapter('A full backup')
  const full = await backup()
  stage.chapter('The guest goes on writing; an incremental backup')
  tower.write(vmId, 40)
  const incremental = await backup()
  tower.write(vmId, 40)

  stage.chapter('The second point restored into new volumes and a new VM')
  const restored = await stage.run('smartx-cloudtower/vm-restore', { pointId: incremental.pointId ?? '' })

  stage.chapter('What came of it')
  const held = tower.snapshotDisks(String(incremental.snapshotId))
  const disks = tower.disks(String(restored.vmId))
  const problems = held.flatMap((then, index) => {
    const now = disks[index]
    if (!now || !isEqual(now, then)) return [`disk ${index}: differs from what the snapshot held`]
    stage.say(`disk ${index}: every byte of the restored volume equals the snapshot's`)
    return []
  })
  stage.say(`the vault holds ${formatSize(await stage.vaultBytes())}, for two points`)
  const kept = (tower.state().snapshots as readonly JsonObject[]).map(({ id }) => String(id))
  const strays = kept.filter((id) => id !== incremental.snapshotId).map((id) => `snapshot ${id} is left behind`)
  const lost = [...strays, ...tower.leaks(), ...tower.violations]
  if (lost.length === 0) stage.say('the cluster holds one snapshot, the base of the next backup, and nothing else')
  stage.say('')
  stage.say(movedLine('full', [full], SIZES_BYTES))
  stage.say(movedLine('incremental', [incremental], SIZES_BYTES))
  return [...problems, ...lost]
}
