// What each API operation does on the simulated platform, by operationId. HTTP, logins and envelopes are not known here.
import type { JsonObject } from '../../../values/index.ts'
import { describeLease, endLease, grantLease, leaseOf, leasesOn, liveLeases, newLeaseId, renewLease } from './leases.ts'
import { type Group, type Lease, Refusal, type Vm, type World } from './model.ts'
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
import { describeTask, isUnderWay, startTask } from './tasks.ts'
import { changedAreas, disableTracking, enableTracking, resetTracking, trackingStatus } from './tracking.ts'
import { detail, listed, visibleVms, vmFromConfig, vmOf } from './vms.ts'

/** Already validated against the operation's schema. */
export interface OperationCall {
  readonly operationId: string
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: JsonObject
}

/** `data` of the envelope; a page is cut from `items` by the caller. No data: an answer without a body. */
export type OperationAnswer =
  | { readonly status: 200 | 201; readonly data: JsonObject | readonly JsonObject[] }
  | { readonly status: 200; readonly items: readonly JsonObject[] }
  | { readonly status: 204 }

type Operation = (world: World, call: OperationCall) => OperationAnswer

const ok = (data: JsonObject | readonly JsonObject[]): OperationAnswer => ({ status: 200, data })
const created = (data: JsonObject): OperationAnswer => ({ status: 201, data })
const pages = (items: readonly JsonObject[]): OperationAnswer => ({ status: 200, items })
const listOf = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(','))
const vmIn = (world: World, { path }: OperationCall): Vm => vmOf(world, path.server_id ?? '')

export const operations: Readonly<Record<string, Operation>> = {
  // ---- locating things ----
  listAzs: ({ azId }) => pages([{ id: azId, name: 'pool-1', type: 'hci' }]),

  listHosts: ({ hosts, azId, clusterId }) =>
    pages(hosts.map((host) => ({ ...host, ip: '127.0.0.1', status: 'running', az_id: azId, cluster_id: clusterId }))),

  listStorages: ({ storages, azId, clusterId }) =>
    pages(
      [...storages.values()].map(({ id, name, type, hostIds }) => ({
        id,
        name,
        type,
        status: 'ok',
        shared: 1,
        az_id: azId,
        cluster_id: clusterId,
        host_ids: hostIds,
        total_mb: 8_000_000,
        used_mb: 2_000_000,
      })),
    ),

  listServers: (world, { query }) => {
    const ids = listOf(query.ids)
    const found = visibleVms(world).filter(
      (vm) =>
        (ids.length === 0 || ids.includes(vm.id)) &&
        (query.query_name === undefined || vm.name.includes(query.query_name)) &&
        (query.host_id === undefined || vm.hostId === query.host_id),
    )
    return pages(found.map((vm) => listed(world, vm)))
  },

  getServer: (world, call) => ok(detail(world, vmIn(world, call))),

  getTask: (world, { path }) => {
    const task = world.tasks.get(path.task_id ?? '')
    if (!task) throw new Refusal(404, 'The task does not exist.')
    return ok(describeTask(world, task))
  },

  listTasks: (world, { query }) => {
    const found = [...world.tasks.values()].filter((task) => query.object_id === undefined || task.objectId === query.object_id)
    const described = found.map((task) => {
      // In the list the id goes by another name.
      const { task_id, ...rest } = describeTask(world, task)
      return { id: task_id, ...rest }
    })
    return pages(described.filter((task) => query.status === undefined || task.status === query.status))
  },

  // ---- power and life of a VM ----
  startServer: (world, call) => {
    const vm = vmIn(world, call)
    if (leasesOn(world, vm.id).some((lease) => lease.type === 'restore')) throw new Refusal(400, 'The disks are being restored.')
    return created(task(world, call, 'start', vm.id, () => setPower(vm, 'running')))
  },

  stopServer: (world, call) => {
    const vm = vmIn(world, call)
    return created(task(world, call, 'stop', vm.id, () => setPower(vm, 'stopped')))
  },

  deleteServer: (world, call) => {
    const vm = vmIn(world, call)
    if (leasesOn(world, vm.id).length > 0) throw new Refusal(400, 'The virtual machine is occupied by a backup or recovery task.')
    startTask(world, {
      operation: call.operationId,
      action: 'delete',
      objectId: vm.id,
      effect: () => void world.vms.delete(vm.id),
    })
    return { status: 204 }
  },

  createServerFromConfig: (world, call) => {
    const uuid = world.newId()
    const { task_id } = task(world, call, 'create', uuid, () => void world.vms.set(uuid, vmFromConfig(world, uuid, call.body)))
    return ok({ task_id, uuid })
  },

  // ---- changed-block tracking ----
  getCbtStatus: (world, call) => ok(trackingStatus(vmIn(world, call))),

  setCbtStatus: (world, call) => {
    const vm = vmIn(world, call)
    const { type, disk_ids: diskIds } = call.body as { type: string; disk_ids?: string[] }
    const effect = () => {
      if (type === 'enable') enableTracking(vm, diskIds)
      else if (type === 'disable') disableTracking(vm, diskIds)
      else resetTracking(vm)
    }
    return ok(task(world, call, `cbt_${type}`, vm.id, effect))
  },

  listChangedAreas: (world, call) => {
    const vm = vmIn(world, call)
    const { member } = memberOf(world, vm, call.query.snapshot_id ?? '')
    return ok(
      changedAreas(vm, member, {
        diskId: call.query.disk_id ?? '',
        since: BigInt(call.query.checkpoint_id ?? '0'),
        startOffset: Number(call.query.start_offset),
        pageBytes: world.behaviour.bitmapPageBytes,
      }),
    )
  },

  // ---- snapshots ----
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

  // ---- consistency groups ----
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

  // ---- leases ----
  createBackupResource: (world, call) => {
    const { server_id, type, lock_time } = call.body as { server_id: string; type: Lease['type']; lock_time: number }
    const vm = vmOf(world, server_id)
    const id = newLeaseId(world)
    const { task_id } = task(world, call, 'create_backup_resource', vm.id, () => grantLease(world, vm, id, type, lock_time))
    return ok({ task_id, resource_id: id })
  },

  listBackupResources: (world, { query }) => {
    const found = liveLeases(world).filter((lease) => lease.serverId === query.server_id)
    return ok(found.map((lease) => ({ resource_id: lease.id, ...describeLease(world, lease) })))
  },

  getBackupResource: (world, call) => ok(describeLease(world, leaseOf(world, call.path.resource_id ?? ''))),

  renewBackupResource: (world, call) => {
    const lease = leaseOf(world, call.path.resource_id ?? '')
    if (lease.status !== 'running' && lease.status !== 'pending') throw new Refusal(404, 'The backup resource has ended.')
    const { lock_time } = call.body as { lock_time: number }
    return ok(task(world, call, 'renew_backup_resource', lease.serverId, () => renewLease(world, lease.id, lock_time)))
  },

  deleteBackupResource: (world, call) => {
    const lease = leaseOf(world, call.path.resource_id ?? '')
    return ok(task(world, call, 'delete_backup_resource', lease.serverId, () => endLease(world, lease, 'released')))
  },

  getBackupSupports: (world, { query }) => {
    vmOf(world, query.server_id ?? '')
    return ok({ transport_modes: world.behaviour.transports, versions: ['6.11.1'] })
  },
}

const task = (world: World, { operationId: operation }: OperationCall, action: string, objectId: string, effect: () => void) => ({
  task_id: startTask(world, { operation, action, objectId, effect }),
})

function setPower(vm: Vm, status: Vm['status']): void {
  vm.status = status
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

export const isBusy = (world: World): boolean => [...world.tasks.values()].some(isUnderWay)
