import { afterEach, describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../../src/http/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const start = async (behaviour = {}, onRequest: (request: HttpRequest) => void = () => {}) => {
  harness = await startHarness({ rate: RATE, behaviour, onRequest })
}
const storageUuids = () => [harness.zstack.local.uuid, harness.zstack.standby.uuid]
const backUpVm = (more = {}) => harness.run('vm-backup', { vmUuid: harness.zstack.vmUuid, storageUuids: storageUuids(), ...more })
const backUpVolume = () =>
  harness.run('volume-backup', { volumeUuid: harness.zstack.volumeUuids[1], storageUuids: storageUuids() })
const backUpDatabase = () => harness.run('database-backup', { storageUuids: storageUuids() })
const each = [
  ['vm-backup', backUpVm],
  ['volume-backup', backUpVolume],
  ['database-backup', backUpDatabase],
] as const

describe('local backup', () => {
  it.each(each)('of %s goes to the master, and to the standby when the master fails', async (_, backUp) => {
    await start()
    expect(await backUp()).toMatchObject({ status: 'succeeded', outputs: { storageUuid: harness.zstack.local.uuid } })
    harness.zstack.local.status = 'Disconnected'
    expect(await backUp()).toMatchObject({ status: 'succeeded', outputs: { storageUuid: harness.zstack.standby.uuid } })
    harness.zstack.standby.state = 'Disabled'
    expect(await backUp()).toMatchObject({ status: 'failed', failure: { type: 'assertionFailed' } })
  })

  it.each(each)(
    'of %s goes on to the standby when the master fails in the very call: the switchover has no break',
    async (_, backUp) => {
      await start({}, ({ method }) => {
        if (method === 'POST') harness.zstack.local.status = 'Disconnected'
      })
      expect(await backUp()).toMatchObject({ status: 'succeeded', outputs: { storageUuid: harness.zstack.standby.uuid } })
      const { volumeBackups, databaseBackups } = harness.zstack.world
      const held = [...volumeBackups, ...databaseBackups].flatMap(({ backupStorageRefs }) => backupStorageRefs)
      expect(new Set(held.map(({ backupStorageUuid }) => backupStorageUuid))).toEqual(new Set([harness.zstack.standby.uuid]))
    },
  )

  /** Done to the platform as soon as a backup is made, while another run waits for the lock. */
  const startWith = (change: () => void) =>
    start({}, ({ method, path }) => {
      const { volumeBackups, databaseBackups } = harness.zstack.world
      if (method === 'GET' && /-backups(\?|$)/.test(path) && volumeBackups.length + databaseBackups.length > 0) change()
    })

  it.each(each)('of %s that waited for another chooses its storage when that has ended', async (_, backUp) => {
    await startWith(() => {
      harness.zstack.local.status = 'Disconnected'
    })
    const ended = await Promise.all([backUp(), backUp()])
    const { local, standby, api } = harness.zstack
    expect(new Set(ended.map(({ outputs }) => outputs?.storageUuid))).toEqual(new Set([local.uuid, standby.uuid]))
    const made = Object.entries(api.asked).filter(([name]) => name.startsWith('create'))
    expect(made.map(([, times]) => times)).toEqual([2])
  })

  it.each(each.slice(0, 2))('of %s that waited for another looks at the VM when that has ended', async (_, backUp) => {
    await startWith(() => {
      for (const vm of harness.zstack.world.vms) vm.state = 'Stopped'
    })
    const ended = await Promise.all([backUp(), backUp()])
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['failed', 'succeeded'])
    expect(ended.map(({ failure }) => failure)).toContainEqual(expect.objectContaining({ type: 'assertionFailed' }))
  })

  it('is full at first, then incremental, and full again where asked', async () => {
    await start()
    expect(await backUpVm()).toMatchObject({ outputs: { modes: ['full', 'full'] } })
    expect(await backUpVm()).toMatchObject({ outputs: { modes: ['incremental', 'incremental'] } })
    expect(await backUpVm({ full: true })).toMatchObject({ outputs: { modes: ['full', 'full'] } })
  })

  it('of a VM has one backup for each volume in one group, with the metadata that a rebuild needs', async () => {
    await start()
    const ended = await backUpVm()
    const { volumeBackups } = harness.zstack.world
    expect(new Set(volumeBackups.map(({ groupUuid }) => groupUuid))).toEqual(new Set([ended.outputs?.groupUuid]))
    expect(volumeBackups.map(({ volumeUuid }) => volumeUuid)).toEqual(harness.zstack.volumeUuids)
    expect(ended.outputs?.metadata).toMatchObject([{ metadata: { type: 'Root' } }, { metadata: { type: 'Data' } }])
  })

  it('of a VM tells what the VM is, also in words that no platform owns', async () => {
    await start()
    const [root, data] = harness.zstack.volumeUuids
    expect((await backUpVm()).outputs).toMatchObject({
      metadata: [{ metadata: { vmName: 'erp-db', cpuNum: 4, vmNics: [{ mac: 'fa:c2:f9:87:13:00' }] } }, {}],
      machine: {
        cpus: 4,
        memoryBytes: 8 * 2 ** 30,
        firmware: 'unknown',
        guestOs: 'CentOS 7',
        disks: [
          { disk: root, boot: true },
          { disk: data, boot: false },
        ],
        networks: [{ mac: 'fa:c2:f9:87:13:00' }],
      },
    })
  })

  it('of the database tells where it lies and its version, which a recovery needs', async () => {
    await start()
    expect(await backUpDatabase()).toMatchObject({
      outputs: { installPath: expect.stringMatching(/^zstore:\/\/zsbak\//), metadata: [{ metadata: { version: '5.1.0' } }] },
    })
  })

  it.each(each)('of %s says clearly that the Plus License is missing, before it asks for a backup', async (_, backUp) => {
    await start({ backupLicence: false })
    expect(await backUp()).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('and the Plus License is missing') },
    })
    expect(Object.keys(harness.zstack.api.asked).filter((name) => name.startsWith('create'))).toEqual([])
  })

  it('needs a VM that is running or paused', async () => {
    await start()
    const [vm] = harness.zstack.world.vms
    for (const [state, status] of [
      ['Paused', 'succeeded'],
      ['Stopped', 'failed'],
    ] as const) {
      if (vm) vm.state = state
      expect(await backUpVm(), state).toMatchObject({ status })
      expect(await backUpVolume(), state).toMatchObject({ status })
    }
  })

  it('takes no shareable volume, and none that is attached to no VM', async () => {
    await start()
    const { volumes } = harness.zstack.world
    const [root, data] = volumes
    if (!root || !data) throw new Error('the simulator has two volumes')
    harness.zstack.world.volumes = [root, { ...data, isShareable: true }]
    expect(await backUpVolume()).toMatchObject({ status: 'failed' })
    expect(await backUpVm()).toMatchObject({ status: 'failed' })
    const { vmInstanceUuid: _, ...loose } = data
    harness.zstack.world.volumes = [root, loose]
    expect(await backUpVolume()).toMatchObject({ status: 'failed' })
    expect(harness.zstack.world.volumeBackups).toEqual([])
  })

  it('of a VM is deleted again when a volume was attached in between, for it is not whole', async () => {
    await start({}, ({ method, path }) => {
      const { volumes } = harness.zstack.world
      const [, data] = volumes
      if (method === 'POST' && path.endsWith('/vm-backups') && data) volumes.push({ ...data, uuid: 'attached-late' })
    })
    expect(await backUpVm()).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('not every volume') },
    })
    expect(harness.zstack.world.volumeBackups).toEqual([])
  })

  it('that the platform gave up is looked for, and found once the host has gone on', async () => {
    await start()
    harness.zstack.api.strike('createVmBackup', 'timeOutJob', 0)
    expect(await backUpVm()).toMatchObject({ status: 'succeeded' })
    expect(harness.zstack.world.volumeBackups).toHaveLength(2)
  })

  it('may be made by members of a project where Enterprise Management is licensed, of VMs and volumes, and of nothing else', async () => {
    await start({ account: 'projectMember', projectLicence: true })
    expect(await backUpVm()).toMatchObject({ status: 'succeeded' })
    expect(await backUpVolume()).toMatchObject({ status: 'succeeded' })
    expect(await backUpDatabase()).toMatchObject({ status: 'failed', failure: { type: 'notPermitted' } })
    harness.zstack.world.behaviour.projectLicence = false
    expect(await backUpVm()).toMatchObject({ status: 'failed', failure: { type: 'notPermitted' } })
  })
})

const NONE = { groupUuids: [], volumeBackupUuids: [], databaseBackupUuids: [] }

const ways = [
  ['sync-to-remote', 'remoteStorageUuid', 'remote'],
  ['sync-to-cloud', 'cloudStorageUuid', 'cloud'],
] as const

describe.each(ways)('%s', (runbook, input, target) => {
  const copy = (more: JsonObject) =>
    harness.run(runbook, { fromStorageUuid: harness.zstack.local.uuid, [input]: harness.zstack[target].uuid, ...NONE, ...more })

  /** A backup of the VM, of a volume and of the database on the local storage. */
  async function backUpAll() {
    const [vm, volume, database] = [await backUpVm(), await backUpVolume(), await backUpDatabase()].map(({ outputs }) => outputs)
    return {
      groupUuids: [vm?.groupUuid ?? ''],
      volumeBackupUuids: [volume?.backupUuid ?? ''],
      databaseBackupUuids: [database?.backupUuid ?? ''],
    }
  }

  it('copies VM instances, volumes and databases from the local storage, so that each has two copies that are ready', async () => {
    await start()
    const asked = await backUpAll()
    expect(await copy(asked)).toMatchObject({ status: 'succeeded', outputs: { copied: Object.values(asked).flat() } })
    const { volumeBackups, databaseBackups } = harness.zstack.world
    for (const { backupStorageRefs } of [...volumeBackups, ...databaseBackups]) {
      expect(backupStorageRefs).toMatchObject([
        { backupStorageUuid: harness.zstack.local.uuid, status: 'Ready' },
        { backupStorageUuid: harness.zstack[target].uuid, status: 'Ready' },
      ])
    }
    // Once more does no harm.
    expect(await copy(asked)).toMatchObject({ status: 'succeeded' })
    expect(volumeBackups[0]?.backupStorageRefs).toHaveLength(2)
  })

  it('copies what it can, and names what it cannot: what is not on the local storage is not copied', async () => {
    await start()
    const { groupUuids } = await backUpAll()
    const ended = await copy({ groupUuids: [...groupUuids, 'none'] })
    expect(ended).toMatchObject({ status: 'failed', failure: { message: 'not copied: none' } })
    expect(harness.zstack.world.volumeBackups[0]?.backupStorageRefs).toHaveLength(2)
  })

  it('is synchronized from the local storage and from nowhere else', async () => {
    await start()
    const groupUuids = (await backUpAll()).groupUuids
    const ended = await copy({ groupUuids, fromStorageUuid: harness.zstack[target].uuid })
    expect(ended).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('must be a local backup storage') },
    })
  })

  it('says clearly that the Plus License is missing', async () => {
    await start({ backupLicence: false })
    expect(await copy({})).toMatchObject({ failure: { message: expect.stringContaining('and the Plus License is missing') } })
  })
})
