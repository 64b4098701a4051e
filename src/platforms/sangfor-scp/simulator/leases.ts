// Backup resources: leases on a VM's disks that count down, cut their readers when they end, and then are gone. [S4, S5, S6, S22, S26]
import type { JsonObject } from '../../../values/index.ts'
import { cutClones } from './hot-add.ts'
import { type Lease, type LeaseStatus, Refusal, type Vm, type World } from './model.ts'

/** Ids hold a colon. */
export const newLeaseId = (world: World): string => `${world.newId()}:${world.newId()}`

const isLive = ({ status }: Lease): boolean => status === 'pending' || status === 'running'

/** Granted and not ended. */
export const leasesOn = (world: World, serverId: string): Lease[] =>
  [...world.leases.values()].filter((lease) => lease.serverId === serverId && isLive(lease))

export const liveLeases = (world: World): Lease[] => [...world.leases.values()].filter(isLive)

export function grantLease(world: World, vm: Vm, id: string, type: Lease['type'], lockSeconds: number): void {
  if (leasesOn(world, vm.id).length > 0)
    throw new Refusal(400, 'The virtual machine is occupied by another backup or recovery task.')
  if (type === 'restore' && vm.status !== 'stopped') throw new Refusal(400, 'The virtual machine must be powered off.')
  // Whatever is written now, tracking does not see it as the guest's own.
  if (type === 'restore') vm.tracking.expired = true
  const lease: Lease = {
    id,
    serverId: vm.id,
    type,
    hostId: vm.hostId,
    status: hasSlot(world, vm.hostId) ? 'running' : 'pending',
    untilMs: world.clock.now() + lockSeconds * 1000,
    cut: new AbortController(),
  }
  world.leases.set(id, lease)
  watchEnd(world, lease)
}

const hasSlot = (world: World, hostId: string): boolean =>
  [...world.leases.values()].filter((lease) => lease.hostId === hostId && lease.status === 'running').length <
  world.behaviour.leasesPerHost

function watchEnd(world: World, lease: Lease): void {
  world.clock.at(lease.untilMs + 1, () => {
    if (!isLive(lease)) return
    if (world.clock.now() > lease.untilMs) endLease(world, lease, 'expired')
    else watchEnd(world, lease)
  })
}

/** From now, not added: what is left is exactly this. */
export function renewLease(world: World, id: string, lockSeconds: number): void {
  const lease = world.leases.get(id)
  if (!lease || !isLive(lease)) throw new Refusal(400, 'The backup resource lease has ended.')
  lease.untilMs = world.clock.now() + lockSeconds * 1000
  watchEnd(world, lease)
}

/** Cuts readers and writers; the status answers for a while, then nothing does. */
export function endLease(world: World, lease: Lease, status: LeaseStatus): void {
  if (!isLive(lease)) return
  lease.status = status
  lease.cut.abort()
  if (lease.type === 'backup') cutClones(world, lease.serverId)
  if (status === 'released') world.leases.delete(lease.id)
  else world.clock.at(world.clock.now() + world.behaviour.endedLeaseMs, () => world.leases.delete(lease.id))
  startWaiting(world, lease.hostId)
}

function startWaiting(world: World, hostId: string): void {
  for (const lease of world.leases.values()) {
    if (lease.hostId === hostId && lease.status === 'pending' && hasSlot(world, hostId)) lease.status = 'running'
  }
}

export function leaseOf(world: World, id: string): Lease {
  const lease = world.leases.get(id)
  if (!lease) throw new Refusal(404, `The backup resource ${id} does not exist.`)
  return lease
}

export const describeLease = (world: World, lease: Lease): JsonObject => ({
  server_id: lease.serverId,
  type: lease.type,
  status: lease.status,
  remain_time: Math.floor((lease.untilMs - world.clock.now()) / 1000),
  ca_cert: world.certificate,
  host_id: lease.hostId,
})
