// Certificates of an NBD server, from a folder as nbdkit and QEMU keep them: ca-cert.pem, server-cert.pem, server-key.pem.
// Sources: nbdkit-tls(1), "TLS with X.509 certificates"; QEMU, docs/system/tls.rst.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { NbdServerOptions } from '../../blocks/index.ts'
import { Secret } from '../../values/index.ts'
import { fileUnreadable } from '../codes.ts'
import { Refusal } from '../refusal.ts'

/** Clients have to show a certificate that the authority signed. Throws Refusal. */
export async function readTlsFolder(folder: string): Promise<NonNullable<NbdServerOptions['tls']>> {
  const [clientAuthority, certificate, key] = await Promise.all(
    ['ca-cert.pem', 'server-cert.pem', 'server-key.pem'].map((name) => read(join(folder, name))),
  )
  try {
    createSecureContext({ ca: clientAuthority, cert: certificate, key })
  } catch (error) {
    throw new Refusal([fileUnreadable(folder, `its certificates and key do not fit: ${(error as Error).message}`)])
  }
  return { certificate: certificate ?? '', key: new Secret(key ?? ''), clientAuthority: clientAuthority ?? '' }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Refusal([fileUnreadable(path, (error as NodeJS.ErrnoException).code ?? String(error))])
  }
}
