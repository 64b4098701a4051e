// Objects as the API shows them.
import type { JsonObject } from '../../../values/index.ts'
import { type Controller, type Nic, reference, type SnapshotDisk, type Vm, type VmDisk } from './model.ts'
import { PLACE } from './place.ts'

export const describeSummary = (vm: Vm): JsonObject => ({
  _typeName: 'VirtualMachineSummary',
  vm: reference('VirtualMachine', vm.id),
  runtime: {
    _typeName: 'VirtualMachineRuntimeInfo',
    connectionState: vm.connectionState,
    powerState: vm.powerState,
    consolidationNeeded: vm.consolidationNeeded,
  },
  guest: {
    _typeName: 'VirtualMachineGuestSummary',
    guestId: vm.guestId,
    toolsRunningStatus: vm.toolsRunning ? 'guestToolsRunning' : 'guestToolsNotRunning',
  },
  config: {
    _typeName: 'VirtualMachineConfigSummary',
    name: vm.name,
    template: vm.template,
    vmPathName: pathOf(vm),
    memorySizeMB: vm.memoryMB,
    numCpu: vm.cpus,
    uuid: vm.uuid,
    instanceUuid: vm.instanceUuid,
    guestId: vm.guestId,
  },
})

const pathOf = ({ name }: Vm): string => `[datastore1] ${name}/${name}.vmx`

/** Now, or as a snapshot holds it: change ids are those of a snapshot. */
export const describeConfig = (vm: Vm, held?: ReadonlyMap<number, SnapshotDisk>): JsonObject => ({
  _typeName: 'VirtualMachineConfigInfo',
  changeVersion: '1',
  name: vm.name,
  guestId: vm.guestId,
  version: vm.version,
  uuid: vm.uuid,
  instanceUuid: vm.instanceUuid,
  template: vm.template,
  files: { _typeName: 'VirtualMachineFileInfo', vmPathName: pathOf(vm) },
  hardware: {
    _typeName: 'VirtualHardware',
    numCPU: vm.cpus,
    numCoresPerSocket: 1,
    memoryMB: vm.memoryMB,
    device: [
      { _typeName: 'VirtualIDEController', key: 200, busNumber: 0 },
      ...vm.controllers.map(controllerOf),
      ...vm.disks.map((disk) => diskOf(disk, held?.get(disk.key)?.changeId)),
      {
        _typeName: 'VirtualCdrom',
        key: 3000,
        controllerKey: 200,
        unitNumber: 0,
        deviceInfo: { label: 'CD/DVD drive 1', summary: '' },
      },
      ...vm.nics.map(nicOf),
    ],
  },
  changeTrackingEnabled: vm.trackingWanted,
  firmware: vm.firmware,
})

const controllerOf = ({ key, typeName, busNumber }: Controller): JsonObject => ({
  _typeName: typeName,
  key,
  deviceInfo: { label: `SCSI controller ${busNumber}`, summary: '' },
  busNumber,
  sharedBus: 'noSharing',
})

const diskOf = (disk: VmDisk, changeId: string | undefined): JsonObject => ({
  _typeName: 'VirtualDisk',
  key: disk.key,
  deviceInfo: { label: disk.label, summary: '' },
  backing: {
    _typeName: disk.physicalMapping ? 'VirtualDiskRawDiskMappingVer1BackingInfo' : 'VirtualDiskFlatVer2BackingInfo',
    fileName: disk.file,
    diskMode: disk.mode,
    datastore: reference('Datastore', PLACE.datastoreId),
    ...(disk.physicalMapping ? { compatibilityMode: 'physicalMode' } : { thinProvisioned: true }),
    ...(changeId === undefined ? {} : { changeId }),
  },
  controllerKey: disk.controllerKey,
  unitNumber: disk.unitNumber,
  capacityInKB: disk.content.sizeBytes / 1024,
  capacityInBytes: disk.content.sizeBytes,
})

const nicOf = ({ key, mac, network }: Nic): JsonObject => ({
  _typeName: 'VirtualVmxnet3',
  key,
  deviceInfo: { label: 'Network adapter 1', summary: '' },
  backing: { _typeName: 'VirtualEthernetCardNetworkBackingInfo', deviceName: network },
  addressType: 'assigned',
  macAddress: mac,
})
