// The descriptor of a VM from its backed-up configuration, as an import is asked for: processors, memory, firmware, controllers and disks.
// Network cards are left out: in a descriptor they have no address of their own. Pure over its input. Source: DMTF DSP0243, Open
// Virtualization Format 1.1, and VMware's additions to it as its own exports have them.
import type { Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { escapeXml } from '../xml.ts'
import { configUnusable } from './new-vm.ts'

export const ovfHandlers: Handlers = {
  'vmware-vsphere/import.descriptor': async (input) => {
    const { config, ...asked } = input as unknown as DescriptorInput
    const datastoreId = datastoreIn(devicesOf(config))
    return {
      descriptor: descriptorOf({ config, ...asked }),
      ...(datastoreId === undefined ? {} : { datastoreId }),
    }
  },
}

interface DescriptorInput {
  readonly name: string
  readonly config: JsonObject
  readonly files: readonly {
    readonly disk: string
    readonly sizeBytes: number
    readonly file: string
    readonly fileBytes: number
  }[]
}

/** CIM resource types, and the word for the kind of controller. */
const CONTROLLERS: Readonly<Record<string, { readonly resourceType: number; readonly subType?: string }>> = {
  ParaVirtualSCSIController: { resourceType: 6, subType: 'VirtualSCSI' },
  VirtualLsiLogicController: { resourceType: 6, subType: 'lsilogic' },
  VirtualLsiLogicSASController: { resourceType: 6, subType: 'lsilogicsas' },
  VirtualBusLogicController: { resourceType: 6, subType: 'buslogic' },
  VirtualAHCIController: { resourceType: 20, subType: 'vmware.sata.ahci' },
  VirtualNVMEController: { resourceType: 20, subType: 'vmware.nvme.controller' },
  VirtualIDEController: { resourceType: 5 },
}

const STREAM = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized'
const CIM = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2'

function descriptorOf({ name, config, files }: DescriptorInput): string {
  const hardware = isObject(config.hardware) ? config.hardware : {}
  const { numCPU, numCoresPerSocket, memoryMB } = hardware
  if (typeof numCPU !== 'number' || typeof memoryMB !== 'number') throw configUnusable('hardware')
  const devices = devicesOf(config)
  const disks = files.map((file, index) => ({ ...file, index, device: deviceNamed(devices, file.disk) }))
  const controllers = devices.filter(({ key }) => disks.some(({ device }) => device.controllerKey === key))
  const { guestId, version, firmware } = config
  const items = [
    item({ ElementName: 'processors', InstanceID: 1, ResourceType: 3, VirtualQuantity: numCPU }, coresOf(numCoresPerSocket)),
    item({ AllocationUnits: 'byte * 2^20', ElementName: 'memory', InstanceID: 2, ResourceType: 4, VirtualQuantity: memoryMB }),
    ...controllers.map(controllerItem),
    ...disks.map(({ index, device, disk }) =>
      item({
        AddressOnParent: Number(device.unitNumber ?? 0),
        ElementName: `disk ${disk}`,
        HostResource: `ovf:/disk/disk${index}`,
        InstanceID: FIRST_DISK + index,
        Parent: FIRST_CONTROLLER + controllers.findIndex(({ key }) => key === device.controllerKey),
        ResourceType: 17,
      }),
    ),
    ...(typeof firmware === 'string'
      ? [`<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="${escapeXml(firmware)}"/>`]
      : []),
  ]
  const systemType = typeof version === 'string' ? `<vssd:VirtualSystemType>${escapeXml(version)}</vssd:VirtualSystemType>` : ''
  const osType = typeof guestId === 'string' ? ` vmw:osType="${escapeXml(guestId)}"` : ''
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="${CIM}/CIM_ResourceAllocationSettingData" xmlns:vssd="${CIM}/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
<References>
${disks.map(({ index, file, fileBytes }) => `<File ovf:id="file${index}" ovf:href="${escapeXml(file)}" ovf:size="${fileBytes}"/>`).join('\n')}
</References>
<DiskSection><Info>Disks</Info>
${disks.map(({ index, sizeBytes }) => `<Disk ovf:diskId="disk${index}" ovf:fileRef="file${index}" ovf:capacity="${sizeBytes}" ovf:capacityAllocationUnits="byte" ovf:format="${STREAM}"/>`).join('\n')}
</DiskSection>
<VirtualSystem ovf:id="vm"><Info>A virtual machine</Info><Name>${escapeXml(name)}</Name>
<OperatingSystemSection ovf:id="1"${osType}><Info>Guest</Info></OperatingSystemSection>
<VirtualHardwareSection><Info>Hardware</Info>
<System><vssd:ElementName>Virtual Hardware Family</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>${systemType}</System>
${items.join('\n')}
</VirtualHardwareSection></VirtualSystem>
</Envelope>
`
}

const FIRST_CONTROLLER = 10
const FIRST_DISK = 100

/** Elements come in the order of their names. */
function item(fields: Readonly<Record<string, string | number>>, after = ''): string {
  const inside = Object.entries(fields).map(([name, value]) => `<rasd:${name}>${escapeXml(String(value))}</rasd:${name}>`)
  return `<Item>${inside.join('')}${after}</Item>`
}

const coresOf = (cores: Json | undefined): string =>
  typeof cores === 'number' ? `<vmw:CoresPerSocket ovf:required="false">${cores}</vmw:CoresPerSocket>` : ''

function controllerItem({ _typeName, busNumber }: JsonObject, index: number): string {
  const kind = CONTROLLERS[String(_typeName)]
  if (!kind) throw configUnusable(`a controller of type ${String(_typeName)}`)
  return item({
    Address: typeof busNumber === 'number' ? busNumber : 0,
    ElementName: `controller ${index}`,
    InstanceID: FIRST_CONTROLLER + index,
    ...(kind.subType === undefined ? {} : { ResourceSubType: kind.subType }),
    ResourceType: kind.resourceType,
  })
}

function devicesOf({ hardware }: JsonObject): readonly JsonObject[] {
  return isObject(hardware) && Array.isArray(hardware.device) ? hardware.device.filter(isObject) : []
}

function deviceNamed(devices: readonly JsonObject[], disk: string): JsonObject {
  const found = devices.find(({ key }) => String(key) === disk)
  if (!found) throw configUnusable(`disk ${disk}`)
  return found
}

/** Where the first of its disks was. */
function datastoreIn(devices: readonly JsonObject[]): string | undefined {
  for (const { backing } of devices) {
    const datastore = isObject(backing) ? backing.datastore : undefined
    if (isObject(datastore) && typeof datastore.value === 'string') return datastore.value
  }
  return undefined
}
