// HotAdd, call by call: which proxy, when disks can be added, how many and how often. [S7 to S11; seed 002 (4) B]
import { openSync, readSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/values/index.ts'
import { CLOUD, type Harness, type HarnessOptions, handleOf, MIB, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.scp.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const HOSTS = ['host-0a1b2c000001', 'host-0a1b2c000002'] as const
const PROXY = { osName: 'Backup Proxy', disks: [{ sizeBytes: MIB }] }

interface Scene {
  readonly serverId: string
  readonly proxyId: string
  readonly snapshotId: string
  readonly resourceId: string
  /** What `hotAdd.add` takes for these disks. */
  add(...disks: string[]): JsonObject
}

/** A VM with two disks, its snapshot and lease, and a proxy that runs. */
async function start(options: HarnessOptions = {}): Promise<Scene> {
  harness = await startHarness(options)
  const { scp, call } = harness
  const serverId = scp.addVm({ name: 'erp-db', disks: [{ bytes: Buffer.alloc(MIB, 'erp') }, { sizeBytes: MIB }] }).id
  const proxyId = scp.addVm({ name: 'proxy', ...PROXY }).id
  const made = await call('snapshot.create', { serverId, name: 's' })
  const snapshotId = String(made.snapshotId)
  const snapshot = handleOf('Snapshot', made)
  const { resourceId } = await call('backupResource.create', { serverId, snapshot })
  return {
    serverId,
    proxyId,
    snapshotId,
    resourceId: String(resourceId),
    add: (...disks) => ({ snapshot, proxyId, serverId, snapshotId, disks }),
  }
}

const path = (proxyId: string, rest = ''): string => `/janus/20250725/servers/${proxyId}/disks${rest}`

/** The body that `hotAdd.add` would send, sent past Holdfast. */
const addRaw = ({ proxyId, serverId, snapshotId }: Scene, disk: string) =>
  harness.send('POST', path(proxyId), {
    body: {
      application: 'agentless_backup',
      disks: [{ type: 'derive_disk', source_server_id: serverId, snapshot_id: snapshotId, disk_id: disk, use_virtio: 1 }],
    },
  })

const taskOf = async (taskId: unknown) => {
  harness.scp.clock.advance(5000)
  return (await harness.send('GET', `/janus/20180725/tasks/${String(taskId)}`)).json.data
}

describe('seed 002 (4) B a: a proxy that can access the disks of the business VM', () => {
  const choose = async (serverId: string, more: JsonObject = {}) => {
    const { disks = [] } = await harness.call('server.get', { serverId })
    const { storages = [] } = await harness.call('storage.list')
    const { hosts = [] } = await harness.call('host.list')
    const { servers = [] } = await harness.call('server.list')
    return { serverId, disks, storages, hosts, servers, ...more }
  }

  it('i, ii: only hosts that reach the datastores of all of its disks will do', async () => {
    harness = await startHarness()
    harness.scp.addStorage({ id: 'far_vs', type: 'vs', hostIds: [HOSTS[1]] })
    const { id } = harness.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: MIB }, { sizeBytes: MIB, storageId: 'far_vs' }] })
    harness.scp.addVm({ name: 'near', hostId: HOSTS[0], ...PROXY })
    const far = harness.scp.addVm({ name: 'far', hostId: HOSTS[1], ...PROXY, status: 'stopped' })
    expect(await harness.call('proxy.choose', await choose(id))).toEqual({
      proxyId: far.id,
      name: 'far',
      running: false,
      hostIds: [HOSTS[1]],
    })
  })

  it('iii: the proxy is one on such a host; without one nothing is chosen', async () => {
    harness = await startHarness()
    harness.scp.addStorage({ id: 'far_vs', type: 'vs', hostIds: [HOSTS[1]] })
    harness.scp.addStorage({ id: 'lost_vs', type: 'vs', hostIds: [] })
    harness.scp.addVm({ name: 'near', hostId: HOSTS[0], ...PROXY })
    harness.scp.addVm({ name: 'no proxy', hostId: HOSTS[1], disks: [{ sizeBytes: MIB }] })
    const onFar = harness.scp.addVm({ name: 'on far', disks: [{ sizeBytes: MIB }], storageId: 'far_vs' }).id
    const onLost = harness.scp.addVm({ name: 'on lost', disks: [{ sizeBytes: MIB }], storageId: 'lost_vs' }).id
    expect(await harness.failureOf('proxy.choose', await choose(onFar))).toMatchObject({
      type: 'proxyMissing',
      message: expect.stringContaining(HOSTS[1]),
    })
    expect(await harness.failureOf('proxy.choose', await choose(onLost))).toMatchObject({
      type: 'proxyMissing',
      message: expect.stringContaining('no host that runs'),
    })
  })

  it('spreads VMs over all proxies that will do, the same VM always to the same, or takes the one that is asked for', async () => {
    harness = await startHarness()
    const proxies = ['a', 'b'].map((name) => harness.scp.addVm({ name, hostId: HOSTS[0], ...PROXY }).id)
    const chosen = new Set<unknown>()
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) {
      const { id } = harness.scp.addVm({ name, disks: [{ sizeBytes: MIB }] })
      const input = await choose(id)
      const { proxyId } = await harness.call('proxy.choose', input)
      expect(await harness.call('proxy.choose', input)).toMatchObject({ proxyId })
      chosen.add(proxyId)
    }
    expect([...chosen].toSorted()).toEqual(proxies.toSorted())
    const [, asked = ''] = proxies
    const other = harness.scp.addVm({ name: 'seven', disks: [{ sizeBytes: MIB }] }).id
    expect(await harness.call('proxy.choose', await choose(other, { proxyId: asked }))).toMatchObject({ proxyId: asked })
  })
})

describe('seed 002 (4) B b: starting the backup proxy', () => {
  it('waits until it runs and its guest tools answer', async () => {
    harness = await startHarness({ behaviour: { toolsAfterMs: 20_000 } })
    const proxyId = harness.scp.addVm({ name: 'proxy', ...PROXY, status: 'stopped' }).id
    const before = harness.scp.clock.now()
    expect(await harness.call('proxy.start', { proxyId })).toEqual({ proxyId })
    expect(harness.scp.clock.now() - before).toBeGreaterThan(20_000)
    expect(await harness.call('proxy.state', { proxyId })).toMatchObject({ ready: true, disks: 1, hotAdded: 0 })
    expect(harness.scp.leaks()).toEqual(['proxy proxy still powered on'])
    expect(await harness.call('proxy.stop', { proxyId })).toEqual({ status: 'stopped' })
    expect(harness.scp.leaks()).toEqual([])
  })

  it('tells the host that it came up on, which may be another one', async () => {
    harness = await startHarness({ behaviour: { startsOnHost: HOSTS[1] } })
    const proxyId = harness.scp.addVm({ name: 'proxy', hostId: HOSTS[0], ...PROXY, status: 'stopped' }).id
    await harness.call('proxy.start', { proxyId })
    expect(await harness.call('proxy.state', { proxyId })).toMatchObject({ hostId: HOSTS[1] })
  })

  it('note, S8: disks can be hot-added only to a proxy that runs', async () => {
    const scene = await start()
    harness.scp.powerOff(scene.proxyId)
    expect(await harness.failureOf('hotAdd.add', scene.add('ide0'))).toMatchObject({ type: 'refused', applied: 'no' })
  })

  it('note, S11: powering the proxy off removes the disks by itself, cuts their readers, and a later removal finds nothing', async () => {
    const scene = await start()
    const { added = [] } = await harness.call('hotAdd.add', scene.add('ide0'))
    const { proxyId, serverId, snapshotId } = scene
    const reader = openSync(deviceOf(proxyId, 'ide1'), 'r')
    expect(readSync(reader, Buffer.alloc(512), 0, 512, 0)).toBe(512)
    harness.scp.powerOff(proxyId)
    expect(readSync(reader, Buffer.alloc(512), 0, 512, 0)).toBe(0)
    expect(harness.scp.state().hotAddedDisks).toEqual([])
    const removal = { proxyId, serverId, snapshotId, disks: ['ide0'], added }
    expect(await harness.failureOf('hotAdd.remove', removal)).toMatchObject({ type: 'notFound' })
  })
})

const deviceOf = (proxyId: string, disk: string): string =>
  (harness.scp.settings.hotAdd as { device: string }).device.replace('{proxy}', proxyId).replace('{disk}', disk)

describe('seed 002 (4) B c: hot-adding linked clones of the snapshot', () => {
  it('adds all disks in one call, and they hold what the snapshot holds', async () => {
    const scene = await start()
    harness.scp.disk(scene.serverId, 'ide0').write(0, Buffer.from('later than the snapshot'))
    const { added = [] } = await harness.call('hotAdd.add', scene.add('ide0', 'ide1'))
    expect(added).toEqual([
      { id: 'ide1', disk: 'ide0' },
      { id: 'ide3', disk: 'ide1' },
    ])
    expect(harness.scp.calls.filter(({ operationId }) => operationId === 'addServerDisks')).toHaveLength(1)
    const { sources } = await harness.call('hotAdd.sources', {
      proxyId: scene.proxyId,
      added,
      disks: [{ disk: 'ide0', sizeBytes: MIB }],
    })
    expect(sources).toEqual([{ disk: 'ide0', sizeBytes: MIB, address: { kind: 'file', path: deviceOf(scene.proxyId, 'ide1') } }])
    const bytes = Buffer.alloc(6)
    readSync(openSync(deviceOf(scene.proxyId, 'ide1'), 'r'), bytes, 0, 6, 0)
    expect(bytes.toString()).toBe('erperp')
  })

  it('note 1, S9: more disks than a VM can have are refused, and none of them is added', async () => {
    const scene = await start({ behaviour: { maxDisks: 2 } })
    expect(await harness.failureOf('hotAdd.add', scene.add('ide0', 'ide1'))).toMatchObject({ type: 'refused', applied: 'no' })
    expect(harness.scp.state().hotAddedDisks).toEqual([])
  })

  it('note 1: more disks than places go in waves, and a proxy without a place takes none', async () => {
    harness = await startHarness({ settings: { hotAdd: { maxDisks: 4 } } })
    const disks = ['ide0', 'ide1', 'ide3', 'ide4', 'ide5'].map((disk) => ({ disk, sizeBytes: MIB }))
    const wavesOf = async (occupied: number) => {
      const { waves } = await harness.call('hotAdd.waves', { disks, occupied })
      return (waves as { disks: { disk: string }[] }[]).map((wave) => wave.disks.map(({ disk }) => disk))
    }
    expect(await wavesOf(2)).toEqual([['ide0', 'ide1'], ['ide3', 'ide4'], ['ide5']])
    expect(await wavesOf(3)).toHaveLength(5)
    expect(await harness.failureOf('hotAdd.waves', { disks, occupied: 4 })).toMatchObject({ type: 'proxyFull', retryable: true })
  })

  it('note 2, S7: of two HotAdd tasks at a time on one proxy the second is accepted and fails', async () => {
    const scene = await start()
    const first = await addRaw(scene, 'ide0')
    const second = await addRaw(scene, 'ide1')
    expect([first.status, second.status]).toEqual([200, 200])
    expect(await taskOf(first.json.data?.task_id)).toMatchObject({ status: 'finish' })
    expect(await taskOf(second.json.data?.task_id)).toMatchObject({ status: 'failure' })
  })

  it('note 2: a lost race is told as what it is, and may be tried again', async () => {
    const scene = await start()
    await addRaw(scene, 'ide0')
    expect(await harness.failureOf('hotAdd.add', scene.add('ide1'))).toMatchObject({
      type: 'proxyBusy',
      retryable: true,
      applied: 'no',
    })
    expect(await harness.call('hotAdd.add', scene.add('ide1'))).toMatchObject({ added: [{ disk: 'ide1' }] })
  })

  it("S10: a disk that the proxy's host cannot reach makes the task fail", async () => {
    const scene = await start()
    harness.scp.addStorage({ id: 'far_vs', type: 'vs', hostIds: [HOSTS[1]] })
    const far = harness.scp.addVm({ name: 'far', disks: [{ sizeBytes: MIB }], storageId: 'far_vs' }).id
    const made = await harness.call('snapshot.create', { serverId: far, name: 'f' })
    const input = { ...scene.add('ide0'), serverId: far, snapshotId: String(made.snapshotId) }
    expect(await harness.failureOf('hotAdd.add', input)).toMatchObject({
      type: 'taskFailed',
      detail: { task: { description: expect.stringContaining('far_vs') } },
    })
  })
})

describe('seed 002 (4) B e: removing the hot-added disks', () => {
  it('removes them by the disks action call; what was lost on the way is found by where the disks are from', async () => {
    const scene = await start()
    const { proxyId, serverId, snapshotId } = scene
    harness.scp.faults.add({ operation: 'addServerDisks', does: 'dropAnswer' })
    expect(await harness.failureOf('hotAdd.add', scene.add('ide0', 'ide1'))).toMatchObject({ applied: 'maybe' })
    harness.scp.clock.advance(5000)
    const identity = { proxyId, serverId, snapshotId, disks: ['ide0', 'ide1'] }
    const { found, added = [] } = await harness.call('hotAdd.find', identity)
    expect({ found, added }).toEqual({
      found: true,
      added: [
        { id: 'ide1', disk: 'ide0' },
        { id: 'ide3', disk: 'ide1' },
      ],
    })
    expect(await harness.call('hotAdd.remove', { ...identity, added })).toEqual({ found: false })
    expect(harness.scp.calls.filter(({ operationId }) => operationId === 'actOnServerDisks')).toHaveLength(1)
  })

  it('a snapshot with linked clones in a proxy cannot be deleted', async () => {
    const scene = await start()
    const { serverId, snapshotId, resourceId } = scene
    await harness.call('hotAdd.add', scene.add('ide0'))
    await harness.call('backupResource.delete', { serverId, resourceId })
    expect(await harness.failureOf('snapshot.delete', { serverId, snapshotId, name: 's' })).toMatchObject({ type: 'taskFailed' })
  })
})

it('names the target setting that says what hot-added disks are called in the guest', async () => {
  harness = await startHarness({ settings: { hotAdd: {} } })
  const input = { cloud: CLOUD, proxyId: 'p', added: [{ id: 'ide1', disk: 'ide0' }], disks: [{ disk: 'ide0', sizeBytes: MIB }] }
  expect(await harness.call('hotAdd.sources', input)).toMatchObject({
    sources: [{ address: { kind: 'file', path: '/dev/disk/by-id/virtio-ide1' } }],
  })
  expect(await harness.failureOf('hotAdd.sources', { ...input, added: [] })).toMatchObject({ type: 'diskNotAdded' })
})
