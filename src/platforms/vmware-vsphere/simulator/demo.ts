// The demonstration of this platform: one VM with two disks, backed up through a quiesced snapshot and change ids, restored into
// a new VM.
import { formatSize } from '../../../values/index.ts'
import type { DemoStage, StartDemo } from '../../platform.ts'
import { isEqual, movedLine } from '../../simulation/index.ts'
import { startVsphereSimulator, type VsphereSimulator } from './start.ts'

const MIB = 2 ** 20
const SIZES_BYTES = [192 * MIB, 64 * MIB] as const
/** Tasks that end at once: polling them every few seconds, as for a real platform, would make up most of the demonstration. */
const QUICK = { taskWaitMs: 0, taskRunMs: 0, leaseReadyMs: 0 }

export const startDemo: StartDemo = async () => {
  const vsphere = await startVsphereSimulator({ seed: 'demo', behaviour: QUICK })
  const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: SIZES_BYTES, tracked: true })
  return {
    targets: { vc: { connection: 'vmware-vsphere/Connection', settings: vsphere.settings } },
    play: (stage) => play(stage, vsphere, id),
    [Symbol.asyncDispose]: () => vsphere[Symbol.asyncDispose](),
  }
}

async function play(stage: DemoStage, vsphere: VsphereSimulator, vmId: string): Promise<readonly string[]> {
  const backup = () => stage.run('vmware-vsphere/vm-backup', { vm: 'DC0/vm/erp-db' })
  stage.chapter('A VM with two disks on a simulated vCenter Server, and an empty vault')
  vsphere.write(vmId, 400)
  stage.chapter('A full backup')
  const full = await backup()
  stage.chapter('The guest goes on writing; an incremental backup')
  vsphere.write(vmId, 40)
  const incremental = await backup()
  const then = vsphere.disks(vmId).map((disk) => disk.freeze())
  vsphere.write(vmId, 40)

  stage.chapter('The second point restored into a new VM')
  const restored = await stage.run('vmware-vsphere/vm-restore', { pointId: incremental.pointId ?? '' })

  stage.chapter('What came of it')
  const disks = vsphere.disks(String(restored.vmId))
  const problems = then.flatMap((held, index) => {
    const now = disks[index]
    if (!now || !isEqual(now, held)) return [`disk ${index}: differs from what it was at the snapshot`]
    stage.say(`disk ${index}: every byte of the restored disk equals the snapshot's`)
    return []
  })
  stage.say(`the vault holds ${formatSize(await stage.vaultBytes())}, for two points`)
  const lost = [...vsphere.leaks(), ...vsphere.violations]
  if (lost.length === 0) stage.say('the server holds no snapshot, no lease and no delta disk')
  stage.say('')
  stage.say(movedLine('full', [full], SIZES_BYTES))
  stage.say(movedLine('incremental', [incremental], SIZES_BYTES))
  return [...problems, ...lost]
}
