// Changed-block tracking: switched on by disk, reset by version, asked through checkpoints. [S15, S16, S17, S25, S27]
import type { JsonObject } from '../../../values/index.ts'
import { BLOCK_BYTES, type FrozenDisk } from './disk.ts'
import { type MemberSnapshot, Refusal, type Vm, type VmDisk } from './model.ts'
import { isInSnapshots } from './vms.ts'

const VERSION = 2n ** 32n

export const checkpointOf = ({ version, epoch }: { version: number; epoch: number }): bigint =>
  BigInt(version) * VERSION + BigInt(epoch)

const isTracked = (disk: VmDisk): boolean => disk.trackedSince !== undefined

/** Of those disks that can be tracked. */
export function trackingStatus(vm: Vm): JsonObject {
  return {
    server_id: vm.id,
    is_enabled: vm.disks.some(isTracked),
    disks: vm.disks.filter(isInSnapshots).map((disk) => ({ id: disk.id, is_enabled: isTracked(disk) })),
  }
}

export function enableTracking(vm: Vm, diskIds?: readonly string[]): void {
  // What was known before tracking was off for every disk is lost with it: a new version.
  if (!vm.disks.some(isTracked)) startVersion(vm)
  for (const disk of vm.disks.filter(isInSnapshots)) {
    if (isTracked(disk) || (diskIds && !diskIds.includes(disk.id))) continue
    disk.trackedSince = vm.tracking.epoch
    disk.disk.stampWith(vm.tracking.epoch)
  }
}

export function disableTracking(vm: Vm, diskIds?: readonly string[]): void {
  for (const disk of vm.disks) {
    if (diskIds && !diskIds.includes(disk.id)) continue
    delete disk.trackedSince
    disk.disk.stampWith(undefined)
  }
}

/** Only disks that are tracked already start anew. */
export function resetTracking(vm: Vm): void {
  startVersion(vm)
  for (const disk of vm.disks.filter(isTracked)) {
    disk.disk.stampWith(undefined)
    disk.disk.stampWith(vm.tracking.epoch)
    disk.trackedSince = vm.tracking.epoch
  }
}

function startVersion({ tracking }: Vm): void {
  tracking.version += 1
  tracking.epoch = 1
  tracking.expired = false
}

/** The checkpoint a snapshot taken now gets; later writes belong to the next epoch. 0 when nothing is tracked. */
export function takeCheckpoint(vm: Vm): bigint {
  if (!vm.disks.some(isTracked)) return 0n
  const checkpoint = checkpointOf(vm.tracking)
  vm.tracking.epoch += 1
  for (const disk of vm.disks.filter(isTracked)) disk.disk.stampWith(vm.tracking.epoch)
  return checkpoint
}

interface Question {
  readonly diskId: string
  readonly since: bigint
  readonly startOffset: number
  readonly pageBytes: number
}

export function changedAreas(vm: Vm, snapshot: MemberSnapshot, question: Question): JsonObject {
  const { diskId, since, startOffset, pageBytes } = question
  const kept = snapshot.disks.get(diskId)
  const disk = vm.disks.find(({ id }) => id === diskId)
  if (!kept) throw new Refusal(404, `The snapshot has no disk ${diskId}.`)
  if (disk?.trackedSince === undefined) throw new Refusal(400, `Changed block tracking is not enabled for disk ${diskId}.`)
  if (since !== 0n) checkNotExpired(vm, disk.trackedSince, since, kept.version)
  const { sizeBytes } = kept.frozen
  const length = Math.max(0, Math.min(pageBytes, sizeBytes - startOffset))
  const blocks = since === 0n ? kept.frozen.dataBlocks() : blocksSince(kept.frozen, since)
  return { start_offset: startOffset, length, changed_area: [...areasOf(blocks, startOffset, startOffset + length)] }
}

function checkNotExpired(vm: Vm, trackedSince: number, since: bigint, snapshotVersion: number | undefined): void {
  const version = Number(since / VERSION)
  const epoch = Number(since % VERSION)
  const known =
    version === vm.tracking.version && version === snapshotVersion && epoch >= trackedSince && epoch < vm.tracking.epoch
  if (!known || vm.tracking.expired) {
    throw new Refusal(400, "The CBT of the virtual machine has expired. Reset the virtual machine's CBT and try again.")
  }
}

const blocksSince = ({ stamps }: FrozenDisk, since: bigint): number[] =>
  [...stamps]
    .filter(([, epoch]) => epoch > Number(since % VERSION))
    .map(([block]) => block)
    .sort((a, b) => a - b)

/** Whole blocks, joined where they touch; the last one may pass the end of the disk. */
function* areasOf(blocks: readonly number[], fromBytes: number, toBytes: number) {
  let open: { start: number; length: number } | undefined
  for (const block of blocks) {
    const start = block * BLOCK_BYTES
    if (start < fromBytes || start >= toBytes) continue
    if (open && open.start + open.length === start) open.length += BLOCK_BYTES
    else {
      if (open) yield open
      open = { start, length: BLOCK_BYTES }
    }
  }
  if (open) yield open
}
