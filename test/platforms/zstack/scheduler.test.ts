import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const start = async (behaviour = {}) => {
  harness = await startHarness({ rate: RATE, behaviour })
}

const inputs = (more: JsonObject = {}): JsonObject => ({
  name: 'nightly',
  type: 'vmBackup',
  targetUuids: [harness.zstack.volumeUuids[0]],
  storageUuids: [harness.zstack.local.uuid, harness.zstack.standby.uuid],
  cron: '0 0 1 * * ?',
  retentionType: 'Count',
  retentionValue: 7,
  ...more,
})

const nothingMade = () => {
  const { jobs, groups, triggers } = harness.zstack.world
  expect([jobs, groups, triggers]).toEqual([[], [], []])
}

describe('scheduler-job-setup', () => {
  it('makes triggers, a group and its jobs, joins and binds them, and runs them now where asked', async () => {
    await start()
    const fullCron = '0 0 2 ? * SUN'
    const ended = await harness.run(
      'scheduler-job-setup',
      inputs({ fullCron, remoteStorageUuid: harness.zstack.remote.uuid, runNow: true }),
    )
    expect(ended).toMatchObject({ status: 'succeeded' })
    const { groups, jobs, triggers, histories, volumeBackups } = harness.zstack.world
    expect(triggers.map(({ cron }) => cron)).toEqual(['0 0 1 * * ?', fullCron])
    expect(groups).toMatchObject([{ jobsUuid: [jobs[0]?.uuid], triggersUuid: triggers.map(({ uuid }) => uuid) }])
    expect(groups[0]?.parameters).toEqual({
      backupStorageUuids: `${harness.zstack.local.uuid},${harness.zstack.standby.uuid}`,
      retentionType: 'Count',
      retentionValue: '7',
      remoteBackupStorageUuid: harness.zstack.remote.uuid,
      fullBackupTriggerUuid: triggers[1]?.uuid,
    })
    expect(histories).toMatchObject([{ success: true }])
    expect(volumeBackups.map(({ type }) => type)).toEqual(['Root', 'Data'])
  })

  it.each(['volumeBackup', 'databaseBackup'])('also schedules a %s', async (type) => {
    await start()
    const targets = { volumeBackup: harness.zstack.volumeUuids[1], databaseBackup: '7ae6456c0b01324dae6d4bef358a5772' }
    const targetUuids = [targets[type as keyof typeof targets]]
    expect(await harness.run('scheduler-job-setup', inputs({ type, targetUuids, runNow: true }))).toMatchObject({
      status: 'succeeded',
    })
    expect(harness.zstack.world.histories).toMatchObject([{ success: true, jobType: type }])
  })

  it('leaves nothing behind when a job of it is refused', async () => {
    await start()
    harness.zstack.world.behaviour.jobsPerGroup = 0
    const ended = await harness.run('scheduler-job-setup', inputs())
    expect(ended).toMatchObject({ status: 'failed', failure: { type: 'refused' } })
    nothingMade()
  })

  it.each([
    ['the Base License', { baseLicence: false }],
    ['the Plus License', { backupLicence: false }],
  ])(
    'says before it does anything that %s is missing: the Plus License cannot be used independently',
    async (which, behaviour) => {
      await start(behaviour)
      expect(await harness.run('scheduler-job-setup', inputs())).toMatchObject({
        status: 'failed',
        failure: {
          message: `Backup Service needs the Base License and its own Plus License, and ${which} is missing or has expired`,
        },
      })
      nothingMade()
    },
  )

  it('takes no remote storage where local ones are asked for, for it only takes copies of local backups', async () => {
    await start()
    const storageUuids = [harness.zstack.remote.uuid]
    expect(await harness.run('scheduler-job-setup', inputs({ storageUuids }))).toMatchObject({ status: 'failed' })
    nothingMade()
  })

  it('is taken over by the standby local storage when the master fails: the business goes on', async () => {
    await start()
    harness.zstack.local.status = 'Disconnected'
    expect(await harness.run('scheduler-job-setup', inputs({ runNow: true }))).toMatchObject({ status: 'succeeded' })
    const held = harness.zstack.world.volumeBackups.flatMap(({ backupStorageRefs }) => backupStorageRefs)
    expect(held.map(({ backupStorageUuid }) => backupStorageUuid)).toEqual([
      harness.zstack.standby.uuid,
      harness.zstack.standby.uuid,
    ])
  })
})

describe('scheduler-job-audit', () => {
  it('reads histories as results of runs, explains those that failed, and has all four inventories with metadata read', async () => {
    await start()
    expect(await harness.run('scheduler-job-setup', inputs({ runNow: true }))).toMatchObject({ status: 'succeeded' })
    const [vm] = harness.zstack.world.vms
    if (vm) vm.state = 'Stopped'
    const [group] = harness.zstack.world.groups
    expect(await harness.run('scheduler-job-setup', inputs({ name: 'again', runNow: true }))).toMatchObject({
      status: 'succeeded',
    })
    const ended = await harness.run('scheduler-job-audit', {})
    expect(ended).toMatchObject({
      status: 'succeeded',
      outputs: {
        failed: 1,
        runs: [
          {
            id: 2,
            success: false,
            code: 'VOL_BACKUP.1000',
            why: 'the VM erp-db is Stopped',
            advice: 'start the VM; only a running or paused one is backed up',
          },
          { id: 1, success: true, why: '' },
        ],
        groups: [{ uuid: group?.uuid, state: 'Enabled' }, {}],
        histories: [{ id: 2 }, { id: 1, requestDump: expect.stringContaining('target') }],
        volumeBackups: [{ type: 'Root', status: 'Ready' }, { type: 'Data' }],
        databaseBackups: [],
        metadata: [{ readable: true, metadata: { type: 'Root', vmInstanceUuid: harness.zstack.vmUuid } }, { readable: true }],
      },
    })
  })

  it('reads the runs of one group, or the failed ones only', async () => {
    await start()
    await harness.run('scheduler-job-setup', inputs({ runNow: true }))
    const [group] = harness.zstack.world.groups
    const outputs = async (asked: JsonObject) => (await harness.run('scheduler-job-audit', asked)).outputs
    expect(await outputs({ groupUuid: group?.uuid ?? '' })).toMatchObject({ runs: [{ groupUuid: group?.uuid }] })
    expect(await outputs({ groupUuid: 'other' })).toMatchObject({ runs: [], groups: [] })
    expect(await outputs({ onlyFailed: true })).toMatchObject({ runs: [], failed: 0 })
  })
})

describe('history.explain', () => {
  it('tells the innermost cause, keeps text that is no JSON, and says where the platform kept no reason', async () => {
    harness = await startHarness()
    const error = { code: 'SYS.1006', details: 'backup failed', cause: { code: 'BS.1500', details: 'no route to local-1' } }
    const dumps = [
      JSON.stringify({ success: false, error }),
      'Traceback …',
      '',
      JSON.stringify({ error: { code: 'LICENSE.1005' } }),
    ]
    const histories = dumps.map((resultDump, id) => ({ id, success: false, resultDump }))
    const { runs } = await harness.call('history.explain', { histories })
    expect(runs).toMatchObject([
      { code: 'SYS.1006', why: 'no route to local-1' },
      { why: 'Traceback …' },
      { why: 'the platform kept no reason' },
      { code: 'LICENSE.1005', advice: 'look at the Base License and at the Plus License of Backup Service' },
    ])
  })
})
