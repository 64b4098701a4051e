// The responder with certificates of its own, and the settings of a target that reaches it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '../../../src/values/index.ts'
import { createCertificates } from '../../blocks/certificates.ts'
import { startWinrmResponder, type WinrmResponder } from './winrm-responder.ts'

export interface WinrmWorld extends AsyncDisposable {
  readonly responder: WinrmResponder
  readonly settings: {
    readonly channel: 'winrm'
    readonly url: string
    readonly user: string
    readonly password: Secret
    readonly caCertificate: string
  }
  /** Holds `ca-cert.pem`. */
  readonly folder: string
}

export async function startWinrm({ cmd }: { readonly cmd?: string } = {}): Promise<WinrmWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-winrm-'))
  const { authority, server } = createCertificates(folder)
  const [user, password] = ['backup', new Secret('only for this test')]
  const responder = await startWinrmResponder({
    ...{ key: server.key.reveal(), cert: server.certificate, user, password: password.reveal(), patienceMs: 50 },
    ...(cmd === undefined ? {} : { cmd }),
  })
  return {
    responder,
    settings: { channel: 'winrm', url: responder.url, user, password, caCertificate: authority },
    folder,
    [Symbol.asyncDispose]: async () => {
      await responder[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
