// What the simulator reproduces of the platform, each by its number in the project's notes on it (S1 … S27; HotAdd's S7 to S11 come later).
import { afterEach, describe, expect, it } from 'vitest'
import { connectNbd, type NbdClient } from '../../../src/blocks/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, type HarnessOptions, handleOf, MIB, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.scp.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const TOKEN = '11111111-1111-4111-8111-111111111111'
/** Long enough for a task to end and its object to be seen. */
const A_WHILE_MS = 5000

async function start(options: HarnessOptions = {}): Promise<string> {
  harness = await startHarness(options)
  return harness.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: 16 * MIB }] }).id
}

/** A snapshot and a lease on the VM, with tracking on. */
async function lease(serverId: string): Promise<{ snapshot: JsonObject; snapshotId: string; resourceId: string }> {
  await harness.call('cbt.enable', { serverId })
  const made = await harness.call('snapshot.create', { serverId, name: `s-${serverId}` })
  const snapshot = handleOf('Snapshot', made)
  const { resourceId } = await harness.call('backupResource.create', { serverId, snapshot })
  return { snapshot, snapshotId: String(made.snapshotId), resourceId: String(resourceId) }
}

const openExport = (exportName: string): Promise<NbdClient> => {
  const nbd = harness.scp.settings.nbd as { host: string; port: number }
  return connectNbd({ host: nbd.host, port: nbd.port }, exportName)
}

/** Starts a task by a raw call and lets it end. */
async function done(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
  const { json } = await harness.send(method, path, body === undefined ? {} : { body })
  harness.scp.clock.advance(A_WHILE_MS)
  const task = await harness.send('GET', `/janus/20180725/tasks/${String(json.data?.task_id)}`)
  return task.json.data as JsonObject
}

describe('calls and tasks', () => {
  it('S1: the date in the path says which envelope answers, and which refuses', async () => {
    await start()
    expect((await harness.send('GET', '/janus/20180725/azs')).json).toMatchObject({ code: 0, data: {} })
    expect((await harness.send('GET', '/janus/20250725/storages')).json).toMatchObject({ errcode: '', data: {} })
    expect((await harness.send('GET', '/janus/20180725/tasks/none')).json).toMatchObject({ code: 404 })
    expect((await harness.send('GET', '/janus/20250725/servers/none')).json).toMatchObject({ errcode: '404' })
  })

  it('S2: a task waits, goes on, and ends well or with a reason', async () => {
    const serverId = await start({ behaviour: { taskWaitMs: 1000, taskRunMs: 1000 } })
    const { json } = await harness.send('PUT', `/janus/20180725/servers/${serverId}/cbt/status`, { body: { type: 'enable' } })
    const look = async () => (await harness.send('GET', `/janus/20180725/tasks/${String(json.data?.task_id)}`)).json.data
    expect(await look()).toMatchObject({ status: 'waiting', progress: -2 })
    harness.scp.clock.advance(1500)
    expect(await look()).toMatchObject({ status: 'doing', progress: 50 })
    harness.scp.clock.advance(500)
    expect(await look()).toMatchObject({ status: 'finish', progress: 100 })
    harness.scp.faults.add({ operation: 'setCbtStatus', does: 'failTask' })
    const failed = await done('PUT', `/janus/20180725/servers/${serverId}/cbt/status`, { type: 'reset' })
    expect(failed).toMatchObject({ status: 'failure', progress: -1, description: expect.stringMatching(/\S/) })
  })

  it('S3: an object is seen only some time after its task has ended', async () => {
    const serverId = await start({ behaviour: { taskWaitMs: 0, taskRunMs: 1000, visibleAfterMs: 1000 } })
    const list = `/janus/20210725/servers/${serverId}/snapshots`
    await harness.send('POST', `/janus/20190725/servers/${serverId}/snapshots`, { body: { name: 's' } })
    expect((await harness.send('GET', list)).json.data).toEqual([])
    harness.scp.clock.advance(1500)
    expect((await harness.send('GET', list)).json.data).toEqual([])
    harness.scp.clock.advance(500)
    expect((await harness.send('GET', list)).json.data).toMatchObject([{ name: 's' }])
  })

  it('S18: a repeat with the same client token gets the first answer and does nothing', async () => {
    const serverId = await start()
    const create = (name: string) =>
      harness.send('POST', `/janus/20190725/servers/${serverId}/snapshots`, { body: { name }, clientToken: TOKEN })
    const first = await create('s')
    expect((await create('s')).text).toBe(first.text)
    expect(await create('other')).toMatchObject({ status: 429 })
    harness.scp.clock.advance(A_WHILE_MS)
    expect(harness.scp.state().snapshots).toHaveLength(1)
    harness.scp.behaviour.repeatedToken = 'refused'
    expect(await create('s')).toMatchObject({ status: 429 })
    harness.scp.clock.advance(15 * 60_000)
    expect(await create('s')).toMatchObject({ status: 201 })
  })

  it('S18: a create whose repeat is refused is found by its name instead', async () => {
    const serverId = await start({ behaviour: { repeatedToken: 'refused' } })
    harness.scp.faults.add({ operation: 'createSnapshot', does: 'dropAnswer' })
    expect(await harness.failureOf('snapshot.create', { serverId, name: 's' })).toMatchObject({
      type: 'answerLost',
      applied: 'maybe',
    })
    harness.scp.clock.advance(A_WHILE_MS)
    expect(await harness.call('snapshot.find', { serverId, name: 's' })).toMatchObject({ found: true })
  })

  it('S19: calls beyond the rate are refused until a minute has passed', async () => {
    await start({ behaviour: { getPerMinute: 2 } })
    const look = async () => (await harness.send('GET', '/janus/20180725/azs')).status
    expect([await look(), await look(), await look()]).toEqual([200, 200, 429])
    harness.scp.clock.advance(60_000)
    expect(await look()).toBe(200)
  })

  it('S20: deleting a snapshot by itself, or a VM, answers 204 and no body', async () => {
    const serverId = await start()
    const { snapshotId } = await harness.call('snapshot.create', { serverId, name: 's' })
    const path = `/janus/20180725/servers/${serverId}/snapshots/${String(snapshotId)}`
    expect(await harness.send('DELETE', path)).toMatchObject({ status: 204, text: '' })
    harness.scp.clock.advance(A_WHILE_MS)
    expect(await harness.send('DELETE', `/janus/20180725/servers/${serverId}`, { body: { force: 1 } })).toMatchObject({
      status: 204,
      text: '',
    })
  })

  it('S21: a token that ends in mid-run is replaced by a new login', async () => {
    const serverId = await start({ login: 'token' })
    await harness.call('server.get', { serverId })
    harness.scp.forgetTokens()
    expect(await harness.call('server.get', { serverId })).toMatchObject({ name: 'erp-db' })
    expect(harness.scp.calls.filter(({ operationId }) => operationId === 'authenticate')).toHaveLength(2)
    expect(harness.scp.calls.filter(({ status }) => status === 401)).toHaveLength(1)
  })
})

describe('leases', () => {
  it('S4: a lease counts down, expires, cuts its readers, and is gone; the bitmap still answers', async () => {
    const serverId = await start()
    const { snapshot, snapshotId, resourceId } = await lease(serverId)
    await using reader = await openExport(`${resourceId}/${snapshotId}/ide0`)
    await reader.read(0, Buffer.alloc(512))
    const status = () => harness.send('GET', `/janus/20180725/backup-resources/${resourceId}`)
    harness.scp.clock.advance(299_000)
    expect((await status()).json.data).toMatchObject({ status: 'running' })
    harness.scp.clock.advance(2000)
    expect((await status()).json.data).toMatchObject({ status: 'expired' })
    await expect(reader.read(0, Buffer.alloc(512))).rejects.toThrow()
    await expect(openExport(`${resourceId}/${snapshotId}/ide0`)).rejects.toThrow()
    harness.scp.clock.advance(60_000)
    expect(await status()).toMatchObject({ status: 404 })
    const asked = { serverId, snapshot, disk: 'ide0', sizeBytes: 16 * MIB, since: '0' }
    expect(await harness.call('cbt.changed', asked)).toMatchObject({ areas: [] })
  })

  it('S5: renewing a lease that is gone answers 404', async () => {
    const serverId = await start()
    const { resourceId } = await lease(serverId)
    harness.scp.clock.advance(301_000)
    expect(await harness.failureOf('backupResource.renew', { resourceId })).toMatchObject({ type: 'notFound' })
    harness.scp.clock.advance(61_000)
    expect(await harness.failureOf('backupResource.renew', { resourceId })).toMatchObject({ type: 'notFound' })
  })

  it('S6: a second lease on the same VM fails as occupied, and nothing came of it', async () => {
    const serverId = await start()
    const { snapshot } = await lease(serverId)
    expect(await harness.failureOf('backupResource.create', { serverId, snapshot })).toMatchObject({
      type: 'occupied',
      applied: 'no',
      retryable: true,
    })
    expect(harness.scp.state().leases).toHaveLength(1)
  })

  it("S22: the platform's own backup ends the lease as cancelled", async () => {
    const serverId = await start()
    const { resourceId } = await lease(serverId)
    harness.scp.startOwnBackup(serverId)
    expect((await harness.send('GET', `/janus/20180725/backup-resources/${resourceId}`)).json.data).toMatchObject({
      status: 'cancelled',
    })
    expect(await harness.failureOf('backupResource.get', { resourceId })).toMatchObject({ type: 'leaseEnded' })
  })

  it('S26: beyond the limit of a host, a lease stays pending until another ends', async () => {
    const serverId = await start({ behaviour: { leasesPerHost: 1 } })
    const { resourceId } = await lease(serverId)
    const other = harness.scp.addVm({ name: 'erp-app', disks: [{ sizeBytes: MIB }] }).id
    const body = { server_id: other, type: 'backup', lock_time: 300 }
    const { json } = await harness.send('POST', '/janus/20180725/backup-resources', { body })
    harness.scp.clock.advance(A_WHILE_MS)
    const status = async () =>
      (await harness.send('GET', `/janus/20180725/backup-resources/${String(json.data?.resource_id)}`)).json.data
    expect(await status()).toMatchObject({ status: 'pending' })
    await harness.call('backupResource.delete', { serverId, resourceId })
    expect(await status()).toMatchObject({ status: 'running' })
  })

  it('a restore lease writes the disks of a VM that is powered off, and of no other', async () => {
    const serverId = await start()
    const running = { serverId, server: handleOf('RestoredServer', { serverId }) }
    expect(await harness.failureOf('restoreResource.create', running)).toMatchObject({ type: 'taskFailed' })
    const off = harness.scp.addVm({ name: 'new', status: 'stopped', disks: [{ sizeBytes: MIB }] }).id
    const input = { serverId: off, server: handleOf('RestoredServer', { serverId: off }) }
    const { resourceId } = await harness.call('restoreResource.create', input)
    await using writer = await openExport(`${String(resourceId)}/current/ide0`)
    await writer.write(512, Buffer.from('restored'))
    const read = Buffer.alloc(8)
    harness.scp.disk(off, 'ide0').read(512, read)
    expect(read.toString()).toBe('restored')
  })
})

describe('consistency groups', () => {
  it('S12: members off virtual storage, or on another volume, are refused', async () => {
    const serverId = await start()
    harness.scp.addStorage({ id: 'other_vs', type: 'vs' })
    harness.scp.addStorage({ id: 'nfs-1', type: 'nfs' })
    for (const storageId of ['other_vs', 'nfs-1']) {
      const other = harness.scp.addVm({ name: storageId, disks: [{ sizeBytes: MIB }], storageId }).id
      const body = { name: 'g', az_id: harness.scp.azId, server_ids: [serverId, other] }
      expect(await harness.send('POST', '/janus/20180725/consistency-groups', { body })).toMatchObject({ status: 400 })
    }
  })

  it('S13: a group snapshot answers its task only, and is one id for all members', async () => {
    const serverId = await start()
    const other = harness.scp.addVm({ name: 'erp-app', disks: [{ sizeBytes: MIB }] }).id
    const groupId = harness.scp.addGroup('erp', [serverId, other])
    const { json } = await harness.send('POST', `/janus/20180725/consistency-groups/${groupId}/snapshots`, {
      body: { name: 's' },
    })
    expect(Object.keys(json.data ?? {})).toEqual(['task_id'])
    harness.scp.clock.advance(A_WHILE_MS)
    const { snapshotId } = await harness.call('groupSnapshot.find', { groupId, name: 's' })
    for (const id of [serverId, other]) {
      expect(await harness.call('snapshot.find', { serverId: id, name: 's' })).toEqual({ found: true, snapshotId })
    }
  })

  it('S14: a group snapshot deleted under a reader cuts it and fails its lease, or is refused', async () => {
    const serverId = await start()
    const groupId = harness.scp.addGroup('erp', [serverId])
    const made = await harness.call('groupSnapshot.create', { groupId, name: 's' })
    const snapshot = handleOf('GroupSnapshot', made)
    const { resourceId } = await harness.call('backupResource.create', { serverId, snapshot })
    await using reader = await openExport(`${String(resourceId)}/${String(made.snapshotId)}/ide0`)
    const path = `/janus/20180725/consistency-groups/${groupId}/snapshots/${String(made.snapshotId)}`
    harness.scp.behaviour.groupSnapshotInUse = 'refused'
    expect(await harness.send('DELETE', path)).toMatchObject({ status: 400 })
    await reader.read(0, Buffer.alloc(512))
    harness.scp.behaviour.groupSnapshotInUse = 'cutReaders'
    expect(await done('DELETE', path)).toMatchObject({ status: 'finish' })
    await expect(reader.read(0, Buffer.alloc(512))).rejects.toThrow()
    expect((await harness.send('GET', `/janus/20180725/backup-resources/${String(resourceId)}`)).json.data).toMatchObject({
      status: 'failed',
    })
  })
})

describe('snapshots and changed-block tracking', () => {
  const snap = async (serverId: string, name: string) => {
    const snapshot = handleOf('Snapshot', await harness.call('snapshot.create', { serverId, name }))
    const { checkpoint } = await harness.call('snapshot.get', { serverId, snapshot })
    return { snapshot, checkpoint: String(checkpoint) }
  }
  const asked = (serverId: string, snapshot: JsonObject, since: string) => ({
    serverId,
    snapshot,
    disk: 'ide0',
    sizeBytes: 16 * MIB,
    since,
  })

  it.each(['recovery', 'reset'])('S15: a checkpoint from before a %s has expired; 0 still answers', async (event) => {
    const serverId = await start()
    await harness.call('cbt.enable', { serverId })
    const { checkpoint } = await snap(serverId, 'one')
    if (event === 'recovery') harness.scp.recover(serverId)
    else await harness.call('cbt.reset', { serverId })
    const { snapshot } = await snap(serverId, 'two')
    expect(await harness.failureOf('cbt.changed', asked(serverId, snapshot, checkpoint))).toMatchObject({
      type: 'cbtExpired',
      applied: 'no',
      retryable: false,
    })
    expect(await harness.call('cbt.changed', asked(serverId, snapshot, '0'))).toMatchObject({ areas: [] })
  })

  it('S16: a bitmap comes in pages that add up to the whole', async () => {
    const serverId = await start()
    await harness.call('cbt.enable', { serverId })
    const { checkpoint } = await snap(serverId, 'one')
    const disk = harness.scp.disk(serverId, 'ide0')
    for (const offset of [0, 65_536, 5 * MIB, 15 * MIB]) disk.write(offset, Buffer.from('changed'))
    const { snapshot } = await snap(serverId, 'two')
    const { areas } = await harness.call('cbt.changed', asked(serverId, snapshot, checkpoint))
    expect(areas).toEqual([
      { start: 0, length: 131_072 },
      { start: 5 * MIB, length: 65_536 },
      { start: 15 * MIB, length: 65_536 },
    ])
    harness.scp.behaviour.bitmapPageBytes = 4 * MIB
    harness.scp.calls.length = 0
    expect(await harness.call('cbt.changed', asked(serverId, snapshot, checkpoint))).toMatchObject({ areas })
    expect(harness.scp.calls.filter(({ operationId }) => operationId === 'listChangedAreas')).toHaveLength(4)
  })

  it('S17: a checkpoint passes 2^32, as text in the detail and as a number in the query', async () => {
    const serverId = await start()
    await harness.call('cbt.enable', { serverId })
    const { checkpoint, snapshot } = await snap(serverId, 'one')
    expect(BigInt(checkpoint)).toBeGreaterThan(2n ** 32n)
    await harness.call('cbt.changed', asked(serverId, snapshot, checkpoint))
  })

  it('S23: a snapshot of a guest that cannot be quiesced says so', async () => {
    const serverId = await start()
    const first = await snap(serverId, 'one')
    expect(await harness.call('snapshot.consistency', { serverId, snapshot: first.snapshot })).toEqual({
      consistency: 'crash',
      quiesced: false,
    })
    harness.scp.setQuiesces(serverId, true)
    const second = await snap(serverId, 'two')
    expect(await harness.call('snapshot.consistency', { serverId, snapshot: second.snapshot })).toEqual({
      consistency: 'filesystem',
      quiesced: true,
    })
  })

  it('S24: a snapshot is not deleted while its VM is being backed up', async () => {
    const serverId = await start()
    const { snapshotId, resourceId } = await lease(serverId)
    const gone = { serverId, snapshotId, name: `s-${serverId}` }
    expect(await harness.failureOf('snapshot.delete', gone)).toMatchObject({ type: 'taskFailed' })
    await harness.call('backupResource.delete', { serverId, resourceId })
    expect(await harness.call('snapshot.delete', gone)).toEqual({ found: false })
  })

  it('S25: a snapshot taken while tracking was off has checkpoint 0', async () => {
    const serverId = await start()
    expect((await snap(serverId, 'one')).checkpoint).toBe('0')
  })

  it('S27: a new disk is not tracked until tracking is enabled again', async () => {
    const serverId = await start()
    await harness.call('cbt.enable', { serverId })
    const disk = harness.scp.addDisk(serverId, MIB)
    expect(await harness.call('cbt.status', { serverId })).toEqual({ enabled: false, anyEnabled: true, untracked: [disk] })
    const { snapshot } = await snap(serverId, 'one')
    expect(await harness.failureOf('cbt.changed', { ...asked(serverId, snapshot, '0'), disk })).toMatchObject({ type: 'refused' })
    expect(await harness.call('cbt.enable', { serverId })).toEqual({ enabled: true })
  })
})
