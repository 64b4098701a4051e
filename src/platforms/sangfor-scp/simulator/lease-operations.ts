// Operations on backup resources.
import { describeLease, endLease, grantLease, leaseOf, liveLeases, newLeaseId, renewLease } from './leases.ts'
import { type Lease, Refusal } from './model.ts'
import { type Operations, ok, task } from './operation.ts'
import { vmOf } from './vms.ts'

export const leaseOperations: Operations = {
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
