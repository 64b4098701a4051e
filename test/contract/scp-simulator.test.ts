// The simulator against the OpenAPI slice, operation by operation: it checks every request and every answer itself, and this suite
// sees to it that no operation of the document goes without.
import { afterEach, describe, expect, it } from 'vitest'
import { operationsOf } from '../../src/packs/index.ts'
import type { JsonObject } from '../../src/values/index.ts'
import { type Harness, MIB, scpPack, startHarness } from '../platforms/sangfor-scp/harness.ts'

let harness: Harness
afterEach(() => harness[Symbol.asyncDispose]())

const operations = operationsOf(scpPack.openapi ?? {})
const A_WHILE_MS = 5000

interface Stage {
  readonly serverId: string
  readonly groupId: string
  readonly snapshotId: string
  readonly groupSnapshotId: string
  readonly resourceId: string
  readonly taskId: string
  /** A proxy with a disk hot-added to it. */
  readonly proxyId: string
  /** A VM that is powered off, and an NFS storage with a file for its disk. */
  readonly stoppedId: string
  readonly storageId: string
  readonly clusterId: string
}

/** A platform on which every operation has something to work on. */
async function stage(): Promise<Stage> {
  harness = await startHarness({ login: 'token', behaviour: { groupSnapshotInUse: 'cutReaders' } })
  const serverId = harness.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: 16 * MIB }], traits: { customBios: true } }).id
  const groupId = harness.scp.addGroup('erp', [serverId])
  await harness.call('cbt.enable', { serverId })
  const { snapshotId } = await harness.call('snapshot.create', { serverId, name: 'one' })
  const { snapshotId: groupSnapshotId } = await harness.call('groupSnapshot.create', { groupId, name: 'two' })
  const snapshot = { resource: 'sangfor-scp/Snapshot', obligation: 'x', snapshotId: String(snapshotId) }
  const { resourceId } = await harness.call('backupResource.create', { serverId, snapshot })
  const proxyId = harness.scp.addVm({ name: 'proxy', disks: [{ sizeBytes: MIB }] }).id
  await harness.call('hotAdd.add', { snapshot, proxyId, serverId, snapshotId: String(snapshotId), disks: ['ide0'] })
  const stoppedId = harness.scp.addVm({ name: 'off', disks: [{ sizeBytes: MIB }], status: 'stopped' }).id
  const disks = [{ disk: 'ide0', sizeBytes: MIB }]
  const { address, exportPath } = await harness.call('nfsImages.create', { folder: 'files', disks })
  const { storageId } = await harness.call('nfsStorage.attach', {
    images: { resource: 'sangfor-scp/NfsImages', obligation: 'y', folder: 'files' },
    azId: harness.scp.azId,
    clusterId: 'cluster',
    name: 'nfs',
    hostIds: ['host-0a1b2c000001'],
    address: address ?? '',
    exportPath: exportPath ?? '',
  })
  const { json } = await harness.send('GET', `/janus/20210725/clusters?az_id=${harness.scp.azId}`)
  const [cluster] = (json.data?.data ?? []) as unknown as { id: string }[]
  const [task] = harness.scp.state().tasks as unknown as { task_id: string }[]
  return {
    serverId,
    groupId,
    snapshotId: String(snapshotId),
    groupSnapshotId: String(groupSnapshotId),
    resourceId: String(resourceId),
    taskId: task?.task_id ?? '',
    proxyId,
    stoppedId,
    storageId: String(storageId),
    clusterId: cluster?.id ?? '',
  }
}

const config = (datastore: string): JsonObject => ({
  datastore_id: datastore,
  name: 'new',
  os_option: { arch: 'x86_64' },
  hardware_option: { disks: [{ device_id: 'ide0', size_gb: 0.5 }] },
})

/** What each operation is sent beyond its path. */
const SENT: Readonly<
  Record<string, (at: Stage) => { readonly query?: Record<string, string>; readonly body?: JsonObject | Buffer }>
> = {
  deleteServer: () => ({ body: { force: 1 } }),
  stopServer: () => ({ body: { force: 0 } }),
  createServerFromConfig: () => ({ body: { az_id: harness.scp.azId, ...config('7a41c0de_vs_vol_rep2') } }),
  setCbtStatus: () => ({ body: { type: 'reset' } }),
  listChangedAreas: ({ snapshotId }) => ({
    query: { disk_id: 'ide0', snapshot_id: snapshotId, checkpoint_id: '0', start_offset: '0' },
  }),
  createSnapshot: () => ({ body: { name: 'three' } }),
  actOnSnapshots: ({ snapshotId }) => ({ body: { action: 'delete', snapshot_ids: [snapshotId] } }),
  createConsistencyGroup: ({ serverId }) => ({ body: { name: 'crm', az_id: harness.scp.azId, server_ids: [serverId] } }),
  summarizeConsistencyGroups: () => ({ query: { az_id: harness.scp.azId } }),
  deleteConsistencyGroup: () => ({ body: { delete_server: '0', delete_share_disk: '0' } }),
  createConsistencyGroupSnapshot: () => ({ body: { name: 'three' } }),
  listBackupResources: ({ serverId }) => ({ query: { server_id: serverId } }),
  createBackupResource: ({ serverId }) => ({ body: { server_id: serverId, type: 'backup', lock_time: 60 } }),
  getBackupSupports: ({ serverId }) => ({ query: { server_id: serverId } }),
  renewBackupResource: () => ({ body: { lock_time: 7200 } }),
  addServerDisks: ({ serverId, snapshotId }) => ({
    body: {
      application: 'agentless_backup',
      disks: [{ type: 'derive_disk', source_server_id: serverId, snapshot_id: snapshotId, disk_id: 'ide0', use_virtio: 1 }],
    },
  }),
  actOnServerDisks: () => ({ body: { action: 'delete', disk_ids: ['ide1'] } }),
  changeServerConfig: () => ({ body: { hardware_option: { memory: { size_gb: 16 } } } }),
  rebaseBackingFile: ({ storageId }) => ({
    body: { disks: [{ disk_id: 'ide0', datastore: storageId, path: 'files/ide0.raw' }] },
  }),
  downloadFile: ({ serverId }) => ({ query: { file_type: 'BIOS', server_id: serverId } }),
  uploadFile: ({ stoppedId, storageId }) => ({
    query: { file_type: 'BIOS', server_id: stoppedId, storage_id: storageId, file_name: 'bios' },
    body: Buffer.from('firmware'),
  }),
  attachNfs: () => ({
    body: {
      cluster_id: 'cluster',
      nfs_datastore: {
        name: 'other',
        attached_host_ids: ['host-0a1b2c000001'],
        server: { ip_address: '127.0.0.1', export_path: (harness.scp.settings.nfs as { exportPath: string }).exportPath },
      },
    },
  }),
  detachStorage: () => ({ body: { cluster_id: 'cluster', is_enforce: false } }),
}

const pathOf = (path: string, at: Stage): string => {
  const ids: Readonly<Record<string, string>> = {
    server_id: /\/disks(\/action)?$/.test(path)
      ? at.proxyId
      : /\/(config|rebase-backing-file)$/.test(path)
        ? at.stoppedId
        : at.serverId,
    storage_id: at.storageId,
    cluster_id: at.clusterId,
    group_id: at.groupId,
    resource_id: at.resourceId,
    task_id: at.taskId,
    snapshot_id: path.includes('consistency-groups') ? at.groupSnapshotId : at.snapshotId,
  }
  return path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')
}

describe('the SCP simulator', () => {
  // The two of the login are called by every test here, before anything else.
  const others = [...operations.values()].filter(({ operationId }) => !['getPublicKey', 'authenticate'].includes(operationId))

  it.each(others.map((operation) => [operation.operationId, operation] as const))(
    '%s answers as the document says, and so does its task',
    async (operationId, { method, path }) => {
      const at = await stage()
      const { serverId, resourceId } = at
      if (operationId === 'deleteServer') await harness.call('backupResource.delete', { serverId, resourceId })
      const { query = {}, body } = SENT[operationId]?.(at) ?? {}
      const search = new URLSearchParams(query).toString()
      const url = `${pathOf(path, at)}${search === '' ? '' : `?${search}`}`
      const answer = await harness.send(method, url, body === undefined ? {} : { body })
      expect(answer.status, answer.text).toBeLessThan(300)
      const taskId = answer.json.data?.task_id
      if (typeof taskId === 'string' && operationId !== 'getTask') {
        harness.scp.clock.advance(A_WHILE_MS)
        const { json } = await harness.send('GET', `/janus/20180725/tasks/${taskId}`)
        // A snapshot in use and a second lease end as tasks that failed; every other task ends well.
        const refused = ['actOnSnapshots', 'createBackupResource'].includes(operationId)
        expect(json.data?.status).toBe(refused ? 'failure' : 'finish')
      }
      const called = harness.scp.calls.map((call) => call.operationId)
      expect(called).toEqual(expect.arrayContaining(['getPublicKey', 'authenticate', operationId]))
      expect(harness.scp.violations).toEqual([])
    },
  )

  it('takes a request that misses the document for a bug, and says what is wrong with it (canary)', async () => {
    await stage()
    const answer = await harness.send('GET', '/janus/20180725/azs?page_size=1000&colour=blue')
    expect(answer.status).toBe(500)
    expect(harness.scp.violations).toEqual([
      'listAzs was called otherwise than described: query parameter page_size must be <= 100; query parameter colour is not described',
    ])
  })

  it('takes an answer of its own that misses the document for a bug (canary)', async () => {
    const { serverId } = await stage()
    Object.assign(harness.scp.behaviour, { transports: 'nbd' })
    expect(await harness.send('GET', `/janus/20180725/backup-resources/supports?server_id=${serverId}`)).toMatchObject({
      status: 500,
    })
    expect(harness.scp.violations).toEqual([
      'getBackupSupports answers otherwise than described: body.data.transport_modes must be array',
    ])
  })
})
