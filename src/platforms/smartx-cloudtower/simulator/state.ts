// What the platform holds, as plain data for tests and people.
import type { JsonObject } from '../../../values/index.ts'
import type { World } from './model.ts'
import { snapshotsOf } from './snapshots.ts'
import { describeTask } from './tasks.ts'

export function describeState(world: World): JsonObject {
  const { clock, vms, snapshots, volumes, tasks } = world
  clock.settle()
  return {
    now: new Date(clock.now()).toISOString(),
    vms: [...vms.values()].map(({ id, name, status, toolsStatus, disks }) => ({
      id,
      name,
      status,
      toolsStatus,
      volumes: disks.map(({ volumeId }) => volumeId),
    })),
    snapshots: [...snapshots.values()].map(({ id, name, vmId, consistent, asyncStatus }) => ({
      id,
      name,
      vmId,
      consistent,
      asyncStatus,
    })),
    volumes: [...volumes.values()].map(({ id, name, content, asyncStatus }) => ({
      id,
      name,
      sizeBytes: content.sizeBytes,
      asyncStatus,
    })),
    tasks: [...tasks.values()].map(describeTask),
  }
}

/** One line each; none when everything was let go but one snapshot of each VM, the base of its next incremental. */
export function leaksOf(world: World): string[] {
  world.clock.settle()
  const owners = new Set([...world.snapshots.values()].map(({ vmId }) => vmId))
  return [
    ...[...owners].flatMap((vmId) =>
      snapshotsOf(world, vmId)
        .slice(0, -1)
        .map(({ name, id }) => `snapshot ${name} (${id}) beside a newer one`),
    ),
    ...[...world.snapshots.values()]
      .filter(({ asyncStatus }) => asyncStatus === 'CREATING')
      .map(({ name, id }) => `snapshot ${name} (${id}), never finished`),
    ...[...world.volumes.values()]
      .filter(({ id }) => ![...world.vms.values()].some(({ disks }) => disks.some(({ volumeId }) => volumeId === id)))
      .map(({ name, id }) => `volume ${name} (${id}) of no VM`),
  ]
}
