// Snapshots of VMs and of consistency groups: taken copy-on-write at one instant, with each member's checkpoint and configuration.
import type { JsonObject } from '../../../values/index.ts'
import { endLease, leasesOn } from './leases.ts'
import { type Group, type MemberSnapshot, Refusal, type Snapshot, type Vm, type World } from './model.ts'
import { takeCheckpoint } from './tracking.ts'
import { configOf, isInSnapshots } from './vms.ts'

interface SnapshotPlan {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly groupId?: string
}

export function takeSnapshot(world: World, vms: readonly Vm[], plan: SnapshotPlan): void {
  const createdAt = world.clock.now()
  const members = new Map(vms.map((vm) => [vm.id, freeze(vm)]))
  world.snapshots.set(plan.id, { ...plan, createdAt, visibleAt: createdAt + world.behaviour.visibleAfterMs, members })
}

function freeze(vm: Vm): MemberSnapshot {
  const disks = new Map(
    vm.disks
      .filter(isInSnapshots)
      .map(({ id, disk, trackedSince }) => [
        id,
        { frozen: disk.freeze(), ...(trackedSince === undefined ? {} : { version: vm.tracking.version }) },
      ]),
  )
  return { checkpoint: takeCheckpoint(vm), quiesced: vm.quiesces, config: configOf(vm), files: new Map(vm.files), disks }
}

const isVisible = (world: World, snapshot: Snapshot): boolean => snapshot.visibleAt <= world.clock.now()

export const snapshotsOfVm = (world: World, vm: Vm): Snapshot[] =>
  [...world.snapshots.values()].filter((snapshot) => snapshot.members.has(vm.id) && isVisible(world, snapshot))

export const snapshotsOfGroup = (world: World, group: Group): Snapshot[] =>
  [...world.snapshots.values()].filter((snapshot) => snapshot.groupId === group.id && isVisible(world, snapshot))

/** One VM's part of a snapshot. */
export function memberOf(world: World, vm: Vm, snapshotId: string): { snapshot: Snapshot; member: MemberSnapshot } {
  const snapshot = world.snapshots.get(snapshotId)
  const member = snapshot?.members.get(vm.id)
  if (!snapshot || !member || !isVisible(world, snapshot)) throw new Refusal(404, `The snapshot ${snapshotId} does not exist.`)
  return { snapshot, member }
}

const timeOf = (atMs: number): string => new Date(atMs).toISOString()

export const listedSnapshot = (vm: Vm, snapshot: Snapshot): JsonObject => ({
  id: snapshot.id,
  name: snapshot.name,
  description: snapshot.description,
  created_at: timeOf(snapshot.createdAt),
  type: vm.traits.internalSnapshots ? 'qcow2' : 'vs',
  status: 'normal',
  parent_id: '',
  is_latest: 0,
  is_protected: 0,
  quiesced: snapshot.members.get(vm.id)?.quiesced ? 1 : 0,
  // Here disks go by their file names; changed areas and the detail know them as ide0.
  disks: vm.disks.map(({ disk }, index) => ({ id: `vm-disk-${index + 1}.qcow2`, size: disk.sizeBytes, type: 'vs' })),
})

export const listedGroupSnapshot = (snapshot: Snapshot): JsonObject => ({
  id: snapshot.id,
  name: snapshot.name,
  created_at: timeOf(snapshot.createdAt),
  status: 'normal',
  type: 'VS',
})

export const snapshotDetail = (snapshot: Snapshot, member: MemberSnapshot): JsonObject => ({
  id: snapshot.id,
  name: snapshot.name,
  type: 'vs',
  created_at: timeOf(snapshot.createdAt),
  is_protected: 0,
  checkpoint_id: member.checkpoint.toString(),
  vmconf: member.config,
})

/** A snapshot of one VM goes only when no backup of that VM is under way. [S24] */
export function deleteVmSnapshot(world: World, vm: Vm, snapshotId: string): void {
  if (leasesOn(world, vm.id).some((lease) => lease.type === 'backup')) {
    throw new Refusal(400, 'The snapshot is being used by a backup task.')
  }
  if (world.hotAdded.some((disk) => disk.snapshotId === snapshotId)) {
    throw new Refusal(400, 'The snapshot has linked clones in a backup proxy.')
  }
  remove(world, snapshotId)
}

/** Goes even while members are being read: their reads fail then and their leases with them. [S14] */
export function deleteGroupSnapshot(world: World, snapshot: Snapshot): void {
  for (const serverId of snapshot.members.keys()) {
    for (const lease of leasesOn(world, serverId)) if (lease.type === 'backup') endLease(world, lease, 'failed')
  }
  remove(world, snapshot.id)
}

const DELETED_KEPT = 16

function remove({ snapshots, deletedSnapshots }: World, snapshotId: string): void {
  const snapshot = snapshots.get(snapshotId)
  if (!snapshot) return
  snapshots.delete(snapshotId)
  deletedSnapshots.push(snapshot)
  if (deletedSnapshots.length > DELETED_KEPT) deletedSnapshots.shift()
}

/** Content of one disk in a snapshot, one of the last deleted ones too. */
export function frozenDisk({ snapshots, deletedSnapshots }: World, snapshotId: string, serverId: string, diskId: string) {
  const snapshot = snapshots.get(snapshotId) ?? deletedSnapshots.find(({ id }) => id === snapshotId)
  return snapshot?.members.get(serverId)?.disks.get(diskId)?.frozen
}
