import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { winrmChannel } from '../../../src/platforms/guest/winrm/index.ts'
import { Secret } from '../../../src/values/index.ts'
import { createCertificates } from '../../blocks/certificates.ts'
import { peer } from '../../peers/peer.ts'
import { channelContract } from './channel.contract.ts'
import { startWinrmResponder, type WinrmResponder } from './winrm-responder.ts'

const exists = async (path: string): Promise<boolean> => existsSync(path)

describe.skipIf(!peer('openssl', 'openssl'))('a responder that speaks as WinRM does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-winrm-'))
  let responder: WinrmResponder
  let caCertificate: string
  const password = new Secret('only for this test')
  beforeAll(async () => {
    const { authority, server } = createCertificates(folder)
    caCertificate = authority
    const [key, cert] = [server.key.reveal(), server.certificate]
    responder = await startWinrmResponder({ key, cert, user: 'backup', password: password.reveal(), patienceMs: 50 })
  })
  afterAll(async () => {
    await responder[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })
  channelContract(
    () => ({
      channel: (clock) => {
        const settings = { channel: 'winrm', url: responder.url, user: 'backup', password, caCertificate }
        return winrmChannel({ target: 'guest', type: 'guest/Machine', settings }, clock)
      },
      exists,
    }),
    {
      tellsSignals: false,
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 excludes.
      carries: (character) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(character),
      manyBytes: 1_000_000,
    },
  )
})
