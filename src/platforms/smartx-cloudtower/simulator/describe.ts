// Objects as the API shows them.
import type { JsonObject } from '../../../values/index.ts'
import type { Snapshot, Vm, VmNic, Volume, World } from './model.ts'

export const clusterOf = ({ clusterId }: World): JsonObject => ({ id: clusterId, name: 'cluster-1' })

export const describeVm = (world: World, vm: Vm): JsonObject => ({
  id: vm.id,
  local_id: vm.localId,
  name: vm.name,
  description: '',
  status: vm.status,
  vm_tools_status: vm.toolsStatus,
  vcpu: vm.cores * vm.sockets,
  cpu: { cores: vm.cores, sockets: vm.sockets },
  memory: vm.memoryBytes,
  firmware: vm.firmware,
  ha: vm.ha,
  clock_offset: 'UTC',
  win_opt: false,
  guest_os_type: 'LINUX',
  cluster: clusterOf(world),
  // These ids stand for a link, and are others at each synchronisation. [X10]
  vm_disks: vm.disks.map(() => ({ id: world.newId() })),
  vm_nics: vm.nics.map(() => ({ id: world.newId() })),
  internal: false,
  in_recycle_bin: vm.inRecycleBin,
  entityAsyncStatus: vm.asyncStatus,
})

export const describeVolume = (world: World, { id, localId, name, policy, lun, content, asyncStatus }: Volume): JsonObject => ({
  id,
  local_id: localId,
  name,
  size: content.sizeBytes,
  mounting: [...world.vms.values()].some((vm) => vm.disks.some(({ volumeId }) => volumeId === id)),
  sharing: false,
  elf_storage_policy: policy,
  cluster: clusterOf(world),
  lun: lun ? { id: lun.id, name } : null,
  entityAsyncStatus: asyncStatus,
})

export const describeLun = ({ name, lun, content }: Volume): JsonObject[] =>
  lun ? [{ id: lun.id, name, local_id: lun.zbsId, zbs_volume_id: lun.zbsId, assigned_size: content.sizeBytes }] : []

export const describeSnapshot = (world: World, snapshot: Snapshot): JsonObject => ({
  id: snapshot.id,
  local_id: snapshot.localId,
  name: snapshot.name,
  consistent_type: snapshot.consistent,
  // It outlives its VM.
  vm: world.vms.has(snapshot.vmId) ? { id: snapshot.vmId, name: snapshot.vm.name } : null,
  cluster: clusterOf(world),
  snapshot_group: null,
  vcpu: snapshot.vm.cores * snapshot.vm.sockets,
  cpu: { cores: snapshot.vm.cores, sockets: snapshot.vm.sockets },
  memory: snapshot.vm.memoryBytes,
  firmware: snapshot.vm.firmware,
  ha: snapshot.vm.ha,
  entityAsyncStatus: snapshot.asyncStatus,
  vm_disks: snapshot.disks.length === 0 ? [] : [...snapshot.disks.map(diskOf), CD_ROM],
  vm_nics: snapshot.vm.nics.map((nic, index) => nicOf(world, nic, index)),
})

const diskOf = ({ bus, boot, index, frozen, lunSnapshotName, volumeLocalId }: Snapshot['disks'][number]): JsonObject => ({
  type: 'DISK',
  bus,
  boot,
  index,
  size: frozen.sizeBytes,
  path: `iscsi://iqn.2016-02.com.smartx:system:zbs-iscsi-datastore/${index}`,
  snapshot_local_id: lunSnapshotName,
  vm_volume_local_id: volumeLocalId,
  storage_policy_uuid: 'policy-1',
})

/** [X13] */
const CD_ROM: JsonObject = {
  type: 'CD_ROM',
  bus: 'IDE',
  boot: 99,
  index: 99,
  size: 0,
  path: '',
  snapshot_local_id: null,
  vm_volume_local_id: '',
  storage_policy_uuid: '',
}

function nicOf({ vlans }: World, { mac, vlanId, model }: VmNic, index: number): JsonObject {
  const vlan = vlans.find(({ id }) => id === vlanId)
  return {
    mac_address: mac,
    ip_address: '',
    index,
    enabled: true,
    model,
    vlan: { vlan_local_id: vlan?.localId ?? '', vlan_id: vlan?.vlanId ?? 0, name: vlan?.name ?? '' },
  }
}

/** Newest first, so that nobody relies on an order. [X11, X14] */
export const describeLunSnapshots = ({ snapshots, clock }: World): JsonObject[] =>
  [...snapshots.values()]
    .filter(({ lunsVisibleAt }) => lunsVisibleAt <= clock.now())
    .flatMap(({ disks }) =>
      disks.map(({ lunSnapshotId, lunSnapshotName, zbsId, frozen }) => ({
        id: lunSnapshotId,
        name: lunSnapshotName,
        local_id: zbsId,
        unique_size: frozen.sizeBytes,
        entityAsyncStatus: null,
      })),
    )
    .reverse()
