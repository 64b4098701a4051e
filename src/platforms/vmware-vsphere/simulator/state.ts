// What the platform holds, as plain data for tests and people.
import type { JsonObject } from '../../../values/index.ts'
import type { World } from './model.ts'

export function describeState(world: World): JsonObject {
  const { clock, vms, snapshots, tasks, leases } = world
  clock.settle()
  return {
    now: new Date(clock.now()).toISOString(),
    vms: [...vms.values()].map(({ id, name, powerState, toolsRunning, trackingWanted, consolidationNeeded, guest }) => ({
      id,
      name,
      powerState,
      toolsRunning,
      trackingWanted,
      consolidationNeeded,
      frozen: guest.frozen,
    })),
    snapshots: [...snapshots.values()].map(({ id, name, vmId, quiesced }) => ({ id, name, vmId, quiesced })),
    leases: [...leases.values()].map(({ id, vmId, state }) => ({ id, vmId, state })),
    tasks: [...tasks.values()].map(({ id, operation, state }) => ({ id, operation, state })),
  }
}

/** One line each; none when everything was let go. */
export function leaksOf({ clock, vms, snapshots, leases }: World): string[] {
  clock.settle()
  return [
    ...[...snapshots.values()]
      .filter(({ name }) => name.startsWith('holdfast-'))
      .map(({ name, id }) => `snapshot ${name} (${id})`),
    ...[...leases.values()].filter(({ state }) => state === 'initializing' || state === 'ready').map(({ id }) => `export ${id}`),
    ...[...vms.values()].filter(({ guest }) => guest.frozen).map(({ name }) => `the application in ${name} is frozen`),
    ...[...vms.values()].filter(({ consolidationNeeded }) => consolidationNeeded).map(({ name }) => `delta disks of ${name}`),
  ]
}
