// What operators do with a schedule that is there: run it now, pause it, change it, remove it.
import { afterEach, describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../../src/http/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

type JobGroup = Harness['zstack']['world']['groups'][number]

const FULL_CRON = '0 0 2 ? * SUN'

/** A job group with a job for the VM, a trigger for increments and one for full backups. */
async function scheduled(more: JsonObject = {}, onRequest: (request: HttpRequest) => void = () => {}) {
  harness = await startHarness({ rate: RATE, onRequest })
  const { outputs } = await harness.run('scheduler-job-setup', {
    name: 'nightly',
    type: 'vmBackup',
    targetUuids: [harness.zstack.volumeUuids[0]],
    storageUuids: [harness.zstack.local.uuid, harness.zstack.standby.uuid],
    cron: '0 0 1 * * ?',
    fullCron: FULL_CRON,
    retentionType: 'Count',
    retentionValue: 7,
    remoteStorageUuid: harness.zstack.remote.uuid,
    ...more,
  })
  return { jobGroupUuid: String(outputs?.groupUuid), triggerUuid: String(outputs?.triggerUuid) }
}

const modes = () => harness.zstack.world.volumeBackups.map(({ mode }) => mode)

describe('scheduler-job-run', () => {
  it('runs the jobs now, waits for them, and answers what came of them; full where asked', async () => {
    const { jobGroupUuid } = await scheduled()
    const ended = await harness.run('scheduler-job-run', { jobGroupUuid })
    expect(ended).toMatchObject({ status: 'succeeded', outputs: { runs: [{ id: 1, success: true, groupUuid: jobGroupUuid }] } })
    await harness.run('scheduler-job-run', { jobGroupUuid })
    expect(await harness.run('scheduler-job-run', { jobGroupUuid, full: true })).toMatchObject({ outputs: { runs: [{ id: 3 }] } })
    expect(modes()).toEqual(['full', 'full', 'incremental', 'incremental', 'full', 'full'])
  })

  it('copies each local backup to the remote storage of the job', async () => {
    const { jobGroupUuid } = await scheduled()
    await harness.run('scheduler-job-run', { jobGroupUuid })
    for (const { backupStorageRefs } of harness.zstack.world.volumeBackups) {
      expect(backupStorageRefs.map(({ backupStorageUuid }) => backupStorageUuid)).toEqual([
        harness.zstack.local.uuid,
        harness.zstack.remote.uuid,
      ])
    }
  })

  it('fails with the reason where a job fails', async () => {
    const { jobGroupUuid } = await scheduled()
    const [vm] = harness.zstack.world.vms
    if (vm) vm.state = 'Stopped'
    expect(await harness.run('scheduler-job-run', { jobGroupUuid })).toMatchObject({
      status: 'failed',
      failure: { message: '1 failed: the VM erp-db is Stopped' },
    })
  })

  it('looks at the group once a run before it has ended, and so fires none that was paused meanwhile', async () => {
    const { jobGroupUuid } = await scheduled({}, ({ path }) => {
      const { groups, histories } = harness.zstack.world
      if (path.includes('/job/history') && histories.length > 0) for (const group of groups) group.state = 'Disabled'
    })
    const runs = [1, 2].map(() => harness.run('scheduler-job-run', { jobGroupUuid }))
    const failures = (await Promise.all(runs)).map(({ failure }) => failure?.message)
    expect(failures.toSorted()).toEqual(['the group is paused or has no job', undefined])
    expect(modes()).toEqual(['full', 'full'])
  })
})

describe('scheduler-job-pause', () => {
  it('pauses a job group, so that its triggers run nothing, and lets it go on', async () => {
    const { jobGroupUuid, triggerUuid } = await scheduled()
    expect(await harness.run('scheduler-job-pause', { jobGroupUuid })).toMatchObject({ outputs: { state: 'Disabled' } })
    await harness.call('trigger.run', { triggerUuid })
    expect(harness.zstack.world.histories).toEqual([])
    expect(await harness.run('scheduler-job-run', { jobGroupUuid })).toMatchObject({
      failure: { message: 'the group is paused or has no job' },
    })
    expect(await harness.run('scheduler-job-pause', { jobGroupUuid, paused: false })).toMatchObject({
      outputs: { state: 'Enabled' },
    })
    expect(await harness.run('scheduler-job-run', { jobGroupUuid })).toMatchObject({ status: 'succeeded' })
  })
})

describe('scheduler-job-change', () => {
  it('changes times, storages and retention of the group and its jobs, and leaves the rest as it was', async () => {
    const { jobGroupUuid } = await scheduled()
    const { standby, remote, world } = harness.zstack
    const change = { cron: '0 30 3 * * ?', storageUuids: [standby.uuid], retentionType: 'Days', retentionValue: 30 }
    expect(await harness.run('scheduler-job-change', { jobGroupUuid, ...change })).toMatchObject({
      status: 'succeeded',
      outputs: { crons: ['0 30 3 * * ?', FULL_CRON] },
    })
    const parameters = {
      backupStorageUuids: standby.uuid,
      retentionType: 'Days',
      retentionValue: '30',
      remoteBackupStorageUuid: remote.uuid,
      fullBackupTriggerUuid: world.triggers[1]?.uuid,
    }
    expect([world.groups[0]?.parameters, world.jobs[0]?.parameters]).toEqual([parameters, parameters])
  })

  it('changes only the times where only they are told', async () => {
    const { jobGroupUuid } = await scheduled()
    const before = harness.zstack.world.groups[0]?.parameters
    await harness.run('scheduler-job-change', { jobGroupUuid, fullCron: '0 0 4 1 * ?' })
    expect(harness.zstack.world.triggers.map(({ cron }) => cron)).toEqual(['0 0 1 * * ?', '0 0 4 1 * ?'])
    expect(harness.zstack.world.groups[0]?.parameters).toEqual(before)
  })

  it('loses none of two changes that are made at once', async () => {
    const { jobGroupUuid } = await scheduled()
    const { standby, world } = harness.zstack
    const asked = [{ storageUuids: [standby.uuid] }, { retentionType: 'Days', retentionValue: 30 }]
    const ended = await Promise.all(asked.map((each) => harness.run('scheduler-job-change', { jobGroupUuid, ...each })))
    expect(ended.map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
    const both = { backupStorageUuids: standby.uuid, retentionType: 'Days', retentionValue: '30' }
    expect([world.groups[0]?.parameters, world.jobs[0]?.parameters]).toMatchObject([both, both])
  })

  it('takes no remote storage for a local one, and changes nothing then', async () => {
    const { jobGroupUuid } = await scheduled()
    const storageUuids = [harness.zstack.remote.uuid]
    expect(await harness.run('scheduler-job-change', { jobGroupUuid, storageUuids, cron: '0 0 5 * * ?' })).toMatchObject({
      failure: { message: expect.stringContaining('must be a local backup storage') },
    })
    expect(harness.zstack.world.triggers[0]?.cron).toBe('0 0 1 * * ?')
  })
})

describe('scheduler-job-remove', () => {
  it('deletes the group, its jobs and its triggers once it was approved of; the backups stay', async () => {
    const { jobGroupUuid } = await scheduled()
    await harness.run('scheduler-job-run', { jobGroupUuid })
    expect(await harness.run('scheduler-job-remove', { jobGroupUuid })).toMatchObject({ status: 'succeeded' })
    const { groups, jobs, triggers, volumeBackups } = harness.zstack.world
    expect([groups, jobs, triggers]).toEqual([[], [], []])
    expect(volumeBackups).toHaveLength(2)
    expect(harness.asked[0]).toMatch(/^Delete the job group nightly-run-1 with 1 jobs\?/)
  })

  it('leaves a trigger alone that another group is on', async () => {
    const { jobGroupUuid, triggerUuid } = await scheduled({ fullCron: FULL_CRON })
    const { world } = harness.zstack
    const [group] = world.groups
    if (group) world.groups.push({ ...group, uuid: 'another', jobsUuid: [], triggersUuid: [triggerUuid] })
    await harness.run('scheduler-job-remove', { jobGroupUuid })
    expect(world.triggers.map(({ uuid }) => uuid)).toEqual([triggerUuid])
  })

  /** A group, and what is done to the platform after the removal has asked, before it asks the platform anything again. */
  async function removed(change: (group: JobGroup) => void) {
    let isDue = true
    const { jobGroupUuid } = await scheduled({}, () => {
      const [group] = harness.zstack.world.groups
      if (harness.asked.length === 0 || !isDue || !group) return
      isDue = false
      change(group)
    })
    return harness.run('scheduler-job-remove', { jobGroupUuid })
  }

  it('leaves a trigger alone that another group was put on since it was approved of', async () => {
    await removed((group) => {
      harness.zstack.world.groups.push({ ...group, uuid: 'another', jobsUuid: [], triggersUuid: group.triggersUuid.slice(0, 1) })
    })
    expect(harness.zstack.world.groups.map(({ uuid }) => uuid)).toEqual(['another'])
    expect(harness.zstack.world.triggers.map(({ cron }) => cron)).toEqual(['0 0 1 * * ?'])
  })

  it('deletes nothing where the group has got a job since it was approved of', async () => {
    const ended = await removed((group) => {
      const { jobs } = harness.zstack.world
      const [job] = jobs
      if (job) jobs.push({ ...job, uuid: 'late' })
      group.jobsUuid = [...group.jobsUuid, 'late']
    })
    expect(ended).toMatchObject({ failure: { message: expect.stringContaining('other jobs than those that were approved of') } })
    const { groups, jobs, triggers } = harness.zstack.world
    expect([groups.length, jobs.length, triggers.length]).toEqual([1, 2, 2])
  })

  it('deletes nothing where another removed the group since it was approved of', async () => {
    const ended = await removed(() => {
      harness.zstack.world.groups = []
    })
    expect(ended).toMatchObject({ failure: { message: 'the job group is not there any more' } })
    expect(harness.zstack.world.jobs).toHaveLength(1)
  })
})
