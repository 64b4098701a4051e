import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificate, type Certificates, createCertificates, createSelfSigned } from '../blocks/certificates.ts'
import { peer } from '../peers/peer.ts'
import { json, scriptedServer } from './scripted-server.ts'
import { createWorld } from './world.ts'

describe.skipIf(!peer('openssl', 'openssl'))('TLS', () => {
  let directory: string
  let certificates: Certificates
  let selfSigned: Certificate

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-http-'))
    certificates = createCertificates(directory)
    selfSigned = createSelfSigned(directory, 'nobody.example')
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const worldWith = async ({ certificate, key }: Certificate, caCertificate?: string) => {
    const server = await scriptedServer((listener) => createServer({ cert: certificate, key: key.reveal() }, listener))
    return createWorld({ server, settings: caCertificate === undefined ? {} : { caCertificate } })
  }

  it('refuses a certificate that nobody vouches for; nothing is sent', async () => {
    const world = await worldWith(certificates.server)
    expect(await world.failure('thing.rename', { id: 'a', name: 'Bee' })).toMatchObject({ type: 'notReachable', applied: 'no' })
    expect(world.server.received).toEqual([])
    await world.close()
  })

  it.each([
    ['signed by the pinned authority', () => [certificates.server, certificates.authority] as const],
    ['pinned itself, whatever name it carries', () => [selfSigned, selfSigned.certificate] as const],
  ])('trusts a certificate that is %s', async (_, pair) => {
    const world = await worldWith(...pair())
    world.server.expect(json(200, { id: 'a', name: 'Ant' }))
    expect(await world.call('thing.get', { id: 'a' })).toEqual({ name: 'Ant' })
    await world.close()
  })

  it('refuses another certificate than the pinned one', async () => {
    const world = await worldWith(certificates.server, selfSigned.certificate)
    expect(await world.failure('thing.get', { id: 'a' })).toMatchObject({ type: 'notReachable' })
    await world.close()
  })
})
