// The two calls on a proxy's disks. Their paths and bodies are assumed; the rules that they keep are the seed's.
import { hotAddedTo, plug, unplug } from './hot-add.ts'
import { leasesOn } from './leases.ts'
import { type HotAddedDisk, Refusal, type Vm, type World } from './model.ts'
import { type OperationAnswer, type OperationCall, type Operations, task, vmIn } from './operation.ts'
import { memberOf } from './snapshots.ts'
import { isUnderWay } from './tasks.ts'
import { DISK_IDS } from './vm-spec.ts'
import { vmOf } from './vms.ts'

interface Asked {
  readonly type: 'derive_disk' | 'exist_disk'
  readonly source_server_id: string
  readonly snapshot_id?: string
  readonly disk_id: string
}

export const hotAddOperations: Operations = {
  addServerDisks: (world, call) => {
    const proxy = vmIn(world, call)
    const { disks: asked } = call.body as unknown as { disks: Asked[] }
    // S8
    if (proxy.status !== 'running') throw new Refusal(400, 'Disks can be hot-added to a running virtual machine only.')
    const taken = [...proxy.disks, ...hotAddedTo(world, proxy.id)].map(({ id }) => id)
    const free = DISK_IDS.filter((id) => !taken.includes(id)).slice(0, Math.max(0, world.behaviour.maxDisks - taken.length))
    // S9: all or none.
    if (asked.length > free.length) throw new Refusal(400, 'The virtual machine has reached its maximum number of disks.')
    const disks = asked.map((disk, index) => hotAdded(world, proxy, disk, free[index] ?? ''))
    const answer = alone(world, call, proxy, 'hot_add', () => {
      checkReach(world, proxy, disks)
      checkLeases(world, disks)
      for (const disk of disks) plug(world, disk)
    })
    return answered({ ...answer, disks: disks.map(({ id, diskId }) => ({ id, disk_id: diskId })) })
  },

  actOnServerDisks: (world, call) => {
    const proxy = vmIn(world, call)
    const { disk_ids: ids } = call.body as unknown as { disk_ids: string[] }
    const disks = ids.map((id) => {
      const found = hotAddedTo(world, proxy.id).find((disk) => disk.id === id)
      if (!found) throw new Refusal(404, `The virtual machine has no hot-added disk ${id}.`)
      return found
    })
    return answered(
      alone(world, call, proxy, 'hot_remove', () => {
        for (const disk of disks) unplug(world, disk)
      }),
    )
  },
}

const answered = (data: { task_id: string; disks?: { id: string; disk_id: string }[] }): OperationAnswer => ({
  status: 200,
  data,
})

function hotAdded(world: World, proxy: Vm, { type, source_server_id, snapshot_id, disk_id }: Asked, id: string): HotAddedDisk {
  const vm = vmOf(world, source_server_id)
  const clone = type === 'derive_disk'
  if (clone !== (snapshot_id !== undefined)) throw new Refusal(400, 'A linked clone is of a snapshot, a disk itself is of none.')
  const kept = snapshot_id === undefined ? undefined : memberOf(world, vm, snapshot_id).member.disks.get(disk_id)?.frozen
  const disk = clone ? kept : vm.disks.find((each) => each.id === disk_id)?.disk
  if (!disk) throw new Refusal(404, `The virtual machine ${vm.name} has no disk ${disk_id}.`)
  const of = { proxyId: proxy.id, id, serverId: vm.id, diskId: disk_id, sizeBytes: disk.sizeBytes }
  return snapshot_id === undefined ? of : { ...of, snapshotId: snapshot_id }
}

/** S7: accepted always; while another such task is under way on the proxy, it fails. */
function alone(world: World, call: OperationCall, proxy: Vm, action: string, effect: () => void) {
  // One that is stuck for good holds nobody up, or nobody could ever let go of the disks.
  const isBusy = [...world.tasks.values()].some(
    (other) =>
      isUnderWay(other) && Number.isFinite(other.endsAt) && other.objectId === proxy.id && other.action.startsWith('hot_'),
  )
  return task(world, call, action, proxy.id, () => {
    if (isBusy) throw new Refusal(400, 'Another HotAdd task is under way on the virtual machine.')
    if (proxy.status !== 'running') throw new Refusal(400, 'The virtual machine was powered off.')
    effect()
  })
}

/** No running lease, no data. */
function checkLeases(world: World, disks: readonly HotAddedDisk[]): void {
  for (const { serverId, snapshotId } of disks) {
    const type = snapshotId === undefined ? 'restore' : 'backup'
    if (leasesOn(world, serverId).some((lease) => lease.type === type && lease.status === 'running')) continue
    throw new Refusal(400, `The virtual machine ${serverId} has no running backup resource of type ${type}.`)
  }
}

/** S10 */
function checkReach({ storages, vms }: World, proxy: Vm, disks: readonly HotAddedDisk[]): void {
  for (const { serverId, diskId } of disks) {
    const storageId = vms.get(serverId)?.disks.find(({ id }) => id === diskId)?.storageId ?? ''
    if (!storages.get(storageId)?.hostIds.includes(proxy.hostId)) {
      throw new Refusal(400, `The host of the proxy cannot reach the datastore ${storageId}.`)
    }
  }
}
