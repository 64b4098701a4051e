// Export leases: the files of a snapshot's disks, for as long as somebody says that he goes on. Meanwhile the VM is held. [W14–W16]
import type { JsonObject } from '../../../values/index.ts'
import { gone, type Lease, reference, type Snapshot, VimFault, vmOf, type World } from './model.ts'
import { checkFree } from './tasks.ts'

export const LEASE_TIMEOUT_MS = 300_000

export function exportSnapshot(world: World, snapshot: Snapshot): JsonObject {
  const vm = vmOf(world, snapshot.vmId)
  checkFree(vm)
  const lease: Lease = {
    id: `session-${world.newNumber()}`,
    vmId: vm.id,
    snapshotId: snapshot.id,
    state: 'initializing',
    expiresAt: 0,
    gone: new AbortController(),
  }
  world.leases.set(lease.id, lease)
  vm.heldBy = lease.id
  world.clock.at(world.clock.now() + world.behaviour.leaseReadyMs, () => {
    if (lease.state === 'initializing') lease.state = 'ready'
  })
  extend(world, lease)
  return reference('HttpNfcLease', lease.id)
}

function extend(world: World, lease: Lease): void {
  const { clock } = world
  lease.expiresAt = clock.now() + LEASE_TIMEOUT_MS
  clock.at(lease.expiresAt, () => {
    if (lease.expiresAt <= clock.now() && isOpen(lease)) end(world, lease, 'error')
  })
}

const isOpen = ({ state }: Lease): boolean => state === 'initializing' || state === 'ready'

export function end(world: World, lease: Lease, state: 'done' | 'error'): void {
  lease.state = state
  lease.gone.abort()
  const vm = world.vms.get(lease.vmId)
  if (vm?.heldBy === lease.id) vm.heldBy = undefined
}

export function leaseOf({ leases }: World, id: string): Lease {
  const lease = leases.get(id)
  if (!lease) throw gone('HttpNfcLease', id)
  return lease
}

/** Progress, complete and abort are for a lease that is open. */
function open(world: World, id: string): Lease {
  const lease = leaseOf(world, id)
  if (isOpen(lease)) return lease
  if (lease.state === 'error' && lease.expiresAt <= world.clock.now()) {
    throw new VimFault('Timedout', 'The lease has timed out.')
  }
  throw new VimFault('InvalidState', `The lease is ${lease.state}.`)
}

export const renew = (world: World, id: string): undefined => void extend(world, open(world, id))

export const complete = (world: World, id: string): undefined => void end(world, open(world, id), 'done')

export function abort(world: World, id: string): undefined {
  const lease = leaseOf(world, id)
  if (!isOpen(lease)) throw new VimFault('InvalidState', `The lease is ${lease.state}.`)
  return void end(world, lease, 'error')
}

export function describeLease(world: World, id: string): JsonObject | undefined {
  const lease = leaseOf(world, id)
  const snapshot = world.snapshots.get(lease.snapshotId)
  const vm = world.vms.get(lease.vmId)
  if (lease.state !== 'ready' || !snapshot || !vm) return undefined
  const held = vm.disks.filter(({ key }) => snapshot.disks.has(key))
  return {
    _typeName: 'HttpNfcLeaseInfo',
    lease: reference('HttpNfcLease', id),
    entity: reference('VirtualMachineSnapshot', snapshot.id),
    deviceUrl: held.map(({ key, controllerKey, unitNumber }, index) => {
      const controller = vm.controllers.find((each) => each.key === controllerKey)
      return {
        _typeName: 'HttpNfcLeaseDeviceUrl',
        key: `/${vm.id}/${controller?.typeName}${controller?.busNumber}:${unitNumber}`,
        importKey: '',
        url: `${world.nfcUrl}/nfc/${id}/${key}.vmdk`,
        sslThumbprint: '',
        disk: true,
        targetId: `disk-${index}.vmdk`,
      }
    }),
    totalDiskCapacityInKB: held.reduce((sum, { content }) => sum + content.sizeBytes / 1024, 0),
    leaseTimeout: LEASE_TIMEOUT_MS / 1000,
  }
}
