// Snapshots of VMs: taken at one instant over all disks, with a LUN snapshot under each of them.
import type { JsonObject } from '../../../values/index.ts'
import { Refusal, type Snapshot, type Vm, type World } from './model.ts'
import { startTask } from './tasks.ts'

export function takeSnapshot(world: World, vm: Vm, name: string, consistent: Snapshot['consistent']): JsonObject {
  const { snapshots, clock, behaviour } = world
  const snapshot: Snapshot = {
    id: world.newId(),
    localId: `placeholder-${world.newId()}`,
    asyncStatus: 'CREATING',
    name,
    vmId: vm.id,
    vm: { ...vm, disks: [...vm.disks] },
    consistent,
    disks: [],
    lunsVisibleAt: Number.POSITIVE_INFINITY,
    gone: new AbortController(),
  }
  const seenBefore = snapshotsOf(world, vm.id).filter(({ disks }) => disks.length > 0)
  snapshots.set(snapshot.id, snapshot)
  return startTask(world, {
    operation: 'createVmSnapshot',
    on: [snapshot, vm],
    status: 'CREATING',
    effect: () => {
      if (behaviour.full) throw new Refusal(500, '{"ec":"EAllocSpace","message":"no space"}')
      // [X12]
      if (consistent === 'FILE_SYSTEM_CONSISTENT' && vm.toolsStatus !== 'RUNNING')
        throw new Refusal(400, 'VMTools is not running.')
      // Without locks the whole state is written as this call read it: what came in between is lost. [X7]
      const lost = snapshotsOf(world, vm.id).filter((other) => other.disks.length > 0 && !seenBefore.includes(other))
      if (!behaviour.locks) for (const { id } of lost) remove(world, id)
      freeze(world, snapshot, vm)
      snapshot.lunsVisibleAt = clock.now() + behaviour.lunLagMs
    },
    undo: () => {
      if (!behaviour.failedLeavesPlaceholder) snapshots.delete(snapshot.id)
    },
  })
}

function freeze(world: World, snapshot: Snapshot, vm: Vm): void {
  snapshot.localId = world.newId()
  snapshot.disks = vm.disks.flatMap((disk) => {
    const volume = world.volumes.get(disk.volumeId)
    if (!volume) return []
    return [
      {
        ...disk,
        volumeLocalId: volume.localId,
        lunSnapshotId: world.newId(),
        lunSnapshotName: world.newId(),
        zbsId: world.newId(),
        frozen: volume.content.freeze(),
      },
    ]
  })
}

/** The LUN snapshots go with it. */
export function deleteSnapshot(world: World, id: string): JsonObject {
  const snapshot = world.snapshots.get(id)
  if (!snapshot) throw new Refusal(404, `There is no snapshot ${id}.`)
  const vm = world.vms.get(snapshot.vmId)
  return startTask(world, {
    operation: 'deleteVmSnapshot',
    on: vm ? [snapshot, vm] : [snapshot],
    status: 'DELETING',
    effect: () => remove(world, id),
  })
}

export const snapshotsOf = ({ snapshots }: World, vmId: string): Snapshot[] =>
  [...snapshots.values()].filter((snapshot) => snapshot.vmId === vmId)

const DELETED_KEPT = 16

export function remove({ snapshots, deletedSnapshots }: World, id: string): void {
  const snapshot = snapshots.get(id)
  if (!snapshot) return
  snapshots.delete(id)
  snapshot.gone.abort()
  deletedSnapshots.push(snapshot)
  if (deletedSnapshots.length > DELETED_KEPT) deletedSnapshots.shift()
}
