// Imports: what a descriptor would make, and the VM that an import begins to make of it. Only as much of a descriptor is read as Holdfast
// writes.
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { childNamed, type Element, parseXml } from '../../xml.ts'
import { importVm } from './leases.ts'
import { reference, VimFault, type World } from './model.ts'
import { PLACE } from './place.ts'
import { vmOfSpec } from './vms.ts'

interface Asked {
  readonly descriptor: string
  readonly poolId: string
  readonly datastoreId: string
  readonly name: string
}

const SUBTYPES: Readonly<Record<string, string>> = {
  VirtualSCSI: 'ParaVirtualSCSIController',
  lsilogic: 'VirtualLsiLogicController',
  lsilogicsas: 'VirtualLsiLogicSASController',
  'vmware.sata.ahci': 'VirtualAHCIController',
}

/** CreateImportSpec. What is wrong with the descriptor is told in the answer. [W19] */
export function importSpec(world: World, { descriptor, poolId, datastoreId, name }: Asked): JsonObject {
  if (poolId !== PLACE.poolId) throw new VimFault('InvalidArgument', 'A specified parameter was not correct: resourcePool')
  if (datastoreId !== PLACE.datastoreId) throw new VimFault('InvalidArgument', 'A specified parameter was not correct: datastore')
  if (world.behaviour.refusesImports) return refusal('The OVF package requires unsupported hardware.')
  const read = readDescriptor(descriptor)
  return typeof read === 'string' ? refusal(read) : answerFor(read, name)
}

const refusal = (message: string): JsonObject => ({
  _typeName: 'OvfCreateImportSpecResult',
  error: [{ _typeName: 'OvfUnsupportedPackage', faultstring: message }],
})

interface Disk {
  readonly index: number
  readonly parent: number
  readonly unit: number
  readonly capacityBytes: number
  readonly path: string
}

interface Described {
  readonly cpus: number
  readonly memoryMB: number
  readonly guestId: string
  readonly version: string
  readonly firmware: string
  readonly controllers: readonly { readonly instance: number; readonly typeName: string; readonly busNumber: number }[]
  readonly disks: readonly Disk[]
}

/** What it describes, or what is wrong with it. */
function readDescriptor(text: string): Described | string {
  const envelope = parseXml(text)
  const system = childNamed(envelope, 'VirtualSystem')
  const hardware = system && childNamed(system, 'VirtualHardwareSection')
  const items = (hardware?.children ?? []).filter(({ name }) => name === 'Item')
  const files = childrenOf(envelope, 'References')
  const disks = childrenOf(envelope, 'DiskSection').filter(({ name }) => name === 'Disk')
  const controllers = items
    .filter((item) => ['6', '20'].includes(fieldOf(item, 'ResourceType')))
    .map((item) => ({
      instance: Number(fieldOf(item, 'InstanceID')),
      typeName: SUBTYPES[fieldOf(item, 'ResourceSubType')] ?? '',
      busNumber: Number(fieldOf(item, 'Address')),
    }))
  if (controllers.some(({ typeName }) => typeName === '')) return 'Unsupported hardware family or controller.'
  const numberOf = (type: string): number =>
    Number(
      fieldOf(
        items.find((item) => fieldOf(item, 'ResourceType') === type),
        'VirtualQuantity',
      ),
    )
  const config = (hardware?.children ?? []).find(({ name }) => name === 'Config')
  const named = hardware && childNamed(hardware, 'System')
  return {
    cpus: numberOf('3'),
    memoryMB: numberOf('4'),
    guestId: attributeOf(system && childNamed(system, 'OperatingSystemSection'), 'osType'),
    version: (named && childNamed(named, 'VirtualSystemType')?.text) ?? '',
    firmware: attributeOf(config, 'value'),
    controllers,
    disks: items
      .filter((item) => fieldOf(item, 'ResourceType') === '17')
      .map((item, index) => {
        const disk = disks.find((each) => fieldOf(item, 'HostResource') === `ovf:/disk/${attributeOf(each, 'diskId')}`)
        const file = files.find((each) => attributeOf(each, 'id') === attributeOf(disk, 'fileRef'))
        return {
          index,
          parent: Number(fieldOf(item, 'Parent')),
          unit: Number(fieldOf(item, 'AddressOnParent')),
          capacityBytes: Number(attributeOf(disk, 'capacity')),
          path: attributeOf(file, 'href'),
        }
      }),
  }
}

const childrenOf = (element: Element, name: string): readonly Element[] => childNamed(element, name)?.children ?? []
const fieldOf = (item: Element | undefined, name: string): string => (item && childNamed(item, name)?.text) ?? ''
const attributeOf = (element: Element | undefined, name: string): string =>
  Object.entries(element?.attributes ?? {}).find(([key]) => key === name || key.endsWith(`:${name}`))?.[1] ?? ''

const deviceIdOf = (name: string, { index }: { readonly index: number }): string => `/${name}/disk-${index}`

function answerFor(read: Described, name: string): JsonObject {
  const { cpus, memoryMB, guestId, version, firmware, controllers, disks } = read
  return {
    _typeName: 'OvfCreateImportSpecResult',
    importSpec: {
      _typeName: 'VirtualMachineImportSpec',
      configSpec: {
        _typeName: 'VirtualMachineConfigSpec',
        name,
        version,
        guestId,
        files: { _typeName: 'VirtualMachineFileInfo', vmPathName: `[${PLACE.datastore}]` },
        numCPUs: cpus,
        memoryMB,
        deviceChange: [
          ...controllers.map(({ instance, typeName, busNumber }) => added({ _typeName: typeName, key: -instance, busNumber })),
          ...disks.map(({ index, parent, unit, capacityBytes }) =>
            added({
              _typeName: 'VirtualDisk',
              key: -(100 + index),
              controllerKey: -parent,
              unitNumber: unit,
              capacityInKB: capacityBytes / 1024,
            }),
          ),
        ],
        firmware,
      },
    },
    fileItem: disks.map((disk) => ({
      _typeName: 'OvfFileItem',
      deviceId: deviceIdOf(name, disk),
      path: disk.path,
      cimType: 17,
      create: false,
    })),
  }
}

const added = (device: JsonObject): JsonObject => ({ _typeName: 'VirtualDeviceConfigSpec', operation: 'add', device })

/** ImportVApp. */
export function importVApp(world: World, poolId: string, spec: Json | undefined, folderId: string): JsonObject {
  if (poolId !== PLACE.poolId) throw new VimFault('ManagedObjectNotFound', `There is no resource pool ${poolId}.`)
  if (folderId !== PLACE.folderId) throw new VimFault('InvalidArgument', 'A specified parameter was not correct: folder')
  if (world.behaviour.full) throw new VimFault('NoDiskSpace', 'Insufficient disk space on datastore datastore1.')
  const config = isObject(spec) && isObject(spec.configSpec) ? spec.configSpec : {}
  const vm = vmOfSpec(world, config)
  return importVm(world, vm, new Map(vm.disks.map(({ key }, index) => [deviceIdOf(vm.name, { index }), key])))
}

export const OVF_MANAGER = reference('OvfManager', 'ovfManager')
