import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Harness, startHarness } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await startHarness()
})
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const trigger = { name: 'nightly', cron: '0 0 1 * * ?' }
const strike = (fault: 'failJob' | 'loseJob' | 'forgetJob' | 'timeOutJob') =>
  harness.zstack.api.strike('createSchedulerTrigger', fault, 0)

describe('a call that changes something', () => {
  it('is followed from 202 to its end, at the configured address and not at the one that the node believes in', async () => {
    expect(await harness.call('trigger.create', trigger)).toEqual({ triggerUuid: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(harness.zstack.world.behaviour.ownAddress).toBe('http://10.0.0.9:8080')
    expect([...new Set(harness.requests.map(({ origin }) => origin))]).toEqual(['http://zstack.invalid:8080'])
    expect(harness.zstack.api.asked.getApiJob).toBeGreaterThan(1)
  })

  it('carries a job uuid and a resource uuid of our choice, both known before it leaves', async () => {
    const key = '0a1b2c3d-0000-4000-8000-000000000001'
    expect(await harness.call('trigger.create', trigger, { key })).toEqual({ triggerUuid: '0a1b2c3d000040008000000000000001' })
    const sent = harness.requests.find(({ method, path }) => method === 'POST' && path.endsWith('/triggers'))
    expect(sent?.headers['x-job-uuid']).toBe('0a1b2c3d000040008000000000000001')
  })

  it('that is sent twice is refused in plain text, and made once', async () => {
    const key = '0a1b2c3d-0000-4000-8000-000000000001'
    await harness.call('trigger.create', trigger, { key })
    expect(await harness.failureOf('trigger.create', trigger, { key })).toMatchObject({ type: 'jobRepeated', applied: 'maybe' })
    expect(harness.zstack.world.triggers).toHaveLength(1)
  })

  it('fails by the code in the 503 of its job, whose text is kept', async () => {
    const failure = await harness.failureOf('trigger.create', { ...trigger, cron: '0 0 1 * *' })
    expect(failure).toMatchObject({ type: 'refused', applied: 'no', retryable: false })
    expect(JSON.stringify(failure.detail)).toContain('cron has six fields')
  })

  it('whose job failed while it was carried out is in doubt', async () => {
    strike('failJob')
    expect(await harness.failureOf('trigger.create', trigger)).toMatchObject({ type: 'operationFailed', applied: 'maybe' })
  })

  it('that the platform gave up is in doubt, for the host may go on', async () => {
    strike('timeOutJob')
    expect(await harness.failureOf('trigger.create', trigger)).toMatchObject({ type: 'timedOut', applied: 'maybe' })
    expect(await harness.call('trigger.find', { name: 'nightly' })).toMatchObject({ found: false })
    harness.zstack.clock.advance(60_000)
    expect(await harness.call('trigger.find', { name: 'nightly' })).toMatchObject({ found: true })
  })

  it('whose record is gone is in doubt: 404 in plain text says nothing of what became of it', async () => {
    strike('forgetJob')
    expect(await harness.failureOf('trigger.create', trigger)).toMatchObject({ type: 'answerLost', applied: 'maybe' })
    expect(await harness.call('trigger.find', { name: 'nightly' })).toMatchObject({ found: true })
  })
})

describe('a management node that is away', () => {
  it('answers 503 in plain text, which is tried again, as no other 503 is without a look at its code', async () => {
    const { world, clock } = harness.zstack
    await harness.call('storage.list')
    world.awayUntilMs = clock.now() + 60_000
    expect(await harness.failureOf('storage.list')).toMatchObject({ type: 'platformError', retryable: true })
    clock.advance(60_000)
    expect(await harness.call('storage.list')).toMatchObject({ storages: [{}, {}, {}, {}] })
  })
})

describe('groupBy', () => {
  it('answers one row for each value of a column, as GROUP BY in MySQL', async () => {
    const names = ['a', 'b']
    for (const name of names) await harness.call('trigger.create', { ...trigger, name })
    const parameters = { retentionType: 'Count', retentionValue: '7', backupStorageUuids: harness.zstack.local.uuid }
    for (const name of names) await harness.call('group.create', { name, type: 'vmBackup', parameters })
    await harness.call('group.create', { name: 'c', type: 'databaseBackup', parameters })
    expect((await harness.call('group.list')).groups).toHaveLength(3)
    const { groups } = await harness.call('group.list', { groupBy: 'jobType' })
    expect(groups).toMatchObject([{ jobType: 'vmBackup' }, { jobType: 'databaseBackup' }].toReversed())
  })
})

describe('a list', () => {
  it('that is cut at its limit without a word is read to its end', async () => {
    Object.assign(harness.zstack.world.behaviour, { listLimit: 2 })
    const { storages } = await harness.call('storage.list')
    expect(storages).toMatchObject([{ name: 'local-1' }, { name: 'local-2' }, { name: 'remote-1' }, { name: 'cloud-1' }])
  })
})

describe('a release', () => {
  it('of what is gone already does no harm', async () => {
    expect(await harness.call('trigger.delete', { name: 'nightly', triggerUuid: 'ab' })).toEqual({ found: false })
  })
})
