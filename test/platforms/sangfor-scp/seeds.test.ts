// The vendor's two texts, sentence by sentence, against what the runbooks really send: the general workflow, and section 4.6 on
// consistency groups. What they say of HotAdd stands in hot-add.test.ts and hot-add-backup.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../../src/http/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { MIB, type Stage, startStage } from './stage.ts'

interface Sent {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: JsonObject
}

let stage: Stage
let sent: Sent[] = []
let ids: string[]

const noted = ({ method, path, body }: HttpRequest): void => {
  const url = new URL(path, 'http://scp')
  sent.push({ method, path: url.pathname, query: url.searchParams, body: body === undefined ? {} : JSON.parse(body) })
}

const indexOf = (requests: readonly Sent[], method: string, path: RegExp): number =>
  requests.findIndex((each) => each.method === method && path.test(each.path))
const lastIndexOf = (requests: readonly Sent[], method: string, path: RegExp): number =>
  requests.findLastIndex((each) => each.method === method && path.test(each.path))

const SNAPSHOT = /\/servers\/[^/]+\/snapshots$/
const SNAPSHOT_DETAIL = /\/servers\/[^/]+\/snapshots\/[^/]+$/
const RESOURCES = /\/backup-resources$/
const RESOURCE = /\/backup-resources\/[^/]+:[^/]+$/
const AREAS = /\/cbt\/changed-areas$/
const SNAPSHOT_ACTION = /\/snapshots\/action$/

async function open(): Promise<void> {
  sent = []
  stage = await startStage({ onRequest: noted })
  ids = ['erp-db', 'erp-app'].map(
    (name) => stage.scp.addVm({ name, disks: [{ bytes: Buffer.alloc(2 * MIB, name) }, { bytes: Buffer.alloc(MIB, 'x') }] }).id,
  )
}
async function close(): Promise<void> {
  expect(stage.scp.leaks()).toEqual([])
  await stage[Symbol.asyncDispose]()
}

/** Runs it and answers what it sent. */
async function sentBy(runbook: string, inputs: JsonObject): Promise<{ outcome: Outcome; requests: readonly Sent[] }> {
  sent.length = 0
  const outcome = await stage.run(runbook, inputs)
  return { outcome, requests: [...sent] }
}

describe('seed 002, general workflow', () => {
  let full: { outcome: Outcome; requests: readonly Sent[] }
  let later: typeof full
  beforeAll(async () => {
    await open()
    const [serverId = ''] = ids
    full = await sentBy('vm-backup', { serverId })
    stage.scp.disk(serverId, 'ide1').write(0, Buffer.from('changed'))
    later = await sentBy('vm-backup', { serverId })
  }, 60_000)
  afterAll(close)

  it('prerequisite: enables the CBT feature for the VM, before the snapshot', () => {
    const enabled = indexOf(full.requests, 'PUT', /\/cbt\/status$/)
    expect(full.requests[enabled]?.body).toEqual({ type: 'enable' })
    expect(enabled).toBeLessThan(indexOf(full.requests, 'POST', SNAPSHOT))
    expect(indexOf(later.requests, 'PUT', /\/cbt\/status$/)).toBe(-1)
  })

  it('prerequisite: an incremental backup reads and backs up only the changed data blocks', () => {
    expect(later.outcome.outputs).toMatchObject({ level: 'incremental', bytesRead: MIB, bytesUnchanged: 2 * MIB })
  })

  it('(1), (2) creates a VM snapshot, then queries its details: the configuration and the CheckPointID at that point', async () => {
    const details = indexOf(full.requests, 'GET', SNAPSHOT_DETAIL)
    expect(indexOf(full.requests, 'POST', SNAPSHOT)).toBeLessThan(details)
    const point = await stage.vault.point(String(full.outcome.outputs?.pointId))
    expect(point.config).toMatchObject({
      name: 'erp-db',
      hardware_option: { disks: [{ device_id: 'ide0' }, { device_id: 'ide1' }] },
    })
    expect(BigInt(String(point.checkpoint))).toBeGreaterThan(2n ** 32n)
  })

  it('(2) creates VM backup resources before any block is asked for or read', () => {
    const created = indexOf(full.requests, 'POST', RESOURCES)
    expect(full.requests[created]?.body).toMatchObject({ server_id: ids[0], type: 'backup' })
    expect(created).toBeLessThan(indexOf(full.requests, 'GET', AREAS))
  })

  it('(3) queries the CBT bitmap between the CheckPointID of the last backup and the latest snapshot', async () => {
    const { checkpoint } = await stage.vault.point(String(full.outcome.outputs?.pointId))
    const { platform } = await stage.vault.point(String(later.outcome.outputs?.pointId))
    const { snapshotId } = platform as { snapshotId: string }
    const asked = later.requests.filter(({ path }) => AREAS.test(path)).map(({ query }) => query)
    const words = asked.map((query) => ['disk_id', 'checkpoint_id', 'snapshot_id'].map((name) => query.get(name)).join(' '))
    expect(words).toEqual(['ide0', 'ide1'].map((disk) => `${disk} ${String(checkpoint)} ${snapshotId}`))
  })

  it('(3) sets CheckPointID=0 during the full backup, so that all valid data blocks are returned', () => {
    const asked = full.requests.filter(({ path }) => AREAS.test(path))
    expect(asked.map(({ query }) => query.get('checkpoint_id'))).toEqual(['0', '0'])
    expect(full.outcome.outputs).toMatchObject({ level: 'full', bytesRead: 3 * MIB })
  })

  it('(4) reads the changed data from all VM disks and stores it', async () => {
    const { disks } = await stage.vault.point(String(later.outcome.outputs?.pointId))
    expect(disks.map(({ disk }) => disk)).toEqual(['ide0', 'ide1'])
    await using disk = await stage.vault.openDisk(String(later.outcome.outputs?.pointId), 'ide1')
    const bytes = Buffer.alloc(8)
    await disk.read(0, bytes)
    expect(bytes.toString()).toBe('changedx')
  })

  it('(5), (6) deletes the VM backup resources, then the VM snapshot', () => {
    const ended = lastIndexOf(full.requests, 'DELETE', RESOURCE)
    const deleted = indexOf(full.requests, 'POST', SNAPSHOT_ACTION)
    expect(ended).toBeGreaterThan(lastIndexOf(full.requests, 'GET', AREAS))
    expect(deleted).toBeGreaterThan(ended)
    expect(full.requests[deleted]?.body).toMatchObject({ action: 'delete' })
  })

  it('rule: backup resources are updated every 1 to 2 minutes for as long as the backup lasts', { timeout: 60_000 }, async () => {
    stage.scp.calls.length = 0
    stage.scp.faults.add({ operation: 'listChangedAreas', does: 'delay', delayMs: 250_000 })
    expect(await stage.run('vm-backup', { serverId: ids[0] ?? '' })).toMatchObject({ status: 'succeeded' })
    const held = ['createBackupResource', 'renewBackupResource', 'deleteBackupResource']
    const times = stage.scp.calls.filter(({ operationId }) => held.includes(operationId)).map(({ at }) => at)
    expect(times.length).toBeGreaterThanOrEqual(5)
    for (const [index, at] of times.entries()) expect(at - (times[index - 1] ?? at)).toBeLessThanOrEqual(120_000)
  })

  it('note: the backup of expired backup resources is terminated and leaves no restore point', { timeout: 60_000 }, async () => {
    const points = (await stage.vault.points({})).length
    stage.scp.faults.add({ operation: 'listChangedAreas', does: 'expireLease' })
    expect(await stage.run('vm-backup', { serverId: ids[0] ?? '', full: true })).toMatchObject({ status: 'failed', owed: [] })
    expect(await stage.vault.points({})).toHaveLength(points)
  })

  it('note: when backups of a VM end for good, the CBT feature is disabled', { timeout: 60_000 }, async () => {
    const { outcome, requests } = await sentBy('cbt-disable', { serverIds: [ids[0] ?? ''] })
    expect(outcome).toMatchObject({ status: 'succeeded' })
    expect(requests.filter(({ method }) => method === 'PUT').map(({ body }) => body)).toEqual([{ type: 'disable' }])
  })
})

describe('seed 000, section 4.6, consistency groups', () => {
  let made: { outcome: Outcome; requests: readonly Sent[] }
  let backup: typeof made
  beforeAll(async () => {
    await open()
    made = await sentBy('consistency-group-create', { name: 'erp', serverIds: ids })
    backup = await sentBy('consistency-group-backup', { groupId: String(made.outcome.outputs?.groupId) })
  }, 60_000)
  afterAll(close)

  const pointsOf = () => (backup.outcome.outputs as unknown as { points: { pointId: string; serverId: string }[] }).points

  it('VMs with business associations join a group, and the backups of all of them are of the same point in time', async () => {
    expect(
      pointsOf()
        .map(({ serverId }) => serverId)
        .toSorted(),
    ).toEqual(ids.toSorted())
    const groups = await Promise.all(pointsOf().map(async ({ pointId }) => (await stage.vault.point(pointId)).evidence))
    expect(groups[0]).toEqual(groups[1])
    expect(indexOf(backup.requests, 'POST', SNAPSHOT)).toBe(-1)
  })

  it('4.6.1 rule: only VMs whose storage location is on a virtual storage volume are allowed into a group', async () => {
    stage.scp.addStorage({ id: 'nfs-1', type: 'nfs' })
    const plain = stage.scp.addVm({ name: 'plain', disks: [{ sizeBytes: MIB }], storageId: 'nfs-1' }).id
    const { outcome, requests } = await sentBy('consistency-group-create', { name: 'plain', serverIds: [plain] })
    expect(outcome).toMatchObject({ status: 'failed', failure: { message: 'all members must live on the same virtual storage' } })
    expect(requests.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('4.6.1 rule: VMs of one group must be located on the same virtual storage volume', async () => {
    stage.scp.addStorage({ id: 'other_vs', type: 'vs' })
    const far = stage.scp.addVm({ name: 'far', disks: [{ sizeBytes: MIB }], storageId: 'other_vs' }).id
    const { outcome, requests } = await sentBy('consistency-group-create', { name: 'far', serverIds: [...ids, far] })
    expect(outcome).toMatchObject({ status: 'failed', failure: { message: 'all members must live on the same virtual storage' } })
    expect(requests.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('4.6.1: queries the storage list for type vs and compares the storage_location of each VM with the id found', () => {
    const posted = indexOf(made.requests, 'POST', /\/consistency-groups$/)
    expect(indexOf(made.requests, 'GET', /^\/janus\/20250725\/storages$/)).toBeGreaterThanOrEqual(0)
    expect(lastIndexOf(made.requests, 'GET', /^\/janus\/20250725\/storages$/)).toBeLessThan(posted)
    for (const id of ids) {
      const path = new RegExp(`^/janus/20250725/servers/${id}$`)
      expect(indexOf(made.requests, 'GET', path)).toBeGreaterThanOrEqual(0)
      expect(indexOf(made.requests, 'GET', path)).toBeLessThan(posted)
    }
  })

  it('4.6.1: creates the group by POST /janus/20180725/consistency-groups', () => {
    const posted = made.requests.filter(({ method }) => method === 'POST')
    expect(posted.map(({ path, body }) => [path, body.server_ids])).toEqual([['/janus/20180725/consistency-groups', ids]])
  })

  it('4.6.2: queries which VMs are in the group by GET /janus/20180725/consistency-groups/summary', () => {
    const [asked] = backup.requests.filter(({ path }) => path === '/janus/20180725/consistency-groups/summary')
    expect(asked?.query.get('cg_ids')).toBe(made.outcome.outputs?.groupId)
  })

  it('4.6.2: creates the group snapshot, and locates it in the list by its name', () => {
    const path = `/janus/20180725/consistency-groups/${String(made.outcome.outputs?.groupId)}/snapshots`
    const calls = backup.requests.filter((each) => each.path === path).map(({ method }) => method)
    expect(calls[0]).toBe('POST')
    expect(calls.slice(1)).toContain('GET')
  })

  it('4.6.2: all VMs of the group share the snapshot id, and the rest is the normal VM backup', () => {
    const details = backup.requests.filter(({ method, path }) => method === 'GET' && SNAPSHOT_DETAIL.test(path))
    expect(new Set(details.map(({ path }) => path.split('/').at(-1))).size).toBe(1)
    expect(backup.requests.filter(({ method, path }) => method === 'POST' && RESOURCES.test(path))).toHaveLength(2)
    expect(backup.requests.filter(({ path }) => AREAS.test(path))).toHaveLength(4)
  })

  it('4.6.2 rule: the group snapshot is deleted only after all VMs of the group have been backed up', () => {
    const deleted = indexOf(backup.requests, 'DELETE', /\/consistency-groups\/[^/]+\/snapshots\/[^/]+$/)
    expect(deleted).toBeGreaterThan(lastIndexOf(backup.requests, 'DELETE', RESOURCE))
    expect(backup.requests.slice(deleted + 1).some(({ path }) => AREAS.test(path))).toBe(false)
  })

  it('4.6.3: a VM of the group is restored like any other', { timeout: 60_000 }, async () => {
    const [point] = pointsOf()
    expect(await stage.run('vm-restore', { pointId: point?.pointId ?? '' })).toMatchObject({ status: 'succeeded' })
  })
})
