// The management node as a whole: its database as text, its loss with all that stood beside it, and its way back from a storage alone.
import { createSparseDisk, isEqual } from '../../simulation/index.ts'
import { contentOn } from './images.ts'
import {
  checkUsable,
  type DatabaseBackup,
  dateOf,
  emptyTables,
  found,
  Refusal,
  type Storage,
  type StorageRef,
  type Volume,
  type VolumeBackup,
  type World,
} from './world.ts'

/** Everything the node knows, as a dump of its database holds it. */
export const tablesOf = ({ storages, vms, volumes, volumeBackups, databaseBackups, jobs, groups, triggers, histories }: World) =>
  JSON.stringify({
    storages: storages.map(({ uuid }) => uuid),
    vms,
    volumes: volumes.map(({ disk: _, bitmap: __, ...volume }) => volume),
    volumeBackups,
    databaseBackups,
    jobs,
    groups,
    triggers,
    histories,
  })

/** A disaster: a new node that knows nothing, and of the servers only those that stood elsewhere. */
export function loseSite(world: World, survivors: readonly Storage[]): void {
  for (const storage of world.servers.filter((each) => !survivors.includes(each))) {
    storage.up = false
    storage.images.clear()
    storage.databases.clear()
  }
  Object.assign(world, { storages: [], vms: [], volumes: [], ...emptyTables() })
}

/** What a server holds that the node does not know yet: `ssh://user:password@host:port/path`. */
export function scanDatabases(world: World, url: string): object {
  const storage = serverAt(world, url)
  const backups = [...storage.databases.values()].map(({ row: { name, size, metadata, createDate, backupStorageRefs } }) => ({
    name,
    version: versionIn(metadata),
    installPath: backupStorageRefs[0]?.installPath ?? '',
    type: 'singleDatabase',
    size,
    createdTime: createDate,
  }))
  return { backups }
}

export interface DatabaseRecovery {
  readonly backupStorageUrl?: string
  readonly backupInstallPath?: string
  readonly mysqlRootPassword: string
}

/** The node knows what it knew when the dump was made, but nothing of hosts and disks is there any more; it goes away and comes back. */
export function recoverDatabase(world: World, request: DatabaseRecovery): object {
  if (world.vms.length > 0) throw new Refusal('SYS.1006', 'a system that is in use is not recovered over')
  const storage = serverAt(world, request.backupStorageUrl ?? '')
  const dump = [...storage.databases.values()].find(({ row }) =>
    row.backupStorageRefs.some(({ installPath }) => installPath === request.backupInstallPath),
  )
  if (!dump) throw new Refusal('SYS.1003', `there is no database backup ${request.backupInstallPath}`)
  const version = versionIn(dump.row.metadata)
  if (version !== world.behaviour.version) throw new Refusal('SYS.1007', `the backup is of version ${version}`)
  const { storages, vms, volumes, ...tables } = JSON.parse(dump.tables) as Tables
  Object.assign(world, {
    ...tables,
    storages: storages.map((uuid) => found(world.servers, uuid, 'backup storage')),
    vms: vms.map((vm) => ({ ...vm, state: 'Unknown' })),
    volumes: volumes.map((volume) => ({ ...volume, disk: createSparseDisk(volume.size) })),
  })
  for (const known of world.storages) known.status = 'Disconnected'
  world.awayUntilMs = world.clock.now() + world.behaviour.restartMs
  return { logListenPort: 4567 }
}

const versionIn = (metadata: string): string => (JSON.parse(metadata) as { version: string }).version

interface Tables extends Pick<World, 'vms' | keyof ReturnType<typeof emptyTables>> {
  readonly storages: readonly string[]
  readonly volumes: readonly Omit<Volume, 'disk'>[]
}

export function reconnect(world: World, uuid: string): Storage {
  const storage = found(world.storages, uuid, 'backup storage')
  storage.status = storage.up ? 'Connected' : 'Disconnected'
  checkUsable(storage)
  return storage
}

/** Rows anew from what is on a storage: what the node did not know of comes in, a copy that is not there goes out. */
export function rescan<Row extends VolumeBackup | DatabaseBackup>(
  world: World,
  storageUuid: string,
  rows: Row[],
  held: readonly Row[],
): { readonly rows: Row[]; readonly result: { readonly newBackupCount: number; readonly deletedBackupCount: number } } {
  const storage = found(world.storages, storageUuid, 'backup storage')
  checkUsable(storage)
  const there = new Set(held.map(({ uuid }) => uuid))
  const refOf = ({ backupStorageRefs }: Row) => backupStorageRefs.find((each) => each.backupStorageUuid === storageUuid)
  let [newBackupCount, deletedBackupCount] = [0, 0]
  for (const row of rows) {
    if (!refOf(row) || there.has(row.uuid)) continue
    deletedBackupCount += 1
    row.backupStorageRefs = row.backupStorageRefs.filter((each) => each.backupStorageUuid !== storageUuid)
  }
  const known = rows.filter(({ backupStorageRefs }) => backupStorageRefs.length > 0)
  for (const row of held) {
    const same = known.find(({ uuid }) => uuid === row.uuid)
    if (same && refOf(same)) continue
    newBackupCount += 1
    if (same) same.backupStorageRefs.push(refIn(world, row, storage))
    else known.push({ ...row, backupStorageRefs: [refIn(world, row, storage)] })
  }
  return { rows: known, result: { newBackupCount, deletedBackupCount } }
}

function refIn({ clock }: World, { backupStorageRefs: [first] }: VolumeBackup | DatabaseBackup, { uuid }: Storage): StorageRef {
  const at = dateOf(clock.now())
  return { backupStorageUuid: uuid, installPath: first?.installPath ?? '', status: 'Ready', createDate: at, lastOpDate: at }
}

/** Backups that a storage says it holds and from which something else comes, a line each: what no restore may meet. */
export function damages({ storages, volumeBackups, frozen }: World): string[] {
  return volumeBackups.flatMap(({ uuid, name, backupStorageRefs }) =>
    backupStorageRefs.flatMap(({ backupStorageUuid }) => {
      const storage = storages.find((each) => each.uuid === backupStorageUuid)
      const then = frozen.get(uuid)
      if (!storage || !then) return []
      try {
        return isEqual(contentOn(storage, uuid), then)
          ? []
          : [`backup ${name} on ${storage.name} has other bytes than its volume had`]
      } catch (error) {
        return [`backup ${name}: ${error instanceof Error ? error.message : String(error)}`]
      }
    }),
  )
}

function serverAt({ addresses }: World, url: string): Storage {
  const storage = addresses.get(url)
  if (!storage?.up) throw new Refusal('SYS.1006', 'no storage server answers at this address, or it refuses the login')
  return storage
}
