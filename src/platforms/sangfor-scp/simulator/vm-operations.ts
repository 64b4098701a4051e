// Operations on VMs: finding them, power, life and death, tracking their changes.
import { leasesOn } from './leases.ts'
import { Refusal } from './model.ts'
import { created, listOf, type Operations, ok, pages, task, vmIn } from './operation.ts'
import { powerOff, powerOn } from './power.ts'
import { memberOf } from './snapshots.ts'
import { changedAreas, disableTracking, enableTracking, resetTracking, trackingStatus } from './tracking.ts'
import { configure, detail, listed, visibleVms, vmFromConfig } from './vms.ts'

export const vmOperations: Operations = {
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

  startServer: (world, call) => {
    const vm = vmIn(world, call)
    if (leasesOn(world, vm.id).some((lease) => lease.type === 'restore')) throw new Refusal(400, 'The disks are being restored.')
    return created(task(world, call, 'start', vm.id, () => powerOn(world, vm)))
  },

  stopServer: (world, call) => {
    const vm = vmIn(world, call)
    return created(task(world, call, 'stop', vm.id, () => powerOff(world, vm)))
  },

  deleteServer: (world, call) => {
    const vm = vmIn(world, call)
    if (leasesOn(world, vm.id).length > 0) throw new Refusal(400, 'The virtual machine is occupied by a backup or recovery task.')
    task(world, call, 'delete', vm.id, () => void world.vms.delete(vm.id))
    return { status: 204 }
  },

  createServerFromConfig: (world, call) => {
    const uuid = world.newId()
    const { task_id } = task(world, call, 'create', uuid, () => void world.vms.set(uuid, vmFromConfig(world, uuid, call.body)))
    return ok({ task_id, uuid })
  },

  changeServerConfig: (world, call) => {
    const vm = vmIn(world, call)
    return ok(task(world, call, 'edit', vm.id, () => configure(vm, call.body)))
  },

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
}
