import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../../src/values/index.ts'
import { type Harness, startHarness } from './harness.ts'

let harness: Harness
afterEach(() => harness[Symbol.asyncDispose]())

const callsOf = (operationId: string) => harness.scp.calls.filter((call) => call.operationId === operationId)

describe('the login with an access key', () => {
  it('is accepted by a verifier that computes the signature for itself, with a query and with a body', async () => {
    harness = await startHarness()
    const { id } = harness.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: 4096 }] })
    expect(await harness.call('server.find', { name: 'erp-db' })).toMatchObject({ found: true })
    expect(await harness.call('cbt.enable', { serverId: id })).toEqual({ enabled: true })
    expect(callsOf('authenticate')).toEqual([])
  })

  it('works over HTTPS with a certificate that the target names, and not without it', async () => {
    harness = await startHarness({ https: true })
    expect(await harness.call('az.list')).toMatchObject({ azs: [{}] })
    await harness[Symbol.asyncDispose]()
    harness = await startHarness({ https: true, settings: { caCertificate: '' } })
    expect(await harness.failureOf('az.list')).toMatchObject({ type: 'notReachable', applied: 'no' })
  })

  it.each([
    ['a wrong secret key', { secretKey: new Secret('wrong') }],
    ['an unknown access key', { accessKey: 'unknown' }],
  ])('fails with %s, and says so without the key', async (_, settings) => {
    harness = await startHarness({ settings })
    const failure = await harness.failureOf('az.list')
    expect(failure).toMatchObject({ type: 'notAuthenticated', applied: 'no', retryable: false })
    expect(JSON.stringify(failure)).not.toContain('wrong')
  })

  it('is refused when the clocks are too far apart', async () => {
    harness = await startHarness({ behaviour: { maxSkewMs: -1 } })
    expect(await harness.failureOf('az.list')).toMatchObject({ type: 'notAuthenticated' })
  })
})

describe('the login with a password', () => {
  it('logs in once for many calls, and again before the token ends', async () => {
    harness = await startHarness({ login: 'token', behaviour: { tokenLifetimeMs: 3_600_000 } })
    await harness.call('az.list')
    await harness.call('host.list')
    expect(callsOf('authenticate')).toHaveLength(1)
    harness.scp.clock.advance(3_600_000 - 59_000)
    await harness.call('az.list')
    expect(callsOf('authenticate')).toHaveLength(2)
    expect(harness.scp.calls.filter(({ status }) => status === 401)).toEqual([])
    expect(harness.scp.violations).toEqual([])
  })

  it('fails with a wrong password, and tells neither it nor the token (P11)', async () => {
    harness = await startHarness({ login: 'token', settings: { password: new Secret('wrong-pass') } })
    const failure = await harness.failureOf('az.list')
    expect(failure).toMatchObject({ type: 'notAuthenticated', applied: 'no' })
    expect(JSON.stringify(failure)).not.toContain('wrong-pass')
  })

  it('is not enough for leases on a platform that keeps to its description', async () => {
    harness = await startHarness({ login: 'token', behaviour: { strictLeases: true } })
    const { id } = harness.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: 4096 }] })
    expect(await harness.failureOf('backupResource.find', { serverId: id })).toMatchObject({ type: 'notAuthenticated' })
    expect(await harness.call('server.find', { name: 'erp-db' })).toMatchObject({ found: true })
  })

  it('says what is missing from a target without credentials', async () => {
    harness = await startHarness({ login: 'token', settings: { password: '' } })
    expect(await harness.failureOf('az.list')).toMatchObject({
      type: 'notAuthenticated',
      message: 'target cloud has neither accessKey and secretKey nor username and password',
    })
  })
})
