// The specification of a VM from its backed-up configuration: the same processors, memory, firmware, controllers and disks, the disks empty.
// Pure over its input. Source: VI JSON, VirtualMachineConfigSpec.
import { ActionFailure, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export const newVmHandlers: Handlers = {
  'vmware-vsphere/newVm.spec': async (input) => ({ spec: specOf(input as unknown as SpecInput) }),
}

interface SpecInput {
  readonly name: string
  readonly datastore?: string
  readonly config: JsonObject
  readonly disks: readonly { readonly disk: string; readonly sizeBytes: number }[]
  readonly connectNetwork: boolean
}

function specOf({ name, datastore, config, disks, connectNetwork }: SpecInput): JsonObject {
  const { guestId, version, firmware } = config
  const hardware = isObject(config.hardware) ? config.hardware : {}
  const devices = Array.isArray(hardware.device) ? hardware.device.filter(isObject) : []
  const { numCPU, numCoresPerSocket, memoryMB } = hardware
  const place = datastore === undefined ? datastoreIn(config) : `[${datastore}]`
  if (typeof numCPU !== 'number' || typeof memoryMB !== 'number' || place === undefined) throw configUnusable('hardware')
  const kept = disks.map((disk) => diskDevice(devices, disk))
  const controllers = controllersOf(devices, kept)
  const cards = connectNetwork ? devices.filter(({ macAddress }) => typeof macAddress === 'string') : []
  return {
    _typeName: 'VirtualMachineConfigSpec',
    name,
    ...textFields({ version, guestId }),
    files: { _typeName: 'VirtualMachineFileInfo', vmPathName: place },
    numCPUs: numCPU,
    ...(typeof numCoresPerSocket === 'number' ? { numCoresPerSocket } : {}),
    memoryMB,
    deviceChange: [
      ...controllers.map(added),
      ...kept.map((device) => ({ ...added(device), fileOperation: 'create' })),
      ...cards.map(card),
    ],
    ...textFields({ firmware }),
  }
}

const textFields = (fields: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [[name, value]] : [])),
  )

/** `[datastore1] erp-db/erp-db.vmx`: the folder is the platform's to choose. */
function datastoreIn({ files }: JsonObject): string | undefined {
  const path = isObject(files) ? files.vmPathName : undefined
  return typeof path === 'string' ? /^\[[^\]]+\]/.exec(path)?.[0] : undefined
}

interface Device extends JsonObject {
  readonly key: number
}

/** New devices carry negative keys of the caller's choice; the server gives its own. */
const newKey = (key: Json | undefined): number => (typeof key === 'number' ? -Math.abs(key) : -1)

function diskDevice(devices: readonly JsonObject[], { disk, sizeBytes }: SpecInput['disks'][number]): Device {
  const device = devices.find(({ key }) => String(key) === disk)
  if (!device) throw configUnusable(`disk ${disk}`)
  const backing = isObject(device.backing) ? device.backing : {}
  return {
    _typeName: 'VirtualDisk',
    key: newKey(device.key),
    backing: {
      _typeName: 'VirtualDiskFlatVer2BackingInfo',
      // Empty: the platform names the file.
      fileName: '',
      diskMode: 'persistent',
      thinProvisioned: backing.thinProvisioned !== false,
    },
    controllerKey: newKey(device.controllerKey),
    ...(typeof device.unitNumber === 'number' ? { unitNumber: device.unitNumber } : {}),
    capacityInKB: Math.ceil(sizeBytes / 1024),
  }
}

/** IDE controllers (200, 201) are there by themselves and may not be added. */
function controllersOf(devices: readonly JsonObject[], disks: readonly Device[]): readonly Device[] {
  const needed = devices.filter(({ key }) => disks.some(({ controllerKey }) => controllerKey === newKey(key)))
  return needed
    .filter(({ _typeName }) => _typeName !== 'VirtualIDEController')
    .map(({ _typeName, key, busNumber, sharedBus }) => ({
      ...textFields({ _typeName }),
      key: newKey(key),
      ...(typeof busNumber === 'number' ? { busNumber } : {}),
      ...textFields({ sharedBus }),
    }))
}

const added = (device: JsonObject): JsonObject => ({ _typeName: 'VirtualDeviceConfigSpec', operation: 'add', device })

function card({ _typeName, key, backing, macAddress }: JsonObject): JsonObject {
  const deviceName = isObject(backing) ? backing.deviceName : undefined
  return added({
    ...textFields({ _typeName }),
    key: newKey(key),
    backing: { _typeName: 'VirtualEthernetCardNetworkBackingInfo', ...textFields({ deviceName }) },
    addressType: 'manual',
    ...textFields({ macAddress }),
  })
}

export const configUnusable = (what: string): ActionFailure =>
  new ActionFailure({
    type: 'configUnusable',
    message: `the backed-up configuration does not say enough of ${what}`,
    retryable: false,
    applied: 'no',
  })
