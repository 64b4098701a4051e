// What each operation of the OpenAPI slice does. Nothing is answered where the API has nothing to say.
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { describeConfig, describeSummary } from './describe.ts'
import { admitToGuest, type GuestLogin, listProcesses, startProgram } from './guest.ts'
import { importSpec, importVApp, OVF_MANAGER } from './imports.ts'
import { ROOT, retrieveProperties } from './inventory.ts'
import { abort, complete, describeLease, exportSnapshot, leaseOf, renew } from './leases.ts'
import { reference, snapshotOf, VimFault, vmOf, type World } from './model.ts'
import { PLACE } from './place.ts'
import { consolidate, removeSnapshot, snapshotTree, takeSnapshot } from './snapshots.ts'
import { describeTask } from './tasks.ts'
import { changedAreas } from './tracking.ts'
import { createVm, destroy, powerOn, reconfigure } from './vms.ts'

/** `id` is the object's; the body fits its schema. */
export type OperationOf = (world: World, id: string, body: JsonObject, guestPassword: string) => Json | undefined

export const SINGLETONS = {
  rootFolder: ROOT,
  propertyCollector: reference('PropertyCollector', 'propertyCollector'),
  sessionManager: reference('SessionManager', 'SessionManager'),
  searchIndex: reference('SearchIndex', 'SearchIndex'),
  guestOperationsManager: reference('GuestOperationsManager', 'guestOperationsManager'),
  ovfManager: OVF_MANAGER,
}

export const serviceContent = (): JsonObject => ({
  _typeName: 'ServiceContent',
  rootFolder: SINGLETONS.rootFolder,
  propertyCollector: SINGLETONS.propertyCollector,
  about: { _typeName: 'AboutInfo', apiType: 'VirtualCenter', apiVersion: '8.0.1.0', instanceUuid: 'simulated' },
  sessionManager: SINGLETONS.sessionManager,
  searchIndex: SINGLETONS.searchIndex,
  guestOperationsManager: SINGLETONS.guestOperationsManager,
  ovfManager: SINGLETONS.ovfManager,
})

export const operations: Readonly<Record<string, OperationOf>> = {
  getTaskInfo: (world, id) => describeTask(world, id),

  findByInventoryPath: (world, _, { inventoryPath }) =>
    vmNamed(world, ({ name }) => `${PLACE.datacenter}/vm/${name}` === String(inventoryPath).replace(/^\//, '')),
  findChild: (world, _, { entity, name }) => vmNamed(world, (vm) => vm.folderId === idIn(entity) && vm.name === name),
  retrieveProperties: (world, _, { specSet }) => retrieveProperties(world, specSet),
  getVmSummary: (world, id) => describeSummary(vmOf(world, id)),
  getVmConfig: (world, id) => describeConfig(vmOf(world, id)),
  getVmParent: (world, id) => reference('Folder', vmOf(world, id).folderId),
  getVmResourcePool: (world, id) => (vmOf(world, id).template ? undefined : reference('ResourcePool', vmOf(world, id).poolId)),

  reconfigVm: (world, id, { spec }) => reconfigure(world, vmOf(world, id), isObject(spec) ? spec : {}),
  queryChangedDiskAreas: (world, id, { snapshot, deviceKey, startOffset, changeId }) =>
    changedAreas(world, vmOf(world, id), snapshotOf(world, idIn(snapshot)), {
      deviceKey: Number(deviceKey),
      startOffset: Number(startOffset),
      changeId: String(changeId),
    }),

  getVmSnapshots: (world, id) => snapshotTree(world, vmOf(world, id)),
  getSnapshotConfig: (world, id) => snapshotOf(world, id).config,
  createSnapshotEx: (world, id, { name, description, quiesceSpec }) =>
    takeSnapshot(world, vmOf(world, id), {
      name: String(name),
      description: typeof description === 'string' ? description : '',
      ...(isObject(quiesceSpec) ? { quiesceMinutes: Number(quiesceSpec.timeout ?? 5) } : {}),
    }),
  removeSnapshot: (world, id) => removeSnapshot(world, id),
  consolidateVmDisks: (world, id) => consolidate(world, vmOf(world, id)),

  getGuestProcessManager: () => reference('GuestProcessManager', 'guestOperationsProcessManager'),
  startProgramInGuest: (world, _, { vm, auth, spec }, guestPassword) => {
    const on = vmOf(world, idIn(vm))
    admitToGuest(on, loginIn(auth), guestPassword)
    const { programPath, arguments: given } = isObject(spec) ? spec : {}
    return startProgram(world, on, { programPath: String(programPath), arguments: String(given) })
  },
  listProcessesInGuest: (world, _, { vm, auth, pids }, guestPassword) => {
    const on = vmOf(world, idIn(vm))
    admitToGuest(on, loginIn(auth), guestPassword)
    return listProcesses(world, on, Array.isArray(pids) ? pids.map(Number) : [])
  },

  exportSnapshot: (world, id) => exportSnapshot(world, snapshotOf(world, id)),
  getLeaseState: (world, id) => leaseOf(world, id).state,
  getLeaseInfo: (world, id) => describeLease(world, id),
  leaseProgress: (world, id) => renew(world, id),
  leaseComplete: (world, id) => complete(world, id),
  leaseAbort: (world, id) => abort(world, id),

  createImportSpec: (world, _, { ovfDescriptor, resourcePool, datastore, cisp }) =>
    importSpec(world, {
      descriptor: String(ovfDescriptor),
      poolId: idIn(resourcePool),
      datastoreId: idIn(datastore),
      name: String(isObject(cisp) ? cisp.entityName : ''),
    }),
  importVApp: (world, id, { spec, folder }) => importVApp(world, id, spec, idIn(folder)),

  createVm: (world, id, { config, pool }) => createVm(world, id, isObject(config) ? config : {}, idIn(pool)),
  powerOnVm: (world, id) => powerOn(world, vmOf(world, id)),
  destroyVm: (world, id) => destroy(world, vmOf(world, id)),
}

function vmNamed(
  { vms }: World,
  fits: (vm: { readonly name: string; readonly folderId: string }) => boolean,
): JsonObject | undefined {
  const vm = [...vms.values()].find(fits)
  return vm && reference('VirtualMachine', vm.id)
}

function idIn(value: Json | undefined): string {
  if (isObject(value) && typeof value.value === 'string') return value.value
  throw new VimFault('InvalidArgument', 'A specified parameter was not correct.')
}

const loginIn = (auth: Json | undefined): GuestLogin =>
  isObject(auth) ? { username: String(auth.username), password: String(auth.password) } : { username: '', password: '' }
