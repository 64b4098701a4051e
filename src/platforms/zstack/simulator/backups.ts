// Backups: what may be backed up where, copies between storages, deletion. A row tells of a backup; its bytes are on the storages.
import { createHash } from 'node:crypto'
import { dataBytes } from '../../simulation/index.ts'
import { copyImage, dependentsOn, imageOf } from './images.ts'
import { tablesOf } from './site.ts'
import {
  checkUsable,
  type DatabaseBackup,
  dateOf,
  found,
  Refusal,
  type Storage,
  type StorageRef,
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
  const tables = tablesOf(world)
  const md5 = createHash('md5').update(tables).digest('hex')
  const backup: DatabaseBackup = {
    uuid: resourceUuid ?? world.newId(),
    name,
    state: 'Enabled',
    status: 'Ready',
    size: Buffer.byteLength(tables),
    metadata: JSON.stringify({ name, version: world.behaviour.version, createdTime: at, md5 }),
    backupStorageRefs: [refTo(world, storage, 'zsbak')],
    createDate: at,
    lastOpDate: at,
  }
  storage.databases.set(backup.uuid, { row: backup, tables })
  world.databaseBackups.push(backup)
  return backup
}

interface Copied {
  readonly uuid: string
  backupStorageRefs: StorageRef[]
}

/** Between storages, either way. One that is there already stays as it is. */
export function copyTo(
  world: World,
  backups: readonly Copied[],
  { from, to }: { readonly from: string; readonly to: string },
): void {
  checkMember(world, 'other')
  if (backups.length === 0) throw new Refusal('SYS.1003', 'there is no such backup')
  const [source, target] = [found(world.storages, from, 'backup storage'), found(world.storages, to, 'backup storage')]
  for (const storage of [source, target]) checkUsable(storage)
  for (const backup of backups) {
    const held = ({ uuid }: Storage) => backup.backupStorageRefs.find(({ backupStorageUuid }) => backupStorageUuid === uuid)
    const ref = held(source)
    if (!ref) throw new Refusal('SYS.1007', `the backup is not on backup storage ${source.name}`)
    if (held(target)) continue
    const database = source.databases.get(backup.uuid)
    if (database) target.databases.set(backup.uuid, database)
    else copyImage(source, target, backup.uuid)
    backup.backupStorageRefs.push({ ...ref, backupStorageUuid: target.uuid })
  }
}

/** From these storages alone. With its last copy the backup itself goes; nothing to delete is as good as deleted. */
export function deleteFrom<Row extends Copied>(
  world: World,
  rows: Row[],
  storageUuids: readonly string[],
  is: (row: Row) => boolean,
): Row[] {
  const storages = world.storages.filter(({ uuid }) => storageUuids.includes(uuid))
  for (const storage of storages) checkUsable(storage)
  for (const row of rows.filter(is)) {
    for (const { images, databases } of storages) {
      images.delete(row.uuid)
      databases.delete(row.uuid)
    }
    row.backupStorageRefs = row.backupStorageRefs.filter(({ backupStorageUuid }) => !storageUuids.includes(backupStorageUuid))
  }
  return rows.filter((row) => row.backupStorageRefs.length > 0)
}

/** Later increments on the same storage need it. */
export function checkDependents({ storages }: World, backups: readonly VolumeBackup[], storageUuids: readonly string[]): void {
  for (const storage of storages.filter(({ uuid }) => storageUuids.includes(uuid))) {
    for (const backup of backups) {
      const next = dependentsOn(storage, backup.uuid).find(({ uuid }) => !backups.some((each) => each.uuid === uuid))
      if (next) throw new Refusal('SYS.1006', `backup ${next.name} depends on ${backup.name}`)
    }
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
  checkUsable(storage)
  return storage
}

function addVolumeBackup(world: World, volume: Volume, request: BackupRequest, uuid: string, groupUuid?: string): VolumeBackup {
  const storage = takingStorage(world, request.backupStorageUuid)
  const { at: frozen, ...image } = imageOf(volume, storage, request.mode === 'full')
  const at = dateOf(world.clock.now())
  const backup: VolumeBackup = {
    uuid,
    name: request.name,
    volumeUuid: volume.uuid,
    vmInstanceUuid: volume.vmInstanceUuid ?? '',
    type: volume.type,
    state: 'Enabled',
    status: 'Ready',
    size: dataBytes(image.pages),
    metadata: JSON.stringify(metadataOf(world, volume)),
    mode: image.parentUuid === undefined ? 'full' : 'incremental',
    ...(groupUuid === undefined ? {} : { groupUuid }),
    backupStorageRefs: [refTo(world, storage, volume.uuid)],
    createDate: at,
    lastOpDate: at,
  }
  storage.images.set(uuid, { ...image, row: backup })
  volume.bitmap = { backupUuid: uuid, storageUuid: storage.uuid, at: frozen }
  world.frozen.set(uuid, frozen)
  world.volumeBackups.push(backup)
  return backup
}

/** What a rebuild needs without the database: of a root volume, the VM. */
function metadataOf({ vms }: World, { type, name, vmInstanceUuid }: Volume): object {
  const vm = vms.find(({ uuid }) => uuid === vmInstanceUuid)
  if (type === 'Data' || !vm) return { type, name, vmInstanceUuid }
  const { name: vmName, platform, clusterUuid, cpuNum, memorySize, vmNics } = vm
  return { type, name, vmName, vmInstanceUuid, platform, clusterUuid, cpuNum, memorySize, vmNics }
}

function refTo(world: World, { uuid }: Storage, image: string): StorageRef {
  const at = dateOf(world.clock.now())
  const installPath = `zstore://${image}/${world.newId()}`
  return { backupStorageUuid: uuid, installPath, status: 'Ready', createDate: at, lastOpDate: at }
}
