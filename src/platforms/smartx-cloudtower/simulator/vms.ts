// VMs and the volumes under them: how they come into being, and how they go.
import { createSparseDisk } from '../../simulation/index.ts'
import type { SnapshotDisk, ToolsStatus, Vm, VmDisk, Volume, World } from './model.ts'

const DEFAULT_POLICY = 'REPLICA_2_THIN_PROVISION'

export interface VmSpec {
  readonly name: string
  /** A disk each, empty. */
  readonly sizesBytes: readonly number[]
  readonly status?: Vm['status']
  readonly toolsStatus?: ToolsStatus
}

/** What a VM is while it is being made. [X3] */
export const placeholder = (world: World, name: string) => ({
  id: world.newId(),
  localId: `placeholder-${world.newId()}`,
  asyncStatus: 'CREATING' as const,
  name,
  status: 'STOPPED' as const,
  toolsStatus: 'NOT_INSTALLED' as const,
  inRecycleBin: false,
})

export function addVm({ vms }: World, vm: Vm): Vm {
  vms.set(vm.id, vm)
  return vm
}

/** A VM that is there already. */
export function vmFrom(world: World, { name, sizesBytes, status = 'RUNNING', toolsStatus = 'RUNNING' }: VmSpec): Vm {
  const disks = sizesBytes.map((sizeBytes, index): VmDisk => {
    const volume = newVolume(world, `${name}-${index}`, sizeBytes)
    settle(world, volume)
    return { volumeId: volume.id, bus: index === 0 ? 'VIRTIO' : 'SCSI', boot: index, index }
  })
  const [vlan] = world.vlans
  return addVm(world, {
    ...placeholder(world, name),
    localId: world.newId(),
    asyncStatus: null,
    status,
    toolsStatus,
    cores: 4,
    sockets: 1,
    memoryBytes: 8 * 2 ** 30,
    firmware: 'BIOS',
    ha: true,
    disks,
    nics: vlan ? [{ mac: '52:54:00:00:00:01', vlanId: vlan.id, model: 'VIRTIO' }] : [],
  })
}

export function newVolume(world: World, name: string, sizeBytes: number, policy = DEFAULT_POLICY): Volume {
  const volume: Volume = {
    id: world.newId(),
    localId: `placeholder-${world.newId()}`,
    asyncStatus: 'CREATING',
    name,
    policy,
    content: createSparseDisk(sizeBytes),
  }
  world.volumes.set(volume.id, volume)
  return volume
}

function settle(world: World, volume: Volume): void {
  volume.localId = world.newId()
  volume.asyncStatus = null
  volume.lun = { id: world.newId(), zbsId: world.newId() }
}

/** A volume of its own with what the snapshot holds. */
export function copyOf(world: World, { frozen, bus, boot, index }: SnapshotDisk, name: string): VmDisk {
  const volume: Volume = {
    ...newVolume(world, `${name}-${index}`, frozen.sizeBytes),
    content: createSparseDisk(frozen.sizeBytes, frozen),
  }
  settle(world, volume)
  world.volumes.set(volume.id, volume)
  return { volumeId: volume.id, bus, boot, index }
}

export function removeVm(world: World, id: string): void {
  const vm = world.vms.get(id)
  if (!vm) return
  world.vms.delete(id)
  if (world.behaviour.vmTakesVolumes) for (const { volumeId } of vm.disks) world.volumes.delete(volumeId)
}
