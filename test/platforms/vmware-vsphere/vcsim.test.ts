// The SOAP binding against a server that is not ours: session, inventory, settings, snapshots, tasks, and a VM made and destroyed.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fastClock } from '../../../src/engine/index.ts'
import { createHttp, operationHandlers } from '../../../src/http/index.ts'
import { type ActionContext, type ActionFailure, createCatalogue } from '../../../src/packs/index.ts'
import { vmwareVsphere } from '../../../src/platforms/vmware-vsphere/index.ts'
import { type JsonObject, Secret } from '../../../src/values/index.ts'
import { runbooks } from './stage.ts'
import { hasVcsim, startVcsim } from './vcsim.ts'

const VM = 'DC0/vm/DC0_H0_VM0'
const IMAGES = mkdtempSync(join(tmpdir(), 'vcsim-images-'))

describe.skipIf(!hasVcsim())('vcsim', () => {
  let vcsim: Awaited<ReturnType<typeof startVcsim>>
  const clock = fastClock(50)
  const http = createHttp({ clock })
  beforeAll(async () => {
    vcsim = await startVcsim()
  }, 600_000)
  afterAll(async () => {
    await http[Symbol.asyncDispose]()
    await vcsim[Symbol.asyncDispose]()
    rmSync(IMAGES, { recursive: true, force: true })
  })

  async function call(action: string, input: JsonObject, password = 'pass'): Promise<JsonObject> {
    const handlers = {
      ...operationHandlers(createCatalogue([runbooks.pack]), http, vmwareVsphere.logins),
      ...vmwareVsphere.handlers,
    }
    const target = password === 'pass' ? 'vc' : 'wrong'
    const settings = { url: vcsim.url, username: 'user', password: new Secret(password), binding: 'soap', imageFolder: IMAGES }
    const context = {
      runId: 'run-1',
      key: randomUUID(),
      signal: new AbortController().signal,
      clock,
      connection: () => ({ target, type: 'vmware-vsphere/Connection', settings }),
      progress: () => {},
      assertOwner: () => {},
    } as unknown as ActionContext
    const handler = handlers[`vmware-vsphere/${action}`]
    if (!handler) throw new Error(`no ${action}`)
    return handler({ vc: { $target: target, connection: 'vmware-vsphere/Connection' }, ...input }, context)
  }

  const failureOf = (answer: Promise<JsonObject>) =>
    answer.then(
      () => undefined,
      (error: ActionFailure) => error.failure,
    )

  async function vmId(): Promise<string> {
    return String((await call('vm.find', { path: VM })).vmId)
  }

  /** Of its first disk, as a restore point would have it. */
  async function datastoreOf(id: string): Promise<string> {
    await withoutEx(vcsim.url, id, 'holdfast-place')
    const { snapshotId } = await call('snapshot.find', { vmId: id, name: 'holdfast-place' })
    const snapshot = { resource: 'vmware-vsphere/Snapshot', obligation: 'x', snapshotId: snapshotId ?? '' }
    const { config } = await call('snapshot.get', { snapshot })
    const { hardware } = config as unknown as { hardware: { device: { backing?: { datastore?: { value: string } } }[] } }
    return hardware.device.flatMap(({ backing }) => backing?.datastore?.value ?? [])[0] ?? ''
  }

  it('takes our session, and tells a wrong password by its fault', async () => {
    expect(await failureOf(call('vm.find', { path: VM }, 'wrong'))).toMatchObject({
      type: 'notAuthenticated',
      message: expect.stringContaining('InvalidLogin'),
    })
    expect(await call('vm.find', { path: VM })).toMatchObject({ found: true, vmId: expect.stringMatching(/^vm-/) })
    expect(await call('vm.find', { path: 'DC0/vm/nobody' })).toEqual({ found: false })
  })

  it('has a VM, its hardware, folder and pool as our schemas say', async () => {
    const id = await vmId()
    expect(await call('vm.get', { vmId: id })).toMatchObject({
      name: 'DC0_H0_VM0',
      powerState: 'poweredOn',
      fit: true,
      toolsRunning: false,
    })
    expect(await call('vm.folder', { vmId: id })).toMatchObject({ folderId: expect.stringMatching(/^group-|^folder-/) })
    expect(await call('vm.pool', { vmId: id })).toMatchObject({ poolId: expect.stringMatching(/^resgroup-/) })
    expect(await call('cbt.status', { vmId: id })).toMatchObject({ possible: true })
    expect(await failureOf(call('vm.get', { vmId: 'vm-999' }))).toMatchObject({ type: 'notFound' })
  })

  it('lists its VMs by a walk from its root, each in its folder', async () => {
    const { roots } = (await call('folder.roots', {})) as unknown as { roots: { rootId: string }[] }
    const { vms } = await call('vm.list', { rootId: roots[0]?.rootId ?? '' })
    const id = await vmId()
    const { folderId } = await call('vm.folder', { vmId: id })
    expect(vms).toContainEqual({ vmId: id, name: 'DC0_H0_VM0', folderId })
    expect(vms).toHaveLength(4)
  })

  it('switches tracking on by a task that is followed to its end', async () => {
    expect(await call('cbt.enable', { vmId: await vmId() })).toEqual({ enabled: true })
  })

  it('shows the tree of snapshots, one below the other, and removes one of them', async () => {
    const id = await vmId()
    await withoutEx(vcsim.url, id, 'holdfast-outer')
    await withoutEx(vcsim.url, id, 'holdfast-inner')
    const { snapshots } = await call('snapshot.list', { vmId: id })
    expect((snapshots as unknown as { name: string }[]).map(({ name }) => name)).toEqual(['holdfast-outer', 'holdfast-inner'])
    const { snapshotId } = await call('snapshot.find', { vmId: id, name: 'holdfast-inner' })
    const snapshot = { resource: 'vmware-vsphere/Snapshot', obligation: 'x', snapshotId: snapshotId ?? '' }
    const held = await call('snapshot.get', { snapshot })
    expect(held).toMatchObject({ leftOut: [], machine: { cpus: 1, memoryBytes: 32 * 2 ** 20 } })
    const [disk] = held.disks as unknown as { sizeBytes: number; file: string }[]
    expect(disk).toMatchObject({ sizeBytes: expect.any(Number), file: expect.stringContaining('.vmdk') })
    expect(await call('snapshot.remove', { vmId: id, name: 'holdfast-inner', snapshotId: snapshotId ?? '' })).toEqual({
      found: false,
    })
    const again = failureOf(call('snapshot.remove', { vmId: id, name: 'holdfast-inner', snapshotId: snapshotId ?? '' }))
    expect(await again).toMatchObject({ type: 'notFound' })
  })

  it('makes a VM of our specification, finds, starts and destroys it', async () => {
    const id = await vmId()
    const { folderId } = await call('vm.folder', { vmId: id })
    const { poolId } = await call('vm.pool', { vmId: id })
    const { spec } = await call('newVm.spec', {
      name: 'restored',
      connectNetwork: false,
      disks: [{ disk: '2000', sizeBytes: 2 ** 20 }],
      config: {
        guestId: 'otherGuest',
        version: 'vmx-13',
        firmware: 'efi',
        files: { vmPathName: '[LocalDS_0] old/old.vmx' },
        hardware: {
          numCPU: 2,
          memoryMB: 64,
          device: [
            { _typeName: 'ParaVirtualSCSIController', key: 1000, busNumber: 0, sharedBus: 'noSharing' },
            { _typeName: 'VirtualDisk', key: 2000, controllerKey: 1000, unitNumber: 0, backing: { thinProvisioned: true } },
          ],
        },
      },
    })
    const place = { folderId: folderId ?? '', name: 'restored' }
    const made = await call('newVm.create', { ...place, poolId: poolId ?? '', spec: spec ?? {} })
    expect(made).toEqual({ vmId: expect.stringMatching(/^vm-/) })
    const { disks } = await call('newVm.disks', { vmId: made.vmId ?? '', disks: [{ disk: '2000', sizeBytes: 2 ** 20 }] })
    expect(disks).toMatchObject([{ disk: '2000', file: expect.stringContaining('restored') }])
    expect(await call('newVm.destroy', { ...place, vmId: made.vmId ?? '' })).toEqual({ found: false })
  })

  it('takes our descriptor, lease, upload and completion of an import', async () => {
    const id = await vmId()
    const { folderId } = await call('vm.folder', { vmId: id })
    const { poolId } = await call('vm.pool', { vmId: id })
    const place = { folderId: folderId ?? '', name: 'imported' }
    await call('image.begin', { name: 'import-1', config: {} })
    const disks = [{ disk: '2000', sizeBytes: 2 ** 20 }]
    await call('image.disks', { name: 'import-1', disks })
    const { files } = await call('image.compress', { name: 'import-1', disks })
    const { descriptor } = await call('import.descriptor', {
      name: 'imported',
      files: files ?? [],
      config: {
        guestId: 'otherGuest',
        version: 'vmx-13',
        hardware: {
          numCPU: 2,
          memoryMB: 64,
          device: [
            { _typeName: 'VirtualLsiLogicController', key: 1000, busNumber: 0 },
            { _typeName: 'VirtualDisk', key: 2000, controllerKey: 1000, unitNumber: 0 },
          ],
        },
      },
    })
    const { spec, items, problems } = await call('import.spec', {
      descriptor: descriptor ?? '',
      poolId: poolId ?? '',
      datastoreId: await datastoreOf(id),
      name: 'imported',
    })
    expect(problems).toEqual([])
    const { leaseId } = await call('import.open', { ...place, poolId: poolId ?? '', spec: spec ?? {} })
    const lease = { resource: 'vmware-vsphere/ImportLease', obligation: 'x', leaseId: leaseId ?? '' }
    expect(await call('export.state', { lease })).toEqual({ state: 'ready' })
    const { vmId: made } = await call('import.adopt', place)
    const { devices } = await call('import.places', { lease })
    // Its addresses are those of a server with TLS on the usual port, which it is not.
    const reachable = (devices as unknown as { importKey: string; url: string }[]).map(({ importKey, url }) => ({
      importKey,
      url: `${vcsim.url}${new URL(url.replace('*', 'any')).pathname}`,
    }))
    const uploaded = await call('import.upload', { name: 'import-1', lease, items: items ?? [], devices: reachable })
    expect(uploaded.bytesUploaded).toBeGreaterThan(0)
    await call('export.renew', { leaseId: leaseId ?? '' })
    await call('export.complete', { lease })
    expect(await call('vm.get', { vmId: made ?? '' })).toMatchObject({
      name: 'imported',
      powerState: 'poweredOff',
      guestOs: 'otherGuest',
    })
    expect(await failureOf(call('import.abort', { leaseId: leaseId ?? '' }))).toMatchObject({ type: 'notFound' })
    await call('newVm.destroy', { ...place, vmId: made ?? '' })
    await call('image.remove', { name: 'import-1' })
  })

  it('ends our session when the connection is closed', async () => {
    await http[Symbol.asyncDispose]()
    expect(http.session({ target: 'vc', type: 'vmware-vsphere/Connection', settings: { url: vcsim.url } }).memory.size).toBe(0)
  })
})

/** This version of it has no CreateSnapshotEx_Task; the older call is made by hand. */
async function withoutEx(url: string, vmId: string, name: string): Promise<void> {
  const post = (body: string, cookie = '') =>
    fetch(`${url}/sdk`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', cookie },
      body: `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>${body}</Body></Envelope>`,
    })
  const login =
    '<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this><userName>user</userName><password>pass</password></Login>'
  const cookie = (await post(login)).headers.get('set-cookie')?.split(';')[0] ?? ''
  const create = `<CreateSnapshot_Task xmlns="urn:vim25"><_this type="VirtualMachine">${vmId}</_this><name>${name}</name><description/><memory>false</memory><quiesce>false</quiesce></CreateSnapshot_Task>`
  expect((await post(create, cookie)).status).toBe(200)
}
