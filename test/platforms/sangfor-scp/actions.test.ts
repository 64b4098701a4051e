import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Harness, handleOf, MIB, startHarness } from './harness.ts'

let harness: Harness
let ids: string[]
beforeEach(async () => {
  harness = await startHarness()
  ids = ['erp-db', 'erp-app', 'erp-web'].map((name) => harness.scp.addVm({ name, disks: [{ sizeBytes: 16 * MIB }] }).id)
})
afterEach(async () => {
  expect(harness.scp.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const groupOf = () => harness.scp.addGroup('erp', ids)

describe('locating things', () => {
  it('lists pools, hosts and storages, telling virtual storage in any case of letters', async () => {
    harness.scp.addStorage({ id: 'upper', type: 'Vs' })
    harness.scp.addStorage({ id: 'nfs-1', type: 'nfs' })
    const { azs } = await harness.call('az.list')
    expect(azs).toEqual([{ azId: harness.scp.azId, name: 'pool-1' }])
    const { hosts } = await harness.call('host.list')
    expect(hosts).toHaveLength(2)
    const { storages } = await harness.call('storage.list')
    expect((storages as { storageId: string; virtual: boolean }[]).map(({ storageId, virtual }) => [storageId, virtual])).toEqual(
      [
        ['7a41c0de_vs_vol_rep2', true],
        ['upper', true],
        ['nfs-1', false],
      ],
    )
  })

  it('reads a VM, and finds it by its exact name only', async () => {
    const vm = await harness.call('server.get', { serverId: ids[0] ?? '' })
    expect(vm).toMatchObject({ name: 'erp-db', status: 'running', storageId: '7a41c0de_vs_vol_rep2', instant: false })
    const storageId = '7a41c0de_vs_vol_rep2'
    expect(vm.disks).toEqual([{ disk: 'ide0', sizeBytes: 16 * MIB, storageId, type: 'new_disk' }])
    expect(await harness.call('server.find', { name: 'erp-db' })).toEqual({ found: true, serverId: ids[0] })
    expect(await harness.call('server.find', { name: 'erp-' })).toEqual({ found: false })
    expect(await harness.failureOf('server.get', { serverId: 'nobody' })).toMatchObject({ type: 'notFound', applied: 'no' })
  })

  it('counts members of a group by known VMs, for the summary lists other ids among them', async () => {
    const groupId = groupOf()
    const { memberIds } = await harness.call('consistencyGroup.find', { azId: harness.scp.azId, groupId })
    expect(memberIds).toHaveLength(6)
    const { servers } = await harness.call('server.list', { serverIds: memberIds ?? [] })
    expect((servers as { serverId: string }[]).map(({ serverId }) => serverId)).toEqual(ids)
    expect(await harness.call('consistencyGroup.find', { azId: harness.scp.azId, groupId: 'none' })).toEqual({ found: false })
  })
})

describe('changed-block tracking', () => {
  it('is switched on and off for every disk, and read back', async () => {
    const [serverId = ''] = ids
    expect(await harness.call('cbt.status', { serverId })).toEqual({ enabled: false, anyEnabled: false, untracked: ['ide0'] })
    expect(await harness.call('cbt.enable', { serverId })).toEqual({ enabled: true })
    expect(await harness.call('cbt.status', { serverId })).toEqual({ enabled: true, anyEnabled: true, untracked: [] })
    expect(await harness.call('cbt.disable', { serverId })).toEqual({ anyEnabled: false })
  })
})

describe('a snapshot of one VM', () => {
  it('is created, found by name, read and deleted', async () => {
    const [serverId = ''] = ids
    await harness.call('cbt.enable', { serverId })
    const created = await harness.call('snapshot.create', { serverId, name: 'holdfast-1' })
    const snapshot = handleOf('Snapshot', created)
    expect(await harness.call('snapshot.find', { serverId, name: 'holdfast-1' })).toEqual({ found: true, ...created })
    const point = await harness.call('snapshot.get', { snapshot, serverId })
    expect(point).toMatchObject({ checkpoint: '8589934593', type: 'vs', disks: [{ disk: 'ide0', sizeBytes: 16 * MIB }] })
    expect(point.config).toMatchObject({ name: 'erp-db', datastore_id: '7a41c0de_vs_vol_rep2' })
    await harness.call('snapshot.delete', { serverId, name: 'holdfast-1', ...created })
    expect(await harness.call('snapshot.find', { serverId, name: 'holdfast-1' })).toEqual({ found: false })
    expect(harness.scp.leaks()).toEqual([])
  })
})

describe('a consistency group', () => {
  it('is created with its members, snapshot as one, and dissolved with its VMs left alone', async () => {
    const { azId } = harness.scp
    const group = await harness.call('consistencyGroup.create', { azId, name: 'crm', description: 'run 1', serverIds: ids })
    const groupId = String(group.groupId)
    const { snapshotId } = await harness.call('groupSnapshot.create', { groupId, name: 'holdfast-1' })
    const snapshot = handleOf('GroupSnapshot', { snapshotId: snapshotId ?? '' })
    for (const serverId of ids) {
      expect(await harness.call('snapshot.get', { snapshot, serverId })).toMatchObject({ snapshotId })
    }
    await harness.call('groupSnapshot.delete', { groupId, name: 'holdfast-1', snapshotId: snapshotId ?? '' })
    await harness.call('consistencyGroup.delete', { azId, groupId })
    expect(harness.scp.leaks()).toEqual([])
    expect(harness.scp.state().groups).toEqual([])
    expect(harness.scp.state().vms).toHaveLength(3)
  })
})

describe('a lease', () => {
  it('runs once it is created, is renewed to five minutes, and ends', async () => {
    const [serverId = ''] = ids
    const created = await harness.call('snapshot.create', { serverId, name: 's' })
    const snapshot = handleOf('Snapshot', created)
    const lease = await harness.call('backupResource.create', { serverId, snapshot })
    const resourceId = String(lease.resourceId)
    expect(resourceId).toContain(':')
    expect(await harness.call('backupResource.find', { serverId })).toEqual({ found: true, ...lease })
    harness.scp.clock.advance(200_000)
    expect(await harness.call('backupResource.get', { resourceId })).toMatchObject({ status: 'running', remainingSeconds: 99 })
    expect(await harness.call('backupResource.renew', { resourceId })).toMatchObject({ remainingSeconds: 299 })
    await harness.call('backupResource.delete', { resourceId, serverId })
    expect(await harness.failureOf('backupResource.get', { resourceId })).toMatchObject({ type: 'notFound' })
    expect(await harness.call('backupResource.find', { serverId })).toEqual({ found: false })
  })
})

describe('a restored VM', () => {
  it('is created powered off with empty disks of the same sizes, started, and deleted for good', async () => {
    const [serverId = ''] = ids
    const snapshot = handleOf('Snapshot', await harness.call('snapshot.create', { serverId, name: 's' }))
    const { config = {} } = await harness.call('snapshot.get', { snapshot, serverId })
    const made = await harness.call('server.create', { azId: harness.scp.azId, name: 'erp-db-again', config })
    const again = String(made.serverId)
    expect(await harness.call('server.get', { serverId: again })).toMatchObject({
      name: 'erp-db-again',
      status: 'stopped',
      disks: [{ disk: 'ide0', sizeBytes: 16 * MIB }],
    })
    expect(await harness.call('server.start', { serverId: again })).toEqual({ status: 'running' })
    await harness.call('server.delete', { serverId: again })
    expect(await harness.call('server.find', { serverId: again })).toEqual({ found: false })
  })
})
