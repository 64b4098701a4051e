// VMs as the API shows them: listed, in detail, and as the configuration that a snapshot keeps and a restore gives back.
import { isObject, type JsonObject } from '../../../values/index.ts'
import { createDisk } from './disk.ts'
import { describeHotAdded, hotAddedTo } from './hot-add.ts'
import { Refusal, type Vm, type VmDisk, type VmTraits, type World } from './model.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20

export function vmOf(world: World, serverId: string): Vm {
  const vm = world.vms.get(serverId)
  if (!vm || vm.visibleAt > world.clock.now()) throw new Refusal(404, `The virtual machine ${serverId} does not exist.`)
  return vm
}

export const visibleVms = (world: World): Vm[] => [...world.vms.values()].filter((vm) => vm.visibleAt <= world.clock.now())

export const listed = (world: World, vm: Vm): JsonObject => ({
  id: vm.id,
  name: vm.name,
  status: vm.status,
  power_state: vm.status === 'running' ? 'on' : 'off',
  az_id: world.azId,
  host_id: vm.hostId,
  os_name: vm.osName,
  storage_id: vm.storageId,
})

export function detail(world: World, vm: Vm): JsonObject {
  const storage = world.storages.get(vm.storageId)
  return {
    id: vm.id,
    name: vm.name,
    status: vm.status,
    az_id: world.azId,
    cluster_id: world.clusterId,
    host_id: vm.hostId,
    storage_location: vm.storageId,
    storage_name: storage?.name ?? '',
    storage_type: storage?.type ?? '',
    cores: vm.cores,
    sockets: 1,
    memory_mb: vm.memoryMb,
    os_name: vm.osName,
    vm_type: vm.traits.vmType ?? 'vm',
    application: vm.traits.application ?? 'COMPUTE_SCENARIO',
    turbo_mode_enabled: vm.traits.turbo ? 1 : 0,
    revert_mode: vm.traits.reverts ? 1 : 0,
    instant_vm: vm.backing.length > 0 ? 1 : 0,
    vtool_installed: Number.isFinite(vm.toolsAt) ? 1 : 0,
    vtool_running: vm.status === 'running' && vm.toolsAt <= world.clock.now() ? 1 : 0,
    disks: [
      ...vm.disks.map(({ id, storageId, disk, type }, index) => ({
        id,
        storage_id: storageId,
        storage_file: `${storageId}:vm-disk-${index + 1}.qcow2`,
        size_mb: disk.sizeBytes / MIB,
        use_virtio: 1,
        type,
      })),
      ...hotAddedTo(world, vm.id).map(describeHotAdded),
    ],
  }
}

/** Disks of other kinds are passed through to the guest, and no snapshot of the VM holds them. */
export const isInSnapshots = ({ type }: VmDisk): boolean => !['physical_disk', 'rdm_disk', 'share_disk'].includes(type)

/** `vmconf` of a snapshot. */
export const configOf = (vm: Vm): JsonObject => ({
  name: vm.name,
  host_id: 'cluster',
  datastore_id: vm.storageId,
  application: 'COMPUTE_SCENARIO',
  compatibility_version: { vmx_version: '1', src_hci_version: '6.11.1' },
  os_option: { arch: 'x86_64', kernel_name: 'linux', distribution_name: vm.osName },
  advanced_option: { tpm_enabled: vm.traits.tpm ?? false, uuid: vm.id, turbo_mode_enabled: false },
  hardware_option: {
    cpu: { sockets: 1, cores: vm.cores },
    memory: { size_gb: vm.memoryMb / 1024 },
    bios: { bios_type: vm.traits.customBios ? 'CUSTOM' : 'SEABIOS' },
    disks: vm.disks.filter(isInSnapshots).map(({ id, disk }) => ({
      device_id: id,
      disk_type: 'VIRTUALDISK',
      adapter_type: 'VIRTIO',
      size_gb: disk.sizeBytes / GIB,
    })),
    network_adapters: [{ vif_id: 'net0', mac_address: 'fe:fc:fe:00:00:01', type: 'VIRTIO', connected: 1 }],
  },
})

/** A powered-off VM with empty disks, as `servers/config` makes it. */
export function vmFromConfig(world: World, id: string, config: JsonObject): Vm {
  const storageId = String(config.datastore_id)
  if (!world.storages.has(storageId)) throw new Refusal(400, `The storage ${storageId} does not exist.`)
  const hardware = isObject(config.hardware_option) ? config.hardware_option : {}
  const cpu = isObject(hardware.cpu) ? hardware.cpu : {}
  const memory = isObject(hardware.memory) ? hardware.memory : {}
  const disks = (Array.isArray(hardware.disks) ? hardware.disks : []).filter(isObject)
  const os = isObject(config.os_option) ? config.os_option : {}
  return {
    id,
    hciId: hciIdOf(world),
    name: String(config.name),
    status: 'stopped',
    hostId: hostFor(world, storageId),
    storageId,
    osName: String(os.distribution_name ?? 'Other'),
    cores: Number(cpu.cores ?? 1),
    memoryMb: Number(memory.size_gb ?? 1) * 1024,
    disks: disks.map((disk) => ({
      id: String(disk.device_id),
      storageId,
      disk: createDisk(Math.round(Number(disk.size_gb) * GIB)),
      type: 'new_disk',
    })),
    tracking: { version: 1, epoch: 1, expired: false },
    quiesces: false,
    toolsAt: 0,
    traits: traitsIn(hardware, config),
    files: new Map(),
    backing: [],
    visibleAt: world.clock.now() + world.behaviour.visibleAfterMs,
  }
}

/** A VM made from a configuration has what it says; the files come by calls of their own. */
function traitsIn({ bios }: JsonObject, { advanced_option: advanced }: JsonObject): VmTraits {
  return {
    customBios: isObject(bios) && bios.bios_type === 'CUSTOM',
    tpm: isObject(advanced) && advanced.tpm_enabled === true,
  }
}

/** What `servers/{id}/config` changes of a VM that is there. */
export function configure(vm: Vm, config: JsonObject): void {
  if (vm.status !== 'stopped') throw new Refusal(400, 'The virtual machine must be powered off.')
  const { cpu, memory } = isObject(config.hardware_option) ? config.hardware_option : {}
  if (isObject(cpu)) vm.cores = Number(cpu.cores ?? vm.cores)
  if (isObject(memory)) vm.memoryMb = Number(memory.size_gb ?? vm.memoryMb / 1024) * 1024
}

export const hciIdOf = (world: World): string => String(4_710_000_000_000 + world.vms.size)

export const hostFor = (world: World, storageId: string): string => world.storages.get(storageId)?.hostIds[0] ?? ''
