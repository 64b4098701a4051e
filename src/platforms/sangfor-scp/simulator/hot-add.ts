// Disks of one VM in another: linked clones of a snapshot's disks to read, or the disks themselves to write. [S7 to S11]
import type { JsonObject } from '../../../values/index.ts'
import type { HotAddedDisk, World } from './model.ts'

const MIB = 2 ** 20

export const hotAddedTo = ({ hotAdded }: World, proxyId: string): HotAddedDisk[] =>
  hotAdded.filter((disk) => disk.proxyId === proxyId)

export const describeHotAdded = ({ id, serverId, diskId, snapshotId, sizeBytes }: HotAddedDisk): JsonObject => ({
  id,
  size_mb: sizeBytes / MIB,
  use_virtio: 1,
  type: snapshotId === undefined ? 'exist_disk' : 'derive_disk',
  source_server_id: serverId,
  source_disk_id: diskId,
  ...(snapshotId === undefined ? {} : { snapshot_id: snapshotId }),
})

/** The end of a backup lease ends the reading of its VM's clones; they stay in the proxy until somebody removes them. */
export function cutClones(world: World, serverId: string): void {
  for (const { proxyId, id, snapshotId, serverId: of } of world.hotAdded) {
    if (of === serverId && snapshotId !== undefined) world.devices.cut(proxyId, id)
  }
}

export function plug(world: World, disk: HotAddedDisk): void {
  const content = contentOf(world, disk)
  if (!content) return
  world.devices.plug(disk.proxyId, disk.id, content)
  world.hotAdded.push(disk)
}

/** What was written to a disk that is there itself stays written. */
export function unplug(world: World, disk: HotAddedDisk): void {
  const at = world.hotAdded.indexOf(disk)
  if (at < 0) return
  world.hotAdded.splice(at, 1)
  const own = disk.snapshotId === undefined ? diskOf(world, disk) : undefined
  if (own) world.devices.store(disk.proxyId, disk.id, own)
  world.devices.unplug(disk.proxyId, disk.id)
}

const diskOf = ({ vms }: World, { serverId, diskId }: HotAddedDisk) =>
  vms.get(serverId)?.disks.find(({ id }) => id === diskId)?.disk

const contentOf = (world: World, disk: HotAddedDisk) =>
  disk.snapshotId === undefined
    ? diskOf(world, disk)
    : world.snapshots.get(disk.snapshotId)?.members.get(disk.serverId)?.disks.get(disk.diskId)?.frozen
