import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../../src/values/index.ts'
import { type Harness, startHarness } from './harness.ts'

let harness: Harness
afterEach(() => harness[Symbol.asyncDispose]())

const asked = (operation: string) => harness.zstack.api.asked[operation] ?? 0
const group = { type: 'vmBackup', parameters: { retentionType: 'Count', retentionValue: '7' } }

describe('the login', () => {
  it('sends the SHA-512 of the password, once for many calls', async () => {
    harness = await startHarness()
    await harness.call('storage.list')
    await harness.call('storage.roles')
    expect(asked('logInByAccount')).toBe(1)
    const digest = createHash('sha512').update(harness.zstack.password.reveal()).digest('hex')
    expect(JSON.parse(harness.requests[0]?.body ?? '')).toEqual({ logInByAccount: { accountName: 'backup', password: digest } })
    expect(harness.requests[1]?.headers.authorization).toMatch(/^OAuth [0-9a-f]{32}$/)
  })

  it('replaces a session in time, for use does not prolong it, and logs the old one out', async () => {
    harness = await startHarness()
    for (let hour = 0; hour < 6; hour += 1) {
      await harness.call('storage.list')
      harness.zstack.clock.advance(3_600_000)
    }
    expect(asked('logInByAccount')).toBe(3)
    expect(asked('logOut')).toBe(2)
    expect(harness.zstack.api.openSessions).toBeLessThanOrEqual(1)
  })

  it('leaves no session behind: the last one is logged out at the end', async () => {
    harness = await startHarness()
    await harness.call('storage.list')
    expect(harness.zstack.api.openSessions).toBe(1)
    await harness[Symbol.asyncDispose]()
    expect(harness.zstack.api.openSessions).toBe(0)
    harness = await startHarness()
  })

  it('is made again when a query is told, with 503, that the session has ended', async () => {
    harness = await startHarness()
    await harness.call('storage.list')
    harness.zstack.api.endSessions()
    expect(await harness.call('storage.list')).toMatchObject({ storages: [{}, {}, {}, {}] })
    expect(asked('logInByAccount')).toBe(2)
  })

  it('is made again for the next attempt of a call that was answered 202 though the session had ended', async () => {
    harness = await startHarness()
    await harness.call('storage.list')
    harness.zstack.api.endSessions()
    const parameters = { ...group.parameters, backupStorageUuids: harness.zstack.local.uuid }
    const failure = await harness.failureOf('group.create', { ...group, parameters, name: 'g' })
    expect(failure).toMatchObject({ type: 'sessionEnded', retryable: true, applied: 'no' })
    expect(await harness.call('group.create', { ...group, parameters, name: 'g' })).toMatchObject({
      groupUuid: expect.any(String),
    })
    expect(harness.zstack.world.groups).toHaveLength(1)
  })

  it('fails with a wrong password, which is 503 and not 401 there, and tells no secret (P11)', async () => {
    harness = await startHarness({ settings: { password: new Secret('wrong-pass') } })
    const failure = await harness.failureOf('storage.list')
    expect(failure).toMatchObject({ type: 'notAuthenticated', applied: 'no', retryable: false })
    expect(failure.message).toContain('ID.1000')
    expect(JSON.stringify(failure)).not.toContain('wrong-pass')
  })

  it('says when there are too many sessions', async () => {
    harness = await startHarness({ behaviour: { maxSessions: 0 } })
    expect((await harness.failureOf('storage.list')).message).toContain('ID.1006')
  })
})
