// VMs: how they come into being, and how they go.
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { createSparseDisk } from '../../simulation/index.ts'
import { createGuest } from './guest.ts'
import { type Controller, type Nic, reference, VimFault, type Vm, type VmDisk, type World } from './model.ts'
import { PLACE } from './place.ts'
import { forget } from './snapshots.ts'
import { startTask } from './tasks.ts'
import { stun } from './tracking.ts'

export interface VmSpec {
  readonly name: string
  /** A disk each, empty. */
  readonly sizesBytes: readonly number[]
  readonly powerState?: Vm['powerState']
  readonly toolsRunning?: boolean
  /** Whether changed-block tracking is on, and in effect. */
  readonly tracked?: boolean
}

const FIRST_CONTROLLER = 1000
const FIRST_DISK = 2000
const FIRST_CARD = 4000
const UNITS = 16

/** A VM that is there already. */
export function vmFrom(world: World, { name, sizesBytes, powerState = 'poweredOn', toolsRunning = true, tracked }: VmSpec): Vm {
  const vm: Vm = {
    ...shell(world, name),
    powerState,
    toolsRunning,
    guestId: 'debian11_64Guest',
    version: 'vmx-19',
    cpus: 4,
    memoryMB: 8192,
    firmware: 'efi',
    controllers: [{ key: FIRST_CONTROLLER, typeName: 'ParaVirtualSCSIController', busNumber: 0 }],
    disks: sizesBytes.map((sizeBytes, index) =>
      diskAt(name, index, { controllerKey: FIRST_CONTROLLER, unit: index, bus: 0, sizeBytes }),
    ),
    nics: [{ key: FIRST_CARD, mac: '00:50:56:00:00:01', network: 'VM Network' }],
    trackingWanted: tracked ?? false,
  }
  world.vms.set(vm.id, vm)
  stun(world, vm)
  return vm
}

const shell = ({ newNumber, newUuid }: World, name: string) => ({
  id: `vm-${newNumber()}`,
  name,
  uuid: newUuid(),
  instanceUuid: newUuid(),
  folderId: PLACE.folderId,
  poolId: PLACE.poolId,
  connectionState: 'connected' as const,
  template: false,
  consolidationNeeded: false,
  currentSnapshotId: undefined,
  heldBy: undefined,
  guest: createGuest(),
})

interface Seat {
  readonly controllerKey: number
  readonly bus: number
  readonly unit: number
  readonly sizeBytes: number
}

const diskAt = (vmName: string, index: number, { controllerKey, bus, unit, sizeBytes }: Seat): VmDisk => ({
  key: FIRST_DISK + bus * UNITS + unit,
  label: `Hard disk ${index + 1}`,
  controllerKey,
  unitNumber: unit,
  file: `[${PLACE.datastore}] ${vmName}/${vmName}${index === 0 ? '' : `_${index}`}.vmdk`,
  mode: 'persistent',
  physicalMapping: false,
  content: createSparseDisk(sizeBytes),
})

/** CreateVM_Task. */
export function createVm(world: World, folderId: string, config: JsonObject, poolId: string): JsonObject {
  if (folderId !== PLACE.folderId) throw new VimFault('ManagedObjectNotFound', `There is no folder ${folderId}.`)
  if (poolId !== PLACE.poolId) throw new VimFault('InvalidArgument', 'A specified parameter was not correct: pool')
  return startTask(world, {
    operation: 'createVm',
    entity: { type: 'Folder', value: folderId },
    effect: () => {
      if (world.behaviour.full) throw new VimFault('NoDiskSpace', 'Insufficient disk space on datastore datastore1.')
      const vm = vmOfSpec(world, config)
      world.vms.set(vm.id, vm)
      return reference('VirtualMachine', vm.id)
    },
  })
}

/** What a specification says, wherever it has been meanwhile: over SOAP a list of one is no list, and a number is a text. */
export function vmOfSpec(world: World, config: JsonObject): Vm {
  const name = textOf(config.name)
  if ([...world.vms.values()].some((vm) => vm.name === name))
    throw new VimFault('DuplicateName', `The name '${name}' already exists.`, { name })
  const changes = [config.deviceChange ?? []].flat().filter(isObject)
  const devices = changes.flatMap(({ device }) => (isObject(device) ? [device] : []))
  const controllers = devices
    .filter(({ _typeName }) => textOf(_typeName).endsWith('Controller'))
    .map((device, index) => ({ given: device.key, controller: controllerAt(device, index) }))
  return {
    ...shell(world, name),
    powerState: 'poweredOff',
    toolsRunning: false,
    guestId: textOf(config.guestId),
    version: textOf(config.version),
    cpus: numberOf(config.numCPUs),
    memoryMB: numberOf(config.memoryMB),
    firmware: config.firmware === 'bios' ? 'bios' : 'efi',
    controllers: controllers.map(({ controller }) => controller),
    disks: devices
      .filter(({ _typeName }) => _typeName === 'VirtualDisk')
      .map((device, index) => {
        const seat = controllers.find(({ given }) => given === device.controllerKey)
        if (!seat) throw new VimFault('InvalidDeviceSpec', 'Invalid configuration for a device: there is no such controller.')
        return diskAt(name, index, {
          controllerKey: seat.controller.key,
          bus: seat.controller.busNumber,
          unit: numberOf(device.unitNumber),
          sizeBytes: numberOf(device.capacityInKB) * 1024,
        })
      }),
    nics: devices.filter(({ macAddress }) => typeof macAddress === 'string').map(cardAt),
    trackingWanted: false,
  }
}

const controllerAt = ({ _typeName, busNumber }: JsonObject, index: number): Controller => ({
  key: FIRST_CONTROLLER + index,
  typeName: textOf(_typeName),
  busNumber: numberOf(busNumber),
})

const cardAt = ({ macAddress, backing }: JsonObject, index: number): Nic => ({
  key: FIRST_CARD + index,
  mac: textOf(macAddress),
  network: isObject(backing) ? textOf(backing.deviceName) : '',
})

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const numberOf = (value: Json | undefined): number => (typeof value === 'number' || typeof value === 'string' ? Number(value) : 0)

export function powerOn(world: World, vm: Vm): JsonObject {
  if (vm.powerState === 'poweredOn') throw new VimFault('InvalidPowerState', `${vm.name} is powered on.`)
  return startTask(world, {
    operation: 'powerOnVm',
    vm,
    entity: { type: 'VirtualMachine', value: vm.id },
    effect: () => {
      vm.powerState = 'poweredOn'
      stun(world, vm)
      return undefined
    },
  })
}

export function destroy(world: World, vm: Vm): JsonObject {
  if (vm.powerState !== 'poweredOff') throw new VimFault('InvalidPowerState', `${vm.name} is not powered off.`)
  return startTask(world, {
    operation: 'destroyVm',
    vm,
    entity: { type: 'VirtualMachine', value: vm.id },
    effect: () => {
      world.vms.delete(vm.id)
      for (const snapshot of world.snapshots.values()) if (snapshot.vmId === vm.id) forget(world, snapshot)
      return undefined
    },
  })
}

/** ReconfigVM_Task, as far as changed-block tracking goes. */
export function reconfigure(world: World, vm: Vm, spec: JsonObject): JsonObject {
  return startTask(world, {
    operation: 'reconfigVm',
    vm,
    entity: { type: 'VirtualMachine', value: vm.id },
    effect: () => {
      if (typeof spec.changeTrackingEnabled !== 'boolean') return undefined
      // [W7]
      if (spec.changeTrackingEnabled && vm.currentSnapshotId !== undefined) {
        throw new VimFault('InvalidState', 'Tracking cannot be switched on while there is a snapshot.')
      }
      vm.trackingWanted = spec.changeTrackingEnabled
      return undefined
    },
  })
}
