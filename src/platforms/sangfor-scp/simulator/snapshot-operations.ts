// Operations on snapshots, of one VM and of a consistency group.
import type { JsonObject } from '../../../values/index.ts'
import { leasesOn } from './leases.ts'
import { type Group, Refusal, type Vm, type World } from './model.ts'
import { created, listOf, type OperationCall, type Operations, ok, pages, task, vmIn } from './operation.ts'
import {
  deleteGroupSnapshot,
  deleteVmSnapshot,
  listedGroupSnapshot,
  listedSnapshot,
  memberOf,
  snapshotDetail,
  snapshotsOfGroup,
  snapshotsOfVm,
  takeSnapshot,
} from './snapshots.ts'
import { vmOf } from './vms.ts'

export const snapshotOperations: Operations = {
  createSnapshot: (world, call) => {
    const vm = vmIn(world, call)
    const { name, description = '' } = call.body as { name: string; description?: string }
    const id = world.newId()
    const { task_id } = task(world, call, 'snapshot', vm.id, () => takeSnapshot(world, [vm], { id, name, description }))
    return created({ task_id, resource_id: id })
  },

  listSnapshots: (world, call) => {
    const vm = vmIn(world, call)
    return ok(snapshotsOfVm(world, vm).map((snapshot) => listedSnapshot(vm, snapshot)))
  },

  getSnapshot: (world, call) => {
    const { snapshot, member } = memberOf(world, vmIn(world, call), call.path.snapshot_id ?? '')
    return ok(snapshotDetail(snapshot, member))
  },

  deleteSnapshot: (world, call) => {
    const vm = vmIn(world, call)
    const { snapshot } = memberOf(world, vm, call.path.snapshot_id ?? '')
    task(world, call, 'delete_snapshot', vm.id, () => deleteVmSnapshot(world, vm, snapshot.id))
    return { status: 204 }
  },

  actOnSnapshots: (world, call) => {
    const vm = vmIn(world, call)
    const { snapshot_ids: ids } = call.body as unknown as { snapshot_ids: string[] }
    for (const id of ids) memberOf(world, vm, id)
    return created(
      task(world, call, 'delete_snapshot', vm.id, () => {
        for (const id of ids) deleteVmSnapshot(world, vm, id)
      }),
    )
  },
}

export const groupOperations: Operations = {
  createConsistencyGroup: (world, call) => {
    const { name, description = '', server_ids: ids } = call.body as { name: string; description?: string; server_ids: string[] }
    checkMembers(
      world,
      ids.map((id) => vmOf(world, id)),
    )
    const id = world.newId()
    const { task_id } = task(world, call, 'create_group', id, () => {
      const visibleAt = world.clock.now() + world.behaviour.visibleAfterMs
      world.groups.set(id, { id, name, description, serverIds: ids, visibleAt })
    })
    return ok({ task_id, resource_id: id })
  },

  summarizeConsistencyGroups: (world, { query }) => {
    if (query.az_id !== world.azId) throw new Refusal(404, 'The resource pool does not exist.')
    const [groupIds, serverIds] = [listOf(query.cg_ids), listOf(query.server_ids)]
    const found = [...world.groups.values()].filter(
      (group) =>
        group.visibleAt <= world.clock.now() &&
        (groupIds.length === 0 || groupIds.includes(group.id)) &&
        (serverIds.length === 0 || group.serverIds.some((id) => serverIds.includes(id))),
    )
    return ok(found.map((group) => summaryOf(world, group)))
  },

  deleteConsistencyGroup: (world, call) => {
    const group = groupIn(world, call)
    return ok(task(world, call, 'delete_group', group.id, () => void world.groups.delete(group.id)))
  },

  createConsistencyGroupSnapshot: (world, call) => {
    const group = groupIn(world, call)
    const { name, description = '' } = call.body as { name: string; description?: string }
    // S13: the answer holds the task only; the snapshot is found by its name.
    return created(
      task(world, call, 'snapshot_group', group.id, () => {
        const vms = group.serverIds.map((serverId) => vmOf(world, serverId))
        takeSnapshot(world, vms, { id: world.newId(), name, description, groupId: group.id })
      }),
    )
  },

  listConsistencyGroupSnapshots: (world, call) => pages(snapshotsOfGroup(world, groupIn(world, call)).map(listedGroupSnapshot)),

  deleteConsistencyGroupSnapshot: (world, call) => {
    const group = groupIn(world, call)
    const snapshot = snapshotsOfGroup(world, group).find(({ id }) => id === call.path.snapshot_id)
    if (!snapshot) throw new Refusal(404, 'The snapshot does not exist.')
    const inUse = group.serverIds.some((id) => leasesOn(world, id).some((lease) => lease.type === 'backup'))
    if (inUse && world.behaviour.groupSnapshotInUse === 'refused') throw new Refusal(400, 'A member is still being backed up.')
    return ok(task(world, call, 'delete_group_snapshot', group.id, () => deleteGroupSnapshot(world, snapshot)))
  },
}

/** S12: all members on one virtual storage. */
function checkMembers({ storages }: World, vms: readonly Vm[]): void {
  if (vms.some((vm) => storages.get(vm.storageId)?.type !== 'vs')) {
    throw new Refusal(400, 'Only virtual machines on virtual storage can join a consistency group.')
  }
  if (new Set(vms.map((vm) => vm.storageId)).size > 1) {
    throw new Refusal(400, 'The virtual machines of a consistency group must be on the same virtual storage.')
  }
}

function groupIn({ groups, clock }: World, { path }: OperationCall): Group {
  const group = groups.get(path.group_id ?? '')
  if (!group || group.visibleAt > clock.now()) throw new Refusal(404, 'The consistency group does not exist.')
  return group
}

/** Members are told by both of their ids, which is why nobody may count them. */
const summaryOf = ({ vms, azId, clusterId }: World, group: Group): JsonObject => ({
  id: group.id,
  name: group.name,
  description: group.description,
  az_id: azId,
  cluster_id: clusterId,
  servers: group.serverIds.flatMap((id) => [id, vms.get(id)?.hciId ?? []].flat()),
})
