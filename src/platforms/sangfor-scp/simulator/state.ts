// What the platform holds, as plain data for tests and people.
import { existsSync, readdirSync } from 'node:fs'
import type { JsonObject } from '../../../values/index.ts'
import { liveLeases } from './leases.ts'
import type { World } from './model.ts'
import { describeTask, isUnderWay } from './tasks.ts'

export function describeState(world: World): JsonObject {
  const { clock, vms, groups, snapshots, tasks, hotAdded } = world
  clock.settle()
  return {
    now: new Date(clock.now()).toISOString(),
    rate: clock.rate,
    vms: [...vms.values()].map((vm) => ({
      id: vm.id,
      name: vm.name,
      status: vm.status,
      storageId: vm.storageId,
      disks: vm.disks.map(({ id, disk, trackedSince }) => ({
        id,
        sizeBytes: disk.sizeBytes,
        tracked: trackedSince !== undefined,
      })),
    })),
    groups: [...groups.values()].map(({ id, name, description, serverIds }) => ({ id, name, description, serverIds })),
    snapshots: [...snapshots.values()].map(({ id, name, groupId, members }) => ({
      id,
      name,
      ...(groupId === undefined ? {} : { groupId }),
      serverIds: [...members.keys()],
      checkpoints: Object.fromEntries([...members].map(([serverId, { checkpoint }]) => [serverId, checkpoint.toString()])),
    })),
    leases: liveLeases(world).map(({ id, serverId, type, status, untilMs }) => ({
      id,
      serverId,
      type,
      status,
      remainingSeconds: Math.floor((untilMs - clock.now()) / 1000),
    })),
    hotAddedDisks: hotAdded.map((disk) => ({ ...disk })),
    tasks: [...tasks.values()].map((task) => describeTask(world, task)),
  }
}

const filesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : [])

/** One line each; none when everything was let go. */
export function leaksOf(world: World): string[] {
  world.clock.settle()
  return [
    ...[...world.snapshots.values()].map(({ name, id }) => `snapshot ${name} (${id})`),
    ...liveLeases(world).map(({ id, serverId, type }) => `${type} lease ${id} on ${world.vms.get(serverId)?.name ?? serverId}`),
    ...world.hotAdded.map(({ id, proxyId }) => `hot-added disk ${id} on ${proxyId}`),
    ...[...world.startedProxies].map((id) => `proxy ${world.vms.get(id)?.name ?? id} still powered on`),
    ...[...world.storages.values()].filter(({ exportPath }) => exportPath).map(({ name }) => `NFS storage ${name} attached`),
    ...[...world.vms.values()].filter(({ backing }) => backing.length > 0).map(({ name }) => `${name} runs from NFS, not merged`),
    ...filesIn(world.nfsFolder).map((name) => `folder ${name} on NFS`),
    ...world.mishaps,
    ...[...world.tasks.values()].filter(isUnderWay).map(({ id, action }) => `task ${action} (${id}) under way`),
  ]
}
