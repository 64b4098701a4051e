// A data centre is lost with everything in it but one storage server, and rebuilt from that alone.
import { afterEach, describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const NONE = { groupUuids: [], volumeBackupUuids: [], databaseBackupUuids: [] }
const COPIES = { remote: ['sync-to-remote', 'remoteStorageUuid'], cloud: ['sync-to-cloud', 'cloudStorageUuid'] } as const
const STORAGE_URL: JsonObject = { $secret: { env: 'STORAGE_URL' } }
const MYSQL: JsonObject = { $secret: { env: 'MYSQL' } }

/**
 * A VM backup, then one of the database, then another VM backup that the database does not know of; then nothing is left but the
 * storage, and an empty server where the local one was.
 */
async function lostAllBut(where: 'local' | 'remote' | 'cloud', behaviour = {}) {
  const secrets: Record<string, string> = { MYSQL: 'mysql-pass' }
  harness = await startHarness({ rate: RATE, behaviour, secrets })
  const { zstack } = harness
  const { local, vmUuid, world } = zstack
  const kept = zstack[where]
  secrets.STORAGE_URL = zstack.storageUrl(kept).reveal()
  const storageUuids = [local.uuid]
  zstack.write(vmUuid, 8)
  await harness.run('vm-backup', { vmUuid, storageUuids })
  const database = await harness.run('database-backup', { storageUuids })
  zstack.write(vmUuid, 8)
  const { outputs } = await harness.run('vm-backup', { vmUuid, storageUuids })
  zstack.write(vmUuid, 8)
  if (where !== 'local') {
    const [runbook, input] = COPIES[where]
    const groupUuids = [...new Set(world.volumeBackups.map(({ groupUuid }) => groupUuid ?? ''))]
    const databaseBackupUuids = [String(database.outputs?.backupUuid)]
    const copies = { ...NONE, groupUuids, databaseBackupUuids, fromStorageUuid: local.uuid, [input]: kept.uuid }
    expect(await harness.run(runbook, copies)).toMatchObject({ status: 'succeeded' })
  }
  const newest = world.volumeBackups.filter(({ groupUuid }) => groupUuid === outputs?.groupUuid)
  zstack.loseSite([kept])
  // Somebody has put a new server where the old one was.
  local.up = true
  return {
    newest,
    inputs: {
      storageUrl: STORAGE_URL,
      mysqlRootPassword: MYSQL,
      fromStorageUuid: kept.uuid,
      localStorageUuid: local.uuid,
      clusterUuid: 'c1',
      start: false,
    },
  }
}

const nothingMade = () => expect(harness.zstack.world).toMatchObject({ storages: [], vms: [], volumes: [] })

describe.each(['local', 'remote', 'cloud'] as const)('after a disaster in the local data center', (where) => {
  it(`the data center is rebuilt from ${where} storage alone: its database, and its VM byte by byte as of the newest backup`, async () => {
    const { inputs, newest } = await lostAllBut(where)
    nothingMade()
    const ended = await harness.run('recover-site', inputs)
    expect(ended).toMatchObject({ status: 'succeeded', outputs: { volumes: [], uncovered: [] } })
    const { vms, volumes } = harness.zstack.world
    // The lost VM is known again, from the database; beside it stands the one that was made.
    const made = vms.find(({ uuid }) => uuid !== harness.zstack.vmUuid)
    expect(vms).toMatchObject(
      [
        { name: 'erp-db', state: 'Unknown' },
        { name: 'erp-db-run-4', cpuNum: 4, state: 'Stopped' },
      ].map((vm) => ({ ...vm, name: expect.stringContaining('erp-db') })),
    )
    const disks = volumes.filter(({ vmInstanceUuid }) => vmInstanceUuid === made?.uuid)
    expect(disks.map(({ disk }, index) => isEqual(disk, harness.zstack.frozen(newest[index]?.uuid ?? '')))).toEqual([true, true])
  })
})

describe('recover-site', () => {
  it('recovers only a database of the very version that runs, and says which ones there are', async () => {
    const { inputs } = await lostAllBut('local')
    harness.zstack.world.behaviour.version = '5.3.0'
    expect(await harness.run('recover-site', inputs)).toMatchObject({
      failure: {
        message: "the storage has no such database backup of version 5.3.0, which is this node's; it has some of 5.1.0",
      },
    })
    nothingMade()
  })

  it('leaves a management node alone that is in use', async () => {
    const { inputs } = await lostAllBut('local')
    harness.zstack.world.storages.push(harness.zstack.standby)
    expect(await harness.run('recover-site', inputs)).toMatchObject({
      failure: { message: expect.stringContaining('this management node is in use') },
    })
    expect(harness.zstack.api.asked.recoverDatabase).toBeUndefined()
  })

  it('goes on where a run before has recovered the database already', async () => {
    const { inputs } = await lostAllBut('local')
    await harness.run('recover-site', inputs)
    const vms = harness.zstack.world.vms.length
    expect(await harness.run('recover-site', inputs)).toMatchObject({ status: 'succeeded' })
    expect(harness.zstack.api.asked.recoverDatabase).toBe(1)
    expect(harness.zstack.world.vms).toHaveLength(vms + 1)
  })

  it('tells neither the password of the storage nor that of the database [P11]', async () => {
    const { inputs } = await lostAllBut('local')
    const password = new URL(harness.zstack.storageUrl(harness.zstack.local).reveal()).password
    harness.zstack.local.up = false
    const ended = await harness.run('recover-site', inputs)
    expect(ended).toMatchObject({ status: 'failed' })
    for (const secret of [password, 'mysql-pass']) expect(JSON.stringify(ended)).not.toContain(secret)
  })
})
