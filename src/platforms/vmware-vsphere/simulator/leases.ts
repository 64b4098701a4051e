// Leases: the files of a snapshot's disks, or places for those of a VM that is imported, for as long as somebody says that he goes on.
// Meanwhile the VM is held. [W14–W16, W18]
import type { JsonObject } from '../../../values/index.ts'
import { gone, type Lease, type LeaseOf, reference, type Snapshot, VimFault, type Vm, vmOf, type World } from './model.ts'
import { checkFree } from './tasks.ts'

export const LEASE_TIMEOUT_MS = 300_000

export function exportSnapshot(world: World, snapshot: Snapshot): JsonObject {
  const vm = vmOf(world, snapshot.vmId)
  checkFree(vm)
  return begin(world, vm, { kind: 'export', snapshotId: snapshot.id })
}

/** The VM is there from now on, and goes again unless the lease is completed. [W18] */
export function importVm(world: World, vm: Vm, devices: ReadonlyMap<string, number>): JsonObject {
  world.vms.set(vm.id, vm)
  return begin(world, vm, { kind: 'import', devices })
}

function begin(world: World, vm: Vm, of: LeaseOf): JsonObject {
  const lease: Lease = {
    id: `session-${world.newNumber()}`,
    vmId: vm.id,
    of,
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
  if (lease.of.kind === 'import' && state === 'error') world.vms.delete(lease.vmId)
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
  const vm = world.vms.get(lease.vmId)
  if (lease.state !== 'ready' || !vm) return undefined
  if (lease.of.kind === 'import') return describeImport(world, lease, vm, lease.of.devices)
  const snapshot = world.snapshots.get(lease.of.snapshotId)
  if (!snapshot) return undefined
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

function describeImport({ nfcUrl }: World, { id }: Lease, vm: Vm, devices: ReadonlyMap<string, number>): JsonObject {
  return {
    _typeName: 'HttpNfcLeaseInfo',
    lease: reference('HttpNfcLease', id),
    entity: reference('VirtualMachine', vm.id),
    deviceUrl: [...devices].map(([importKey, key], index) => ({
      _typeName: 'HttpNfcLeaseDeviceUrl',
      key: `/${vm.id}/${key}`,
      importKey,
      url: `${nfcUrl}/nfc/${id}/${key}.vmdk`,
      sslThumbprint: '',
      disk: true,
      targetId: `disk-${index}.vmdk`,
    })),
    totalDiskCapacityInKB: vm.disks.reduce((sum, { content }) => sum + content.sizeBytes / 1024, 0),
    leaseTimeout: LEASE_TIMEOUT_MS / 1000,
  }
}
