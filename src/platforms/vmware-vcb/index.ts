// VMware Consolidated Backup in code: its commands on a proxy, one handler for each action, and the simulator on demand.
import type { TargetRef } from '../../language/index.ts'
import type { ActionContext, ActionHandler } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import type { Platform } from '../platform.ts'
import { createFolder, findFolder, layOut, listFolders, readImage, removeFolder, restoreImage } from './image.ts'
import { type Form, findMount, listMounts, mountSnapshot, readVolumes, unmount } from './mounts.ts'
import { proxyOf, type VcbProxy } from './proxy.ts'
import { createSnapshot, findSnapshot, removeSnapshot } from './snapshots.ts'
import { listVms } from './vms.ts'

// Inputs have been checked against the manifest; these say the same to the compiler.
interface OnVm {
  readonly vmId: string
  readonly name: string
}
interface OnSnapshot {
  readonly name: string
  readonly snapshot: { readonly snapshotId: string }
}
interface OnFolder {
  readonly folder: string
}

export const vmwareVcb: Platform = {
  pack: 'vmware-vcb',
  handlers: {
    'vmware-vcb/vm.find': onProxy(async (proxy, { selector }) => {
      const vms = await listVms(proxy, String(selector))
      const { vmId = '', name = '', uuid = '', ipaddr = '' } = vms[0] ?? {}
      return { count: vms.length, vmId, name, uuid, ipaddr }
    }),
    'vmware-vcb/snapshot.create': onProxy((proxy, input) => createSnapshot(proxy, vm(input).vmId, vm(input).name)),
    'vmware-vcb/snapshot.find': onProxy((proxy, input) => findSnapshot(proxy, vm(input).vmId, vm(input).name)),
    'vmware-vcb/snapshot.remove': onProxy((proxy, { vmId, snapshotId }) =>
      removeSnapshot(proxy, String(vmId), String(snapshotId)),
    ),
    'vmware-vcb/snapshot.destroy': onProxy((proxy, { vmId, snapshotId }) =>
      removeSnapshot(proxy, String(vmId), String(snapshotId)),
    ),
    'vmware-vcb/image.export': onProxy((proxy, input) => mountSnapshot(proxy, mount(input, 'fullvm'))),
    'vmware-vcb/image.findExport': onProxy((proxy, input) => findMount(proxy, mount(input, 'fullvm'))),
    'vmware-vcb/image.read': onProxy((proxy, input) => readImage(proxy, folder(input))),
    'vmware-vcb/volumes.mount': onProxy((proxy, input) => mountSnapshot(proxy, mount(input, 'file'))),
    'vmware-vcb/volumes.findMount': onProxy((proxy, input) => findMount(proxy, mount(input, 'file'))),
    'vmware-vcb/volumes.read': onProxy(async (proxy, input) => ({ folders: [...(await readVolumes(proxy, folder(input)))] })),
    'vmware-vcb/mount.remove': onProxy((proxy, input) => unmount(proxy, folder(input))),
    'vmware-vcb/mount.destroy': onProxy((proxy, input) => unmount(proxy, folder(input))),
    'vmware-vcb/mount.list': onProxy(async (proxy, { name }) => ({ folders: [...(await listMounts(proxy, String(name)))] })),
    'vmware-vcb/folder.create': onProxy((proxy, input) => createFolder(proxy, folder(input))),
    'vmware-vcb/folder.find': onProxy((proxy, input) => findFolder(proxy, folder(input))),
    'vmware-vcb/folder.list': onProxy((proxy) => listFolders(proxy)),
    'vmware-vcb/folder.remove': onProxy((proxy, input) => removeFolder(proxy, folder(input))),
    'vmware-vcb/image.layOut': onProxy((proxy, input) =>
      layOut(proxy, folder(input), input.config as JsonObject, String(input.name)),
    ),
    'vmware-vcb/image.restore': onProxy((proxy, input) => restoreImage(proxy, folder(input))),
  },
  logins: {},
  simulator: async () => (await import('./simulator/index.ts')).simulator,
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
  demo: async () => (await import('./simulator/index.ts')).startDemo,
}

function onProxy(call: (proxy: VcbProxy, input: JsonObject) => Promise<JsonObject>): ActionHandler {
  return (input: JsonObject, context: ActionContext) =>
    call(proxyOf(context.connection(input.proxy as unknown as TargetRef), context), input)
}

const vm = (input: JsonObject): OnVm => input as unknown as OnVm
const folder = (input: JsonObject): string => (input as unknown as OnFolder).folder

function mount(input: JsonObject, form: Form) {
  const { name, snapshot } = input as unknown as OnSnapshot
  return { name, snapshotId: snapshot.snapshotId, form }
}
