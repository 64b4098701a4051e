// Recovery: VMs and data volumes made from backups and given up again, and those that are there taken back to what a backup holds.
import { diskFrom } from './images.ts'
import { checkUsable, found, Refusal, type Storage, type Vm, type Volume, type VolumeBackup, type World } from './world.ts'

export interface RecoveryRequest {
  readonly name: string
  readonly clusterUuid?: string
  readonly backupStorageUuid?: string
  readonly strategy?: 'InstantStart' | 'JustCreate' | 'CreateStopped'
  readonly resourceUuid?: string
}

/** With all volumes of the group; exactly one of them is the root, whose metadata says what the VM was. */
export function createVm(world: World, groupUuid: string, request: RecoveryRequest): Vm {
  const backups = wholeGroup(world, groupUuid)
  const storage = readableOn(world, backups, request.backupStorageUuid)
  const uuid = request.resourceUuid ?? world.newId()
  const volumes = backups.map((backup): Volume => volumeFrom(world, storage, backup, backup.name, uuid))
  const rootBackup = backups.find(({ type }) => type === 'Root')
  const was = JSON.parse(rootBackup?.metadata ?? '{}') as Partial<Vm>
  const vm: Vm = {
    uuid,
    name: request.name,
    rootVolumeUuid: volumes.find(({ type }) => type === 'Root')?.uuid ?? '',
    clusterUuid: request.clusterUuid ?? '',
    cpuNum: was.cpuNum ?? 1,
    memorySize: was.memorySize ?? 2 ** 30,
    platform: was.platform ?? 'Other',
    guestOsType: was.platform ?? 'Other',
    // Without networks it has none.
    vmNics: [],
    state: request.strategy === 'InstantStart' ? 'Running' : 'Stopped',
  }
  world.volumes.push(...volumes)
  world.vms.push(vm)
  return vm
}

export function createDataVolume(world: World, backupUuid: string, request: RecoveryRequest): Volume {
  const backup = found(world.volumeBackups, backupUuid, 'volume backup')
  if (backup.type !== 'Data') throw new Refusal('SYS.1007', `backup ${backup.name} is one of a root volume`)
  const storage = readableOn(world, [backup], request.backupStorageUuid)
  const volume = { ...volumeFrom(world, storage, backup, request.name), uuid: request.resourceUuid ?? world.newId() }
  world.volumes.push(volume)
  return volume
}

/** Every volume of the VM goes back to what the backup holds; what was written since is gone. */
export function revertVm(world: World, groupUuid: string, storageUuid: string | undefined): object {
  const backups = wholeGroup(world, groupUuid)
  const storage = readableOn(world, backups, storageUuid)
  const volumes = backups.map((backup) => revertible(world, backup))
  volumes.forEach((volume, index) => {
    const backup = backups[index]
    if (backup) volume.disk = diskFrom(storage, backup.uuid)
  })
  return {}
}

export function revertVolume(world: World, backupUuid: string, storageUuid: string | undefined): object {
  const backup = found(world.volumeBackups, backupUuid, 'volume backup')
  const storage = readableOn(world, [backup], storageUuid)
  revertible(world, backup).disk = diskFrom(storage, backup.uuid)
  return {}
}

/** The host forgets what it knew of changes. What is stopped already is as good as stopped. */
export function stopVm(world: World, uuid: string): Vm {
  const vm = found(world.vms, uuid, 'VM')
  if (vm.state !== 'Running' && vm.state !== 'Paused' && vm.state !== 'Stopped') {
    throw new Refusal('SYS.1005', `the VM ${vm.name} is ${vm.state}`)
  }
  vm.state = 'Stopped'
  for (const volume of world.volumes) if (volume.vmInstanceUuid === uuid) delete volume.bitmap
  return vm
}

export function startVm(world: World, uuid: string): Vm {
  const vm = found(world.vms, uuid, 'VM')
  if (vm.state !== 'Running' && vm.state !== 'Stopped') throw new Refusal('SYS.1005', `the VM ${vm.name} is ${vm.state}`)
  vm.state = 'Running'
  return vm
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

function wholeGroup({ volumeBackups }: World, groupUuid: string): readonly VolumeBackup[] {
  const backups = volumeBackups.filter((each) => each.groupUuid === groupUuid)
  if (backups.filter(({ type }) => type === 'Root').length !== 1) throw new Refusal('SYS.1007', 'the group has no root volume')
  return backups
}

/** Only a local storage gives a backup back: copies elsewhere are fetched first. */
function readableOn(world: World, backups: readonly VolumeBackup[], storageUuid: string | undefined): Storage {
  const storage = found(world.storages, storageUuid ?? '', 'backup storage')
  if (storage.role !== 'local') throw new Refusal('SYS.1007', `backup storage ${storage.name} is not local`)
  checkUsable(storage)
  for (const { backupStorageRefs, name } of backups) {
    if (!backupStorageRefs.some((ref) => ref.backupStorageUuid === storage.uuid)) {
      throw new Refusal('SYS.1007', `backup ${name} is not on backup storage ${storage.name}`)
    }
  }
  return storage
}

/** Only a volume that is still there, on the same VM, which is stopped. */
function revertible({ volumes, vms }: World, { volumeUuid, vmInstanceUuid }: VolumeBackup): Volume {
  const volume = found(volumes, volumeUuid, 'volume')
  if (volume.status !== 'Ready' || volume.vmInstanceUuid !== vmInstanceUuid) {
    throw new Refusal('SYS.1005', `volume ${volume.name} is not attached to the VM any more that it was backed up with`)
  }
  const vm = found(vms, vmInstanceUuid, 'VM')
  if (vm.state !== 'Stopped')
    throw new Refusal('SYS.1005', `the VM ${vm.name} is ${vm.state}, and only a stopped one is reverted`)
  return volume
}

const volumeFrom = (world: World, storage: Storage, { uuid, type }: VolumeBackup, name: string, vmUuid?: string): Volume => {
  const disk = diskFrom(storage, uuid)
  return {
    uuid: world.newId(),
    name,
    type,
    ...(vmUuid === undefined ? {} : { vmInstanceUuid: vmUuid }),
    isShareable: false,
    status: 'Ready',
    size: disk.sizeBytes,
    disk,
  }
}
