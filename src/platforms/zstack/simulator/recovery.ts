// Recovery: VMs and data volumes made from backups, and given up again.
import { found, Refusal, usable, type Vm, type Volume, type VolumeBackup, type World } from './world.ts'

export interface RecoveryRequest {
  readonly name: string
  readonly backupStorageUuid?: string
  readonly strategy?: 'InstantStart' | 'JustCreate' | 'CreateStopped'
  readonly resourceUuid?: string
}

/** With all volumes of the group; exactly one of them is the root. */
export function createVm(world: World, groupUuid: string, request: RecoveryRequest): Vm {
  const backups = world.volumeBackups.filter((each) => each.groupUuid === groupUuid)
  if (backups.filter(({ type }) => type === 'Root').length !== 1) throw new Refusal('SYS.1007', 'the group has no root volume')
  for (const backup of backups) checkReadable(world, backup, request)
  const uuid = request.resourceUuid ?? world.newId()
  const volumes = backups.map((backup): Volume => volumeFrom(world, backup, backup.name, uuid))
  const root = volumes.find(({ type }) => type === 'Root')
  const state = request.strategy === 'InstantStart' ? 'Running' : 'Stopped'
  const vm: Vm = { uuid, name: request.name, rootVolumeUuid: root?.uuid ?? '', state }
  world.volumes.push(...volumes)
  world.vms.push(vm)
  return vm
}

export function createDataVolume(world: World, backupUuid: string, request: RecoveryRequest): Volume {
  const backup = found(world.volumeBackups, backupUuid, 'volume backup')
  if (backup.type !== 'Data') throw new Refusal('SYS.1007', `backup ${backup.name} is one of a root volume`)
  checkReadable(world, backup, request)
  const volume = { ...volumeFrom(world, backup, request.name), uuid: request.resourceUuid ?? world.newId() }
  world.volumes.push(volume)
  return volume
}

/** It stays in the bin until it is expunged. What is gone already is as good as destroyed. */
export function destroyVm(world: World, uuid: string): object {
  for (const vm of world.vms) if (vm.uuid === uuid) vm.state = 'Destroyed'
  return {}
}

export function deleteVolume(world: World, uuid: string): object {
  for (const volume of world.volumes) if (volume.uuid === uuid) volume.status = 'Deleted'
  return {}
}

/** Only a local storage gives a backup back: copies elsewhere are fetched first. */
function checkReadable(world: World, { backupStorageRefs, name }: VolumeBackup, { backupStorageUuid }: RecoveryRequest): void {
  const storage = found(world.storages, backupStorageUuid ?? '', 'backup storage')
  if (storage.role !== 'local') throw new Refusal('SYS.1007', `backup storage ${storage.name} is not local`)
  if (!usable(storage)) throw new Refusal('BS.1500', `backup storage ${storage.name} cannot be reached`)
  if (!backupStorageRefs.some((ref) => ref.backupStorageUuid === storage.uuid)) {
    throw new Refusal('SYS.1007', `backup ${name} is not on backup storage ${storage.name}`)
  }
}

const volumeFrom = (world: World, { type, size }: VolumeBackup, name: string, vmUuid?: string): Volume => ({
  uuid: world.newId(),
  name,
  type,
  ...(vmUuid === undefined ? {} : { vmInstanceUuid: vmUuid }),
  isShareable: false,
  status: 'Ready',
  size,
})
