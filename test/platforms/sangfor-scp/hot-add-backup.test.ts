// Backups through a backup proxy, from snapshot to restored bytes. [seed 002 (4) B]
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { MIB } from './stage.ts'
import { ids, type Point, restoreAndCompare, stage, useTwoGuests, writeEverywhere } from './two-guests.ts'

useTwoGuests()

let proxyId: string
beforeEach(() => {
  proxyId = addProxy('proxy-1')
})

const addProxy = (name: string, status: 'running' | 'stopped' = 'stopped'): string =>
  stage.scp.addVm({ name, disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status }).id

async function backUp(serverId: string, inputs = {}): Promise<Point> {
  const outcome = await stage.run('vm-backup-hotadd', { serverId, ...inputs })
  expect(outcome).toMatchObject({ status: 'succeeded' })
  return { serverId, ...(outcome.outputs as unknown as Omit<Point, 'serverId'>) }
}

const asked = (operationId: string) => stage.scp.calls.filter((call) => call.operationId === operationId)
const statusOf = (serverId: string): unknown =>
  (stage.scp.state().vms as { id: string; status: string }[]).find(({ id }) => id === serverId)?.status

describe('a backup through a proxy', () => {
  it('seed 002 (4) B d: reads only what changed, in the guest of the proxy, and restores to the same bytes', {
    timeout: 60_000,
  }, async () => {
    const [serverId = ''] = ids
    const full = await backUp(serverId)
    writeEverywhere()
    const later = await backUp(serverId)
    expect([full.level, later.level]).toEqual(['full', 'incremental'])
    expect(later.bytesUnchanged).toBeGreaterThan(10 * MIB)
    await restoreAndCompare(full)
    await restoreAndCompare(later)
  })

  it('seed 002 (4) B f: powers the proxy off again that it has powered on, and leaves one that ran before', async () => {
    const [serverId = ''] = ids
    await backUp(serverId)
    expect(statusOf(proxyId)).toBe('stopped')
    expect(asked('stopServer')).toHaveLength(1)
    await stage.run('vm-backup-hotadd', { serverId, proxyId: addProxy('proxy-2', 'running') })
    expect(asked('stopServer')).toHaveLength(1)
  })

  it('seed 002 (4) B c, note 1: takes the disks in waves where the proxy has too few places for all at once', async () => {
    const disks = Array.from({ length: 14 }, () => ({ sizeBytes: MIB }))
    const crowded = stage.scp.addVm({ name: 'crowded', disks, osName: 'Backup Proxy' }).id
    const point = await backUp(ids[0] ?? '', { proxyId: crowded })
    expect(asked('addServerDisks')).toHaveLength(2)
    await restoreAndCompare(point)
  })

  it('seed 002 (4) B c, note 2: two backups at a time through one proxy take turns, and no HotAdd task meets another', {
    timeout: 60_000,
  }, async () => {
    const outcomes = await Promise.all(ids.map((serverId) => stage.run('vm-backup-hotadd', { serverId, proxyId })))
    expect(outcomes.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
    const tasks = (stage.scp.state().tasks as { action: string; status: string; begin_time: string; end_time: string }[])
      .filter(({ action }) => action.startsWith('hot_'))
      .toSorted((a, b) => (a.begin_time < b.begin_time ? -1 : 1))
    expect(tasks.map(({ action, status }) => `${action} ${status}`)).toEqual([
      'hot_add finish',
      'hot_remove finish',
      'hot_add finish',
      'hot_remove finish',
    ])
    for (const [index, task] of tasks.entries()) {
      expect(task.begin_time >= (tasks[index - 1]?.end_time ?? '')).toBe(true)
    }
  })

  it('seed 002 (4) B f: powers the proxy on again that the backup before it has powered off while this one waited', {
    timeout: 120_000,
  }, async () => {
    const [first = '', second = ''] = ids
    const running = stage.run('vm-backup-hotadd', { serverId: first, proxyId })
    await vi.waitFor(() => expect(statusOf(proxyId)).toBe('running'), { timeout: 60_000 })
    expect(await stage.run('vm-backup-hotadd', { serverId: second, proxyId })).toMatchObject({ status: 'succeeded' })
    expect(await running).toMatchObject({ status: 'succeeded' })
    expect([asked('startServer'), asked('stopServer')].map(({ length }) => length)).toEqual([2, 2])
    expect(statusOf(proxyId)).toBe('stopped')
  })

  it('P4: removes the disks, then powers the proxy off, ends the lease and deletes the snapshot', async () => {
    await backUp(ids[0] ?? '')
    const order = ['addServerDisks', 'actOnServerDisks', 'stopServer', 'deleteBackupResource', 'actOnSnapshots']
    const seen = stage.scp.calls.map(({ operationId }) => operationId).filter((operationId) => order.includes(operationId))
    expect(seen).toEqual(order)
  })

  it('seed 002 (4) B b, note: fails without a point when the proxy loses its power before the disks are added', async () => {
    stage.scp.faults.add({ operation: 'addServerDisks', does: 'proxyOff' })
    const outcome = await stage.run('vm-backup-hotadd', { serverId: ids[0] ?? '' })
    expect(outcome).toMatchObject({ status: 'failed', owed: [] })
    expect(await stage.vault.points({})).toEqual([])
  })

  it('seed 002 (4) B b, note: has nothing to remove from a proxy that lost its power after the disks were read', async () => {
    stage.scp.faults.add({ operation: 'actOnServerDisks', does: 'proxyOff' })
    const outcome = await stage.run('vm-backup-hotadd', { serverId: ids[0] ?? '' })
    expect(outcome).toMatchObject({ status: 'succeeded', owed: [] })
  })

  it('P6: fails without a point when the lease is lost: no running lease, no data', async () => {
    stage.scp.faults.add({ operation: 'addServerDisks', does: 'expireLease' })
    const outcome = await stage.run('vm-backup-hotadd', { serverId: ids[0] ?? '' })
    expect(outcome).toMatchObject({ status: 'failed', owed: [] })
    expect(await stage.vault.points({})).toEqual([])
  })

  it('P4: is not cut by what an earlier run owes: that run powers the proxy off when nobody uses it any more', {
    timeout: 120_000,
  }, async () => {
    const [first = '', second = ''] = ids
    stage.scp.faults.add({ operation: 'stopServer', does: 'failTask', times: 100 })
    await stage.run('vm-backup-hotadd', { serverId: first })
    expect(stage.owed().map(({ type }) => type)).toEqual(['sangfor-scp/ProxyPower'])
    stage.scp.faults.clear()
    stage.scp.calls.length = 0
    // Held as long as it is read: the lock of the turn.
    const running = stage.run('vm-backup-hotadd', { serverId: second })
    await vi.waitFor(
      async () => expect((await stage.journal.locks()).map(({ name }) => name)).toContain(`scp-proxy/${proxyId}`),
      {
        timeout: 60_000,
      },
    )
    const reaping = stage.reap('run-1')
    expect(await running).toMatchObject({ status: 'succeeded' })
    await reaping
    const order = stage.scp.calls.map(({ operationId }) => operationId)
    expect(order.indexOf('stopServer') === -1 || order.indexOf('stopServer') > order.lastIndexOf('actOnServerDisks')).toBe(true)
    await stage.reap('run-1')
    expect(statusOf(proxyId)).toBe('stopped')
  })

  it('asks for nothing that it would have to give back where no proxy will do', async () => {
    const outcome = await stage.run('vm-backup-hotadd', { serverId: ids[0] ?? '', proxyId: 'none' })
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'proxyMissing' } })
    expect(stage.scp.calls.filter(({ method }) => method !== 'GET')).toEqual([])
  })
})
