// Snapshots: taken at one instant over all disks, quiesced by VMware Tools where they run, removed with what was written meanwhile.
import type { JsonObject } from '../../../values/index.ts'
import { describeConfig } from './describe.ts'
import { freezeByTools, thawByTools } from './guest.ts'
import {
  reference,
  type Snapshot,
  type SnapshotDisk,
  snapshotOf,
  snapshotsOf,
  VimFault,
  type Vm,
  vmOf,
  type World,
} from './model.ts'
import { startTask } from './tasks.ts'
import { nextChangeId, stun } from './tracking.ts'

interface SnapshotSpec {
  readonly name: string
  readonly description: string
  /** Minutes for which the guest may be asked to hold still; absent: it is not asked. */
  readonly quiesceMinutes?: number
}

export function takeSnapshot(world: World, vm: Vm, spec: SnapshotSpec): JsonObject {
  const entity = { type: 'VirtualMachine', value: vm.id }
  return startTask(world, { operation: 'createSnapshotEx', vm, entity, effect: () => taken(world, vm, spec) })
}

function taken(world: World, vm: Vm, { name, description, quiesceMinutes }: SnapshotSpec): JsonObject {
  const { behaviour } = world
  if (behaviour.full)
    throw new VimFault('NoDiskSpace', 'Insufficient disk space on datastore datastore1.', { datastore: 'datastore1' })
  if (snapshotsOf(world, vm.id).length >= behaviour.maxSnapshotLevels) {
    throw new VimFault('TooManySnapshotLevels', 'The snapshot depth has exceeded the limit.')
  }
  // Without an error where it cannot be: the tree tells. [W5]
  const quiesced = quiesceMinutes !== undefined && vm.powerState === 'poweredOn' && vm.toolsRunning
  if (quiesced) quiesce(world, vm)
  const snapshot = frozen(world, vm, { name, description, quiesced })
  world.snapshots.set(snapshot.id, snapshot)
  vm.currentSnapshotId = snapshot.id
  stun(world, vm)
  if (quiesced) thawByTools(vm, 'thaw')
  return reference('VirtualMachineSnapshot', snapshot.id)
}

function quiesce({ behaviour }: World, vm: Vm): void {
  freezeByTools(vm)
  if (behaviour.taskRunMs <= vm.guest.holdMs) return
  thawByTools(vm, 'freezeFail')
  throw new VimFault('FilesystemQuiesceFault', 'The guest could not hold its file systems for as long as the snapshot took.')
}

function frozen(world: World, vm: Vm, told: { name: string; description: string; quiesced: boolean }): Snapshot {
  const number = world.newNumber()
  const disks = new Map<number, SnapshotDisk>()
  for (const disk of vm.disks) {
    if (disk.mode !== 'persistent' || disk.physicalMapping) continue
    const content = disk.content.freeze()
    const changeId = nextChangeId(disk, content)
    disks.set(disk.key, { frozen: content, ...(changeId === undefined ? {} : { changeId }) })
  }
  return {
    id: `snapshot-${number}`,
    number,
    vmId: vm.id,
    ...told,
    createdAt: world.clock.now(),
    parentId: vm.currentSnapshotId,
    disks,
    config: describeConfig(vm, disks),
    gone: new AbortController(),
  }
}

/** Its children stay, and hang below its parent then. */
export function removeSnapshot(world: World, id: string): JsonObject {
  const vm = vmOf(world, snapshotOf(world, id).vmId)
  const entity = { type: 'VirtualMachineSnapshot', value: id }
  return startTask(world, {
    operation: 'removeSnapshot',
    vm,
    entity,
    effect: () => {
      forget(world, snapshotOf(world, id))
      stun(world, vm)
      if (world.behaviour.leavesDeltas) vm.consolidationNeeded = true
      return undefined
    },
  })
}

const REMOVED_KEPT = 16

export function forget(world: World, snapshot: Snapshot): void {
  world.snapshots.delete(snapshot.id)
  for (const other of snapshotsOf(world, snapshot.vmId)) {
    if (other.parentId === snapshot.id) other.parentId = snapshot.parentId
  }
  const vm = world.vms.get(snapshot.vmId)
  if (vm?.currentSnapshotId === snapshot.id) vm.currentSnapshotId = snapshot.parentId
  snapshot.gone.abort()
  world.removedSnapshots.push(snapshot)
  if (world.removedSnapshots.length > REMOVED_KEPT) world.removedSnapshots.shift()
}

/** With nothing to do it is done at once. [W11] */
export function consolidate(world: World, vm: Vm): JsonObject {
  const entity = { type: 'VirtualMachine', value: vm.id }
  return startTask(world, {
    operation: 'consolidateVmDisks',
    vm,
    entity,
    effect: () => {
      vm.consolidationNeeded = false
      return undefined
    },
  })
}

export function snapshotTree(world: World, vm: Vm): JsonObject | undefined {
  const all = snapshotsOf(world, vm.id)
  if (all.length === 0) return undefined
  const below = (parentId: string | undefined): JsonObject[] =>
    all
      .filter((snapshot) => snapshot.parentId === parentId)
      .map(({ id, number, name, description, createdAt, quiesced }) => ({
        _typeName: 'VirtualMachineSnapshotTree',
        snapshot: reference('VirtualMachineSnapshot', id),
        vm: reference('VirtualMachine', vm.id),
        name,
        description,
        id: number,
        createTime: new Date(createdAt).toISOString(),
        // Without its memory it is one of a VM that is off.
        state: 'poweredOff',
        quiesced,
        ...(below(id).length > 0 ? { childSnapshotList: below(id) } : {}),
      }))
  return {
    _typeName: 'VirtualMachineSnapshotInfo',
    ...(vm.currentSnapshotId === undefined ? {} : { currentSnapshot: reference('VirtualMachineSnapshot', vm.currentSnapshotId) }),
    rootSnapshotList: below(undefined),
  }
}
