// Backups: what may be backed up where, copies between storages, deletion. A backup is its row here; there are no bytes.
import {
  type DatabaseBackup,
  dateOf,
  found,
  Refusal,
  type Storage,
  type StorageRef,
  usable,
  type Volume,
  type VolumeBackup,
  type World,
} from './world.ts'

export interface BackupRequest {
  readonly backupStorageUuid: string
  readonly name: string
  readonly mode?: 'full'
  readonly resourceUuid?: string
}

const MIB = 2 ** 20

/** The platform's licence rule: the add-on counts only on top of the base. */
export function checkLicence({ behaviour }: World): void {
  if (!behaviour.baseLicence) throw new Refusal('LICENSE.1008', 'the base license does not allow add-ons')
  if (!behaviour.backupLicence) throw new Refusal('LICENSE.1005', 'no license of the add-on disaster-recovery')
}

/** Project members back up VMs and volumes to local storages, where Enterprise Management is licensed; nothing else. */
export function checkMember({ behaviour }: World, what: 'local' | 'other'): void {
  if (behaviour.account === 'admin' || (what === 'local' && behaviour.projectLicence)) return
  throw new Refusal('ID.1002', 'project members may not do this')
}

export function backUpVolume(world: World, volumeUuid: string, request: BackupRequest): VolumeBackup {
  checkMember(world, 'local')
  const volume = found(world.volumes, volumeUuid, 'volume')
  checkSource(world, volume)
  return addVolumeBackup(world, volume, request, request.resourceUuid ?? world.newId())
}

/** One backup for each volume, in one group. */
export function backUpVm(world: World, rootVolumeUuid: string, request: BackupRequest): readonly VolumeBackup[] {
  checkMember(world, 'local')
  const root = found(world.volumes, rootVolumeUuid, 'volume')
  if (root.type !== 'Root') throw new Refusal('SYS.1007', `volume ${root.uuid} is no root volume`)
  const volumes = world.volumes.filter(({ vmInstanceUuid }) => vmInstanceUuid === root.vmInstanceUuid)
  for (const volume of volumes) checkSource(world, volume)
  const groupUuid = world.newId()
  return volumes.map((volume) => addVolumeBackup(world, volume, request, world.newId(), groupUuid))
}

export function backUpDatabase(world: World, { backupStorageUuid, name, resourceUuid }: BackupRequest): DatabaseBackup {
  checkMember(world, 'other')
  const storage = takingStorage(world, backupStorageUuid)
  const at = dateOf(world.clock.now())
  const backup: DatabaseBackup = {
    uuid: resourceUuid ?? world.newId(),
    name,
    state: 'Enabled',
    status: 'Ready',
    size: 376_991,
    metadata: JSON.stringify({ name, version: '5.1.0', createdTime: at, md5: world.newId() }),
    backupStorageRefs: [refTo(world, storage, 'zsbak')],
    createDate: at,
    lastOpDate: at,
  }
  world.databaseBackups.push(backup)
  return backup
}

export function copyTo(
  world: World,
  backups: readonly { backupStorageRefs: StorageRef[] }[],
  { from, to }: { readonly from: string; readonly to: string },
): void {
  checkMember(world, 'other')
  if (backups.length === 0) throw new Refusal('SYS.1003', 'there is no such backup')
  const target = found(world.storages, to, 'backup storage')
  for (const storage of [found(world.storages, from, 'backup storage'), target]) {
    if (!usable(storage)) throw new Refusal('BS.1500', `backup storage ${storage.name} cannot be reached`)
  }
  for (const backup of backups) {
    const held = (uuid: string) => backup.backupStorageRefs.find(({ backupStorageUuid }) => backupStorageUuid === uuid)
    const source = held(from)
    if (!source) throw new Refusal('SYS.1007', `the backup is not on backup storage ${from}`)
    // One that is there already stays as it is.
    if (!held(to)) backup.backupStorageRefs.push({ ...source, backupStorageUuid: target.uuid })
  }
}

/** With its last copy the backup itself goes. Nothing to delete is as good as deleted. */
export function deleteFrom<Row extends { backupStorageRefs: StorageRef[] }>(
  rows: Row[],
  storageUuids: readonly string[],
  is: (row: Row) => boolean,
): Row[] {
  for (const row of rows.filter(is)) {
    row.backupStorageRefs = row.backupStorageRefs.filter(({ backupStorageUuid }) => !storageUuids.includes(backupStorageUuid))
  }
  return rows.filter((row) => row.backupStorageRefs.length > 0)
}

/** Later increments on the same storage need it. */
export function checkDependents({ volumeBackups }: World, backups: readonly VolumeBackup[]): void {
  for (const backup of backups) {
    const later = volumeBackups.slice(volumeBackups.indexOf(backup) + 1)
    const next = later.find(({ volumeUuid }) => volumeUuid === backup.volumeUuid)
    if (next?.mode === 'incremental') throw new Refusal('SYS.1006', `backup ${next.name} depends on ${backup.name}`)
  }
}

function checkSource(world: World, volume: Volume): void {
  if (volume.isShareable) throw new Refusal('SYS.1007', `volume ${volume.name} is shareable`)
  if (volume.vmInstanceUuid === undefined) throw new Refusal('SYS.1007', `volume ${volume.name} is attached to no VM`)
  if (volume.status !== 'Ready') throw new Refusal('SYS.1005', `volume ${volume.name} is ${volume.status}`)
  const { state, name } = found(world.vms, volume.vmInstanceUuid, 'VM')
  if (state !== 'Running' && state !== 'Paused') throw new Refusal('VOL_BACKUP.1000', `the VM ${name} is ${state}`)
}

function takingStorage(world: World, uuid: string): Storage {
  checkLicence(world)
  const storage = found(world.storages, uuid, 'backup storage')
  if (storage.role !== 'local') throw new Refusal('SYS.1007', `backup storage ${storage.name} only takes copies of local backups`)
  if (!usable(storage)) throw new Refusal('BS.1500', `backup storage ${storage.name} cannot be reached`)
  return storage
}

function addVolumeBackup(world: World, volume: Volume, request: BackupRequest, uuid: string, groupUuid?: string): VolumeBackup {
  const storage = takingStorage(world, request.backupStorageUuid)
  const before = world.volumeBackups.filter((each) => each.volumeUuid === volume.uuid && holds(each, storage)).at(-1)
  const mode = before && request.mode === undefined ? 'incremental' : 'full'
  const at = dateOf(world.clock.now())
  const backup: VolumeBackup = {
    uuid,
    name: request.name,
    volumeUuid: volume.uuid,
    vmInstanceUuid: volume.vmInstanceUuid ?? '',
    type: volume.type,
    state: 'Enabled',
    status: 'Ready',
    size: mode === 'full' ? volume.size : MIB,
    metadata: JSON.stringify({ type: volume.type, name: volume.name, vmInstanceUuid: volume.vmInstanceUuid ?? '', vmNics: [] }),
    mode,
    ...(groupUuid === undefined ? {} : { groupUuid }),
    backupStorageRefs: [refTo(world, storage, volume.uuid)],
    createDate: at,
    lastOpDate: at,
  }
  world.volumeBackups.push(backup)
  return backup
}

const holds = ({ backupStorageRefs }: VolumeBackup, { uuid }: Storage): boolean =>
  backupStorageRefs.some(({ backupStorageUuid }) => backupStorageUuid === uuid)

function refTo(world: World, { uuid }: Storage, image: string): StorageRef {
  const at = dateOf(world.clock.now())
  const installPath = `zstore://${image}/${world.newId()}`
  return { backupStorageUuid: uuid, installPath, status: 'Ready', createDate: at, lastOpDate: at }
}
