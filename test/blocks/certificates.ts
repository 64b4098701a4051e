// Certificates for tests, made when needed by the openssl program; no key is ever stored in the repository.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/values/index.ts'

export interface Certificate {
  /** PEM. */
  readonly certificate: string
  readonly key: Secret
}

export interface Certificates {
  /** Holds `ca-cert.pem`, `server-cert.pem`, `server-key.pem`, `client-cert.pem`, `client-key.pem`: the names that nbdkit, libnbd and QEMU expect. */
  readonly directory: string
  readonly authority: string
  readonly server: Certificate
  readonly client: Certificate
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** An authority in the folder, and certificates signed by it: the server's for `localhost` and 127.0.0.1. */
export function createCertificates(directory: string): Certificates {
  const at = (name: string) => join(directory, name)
  openssl(
    'req',
    '-x509',
    ...KEY,
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
    '-keyout',
    at('ca-key.pem'),
    '-out',
    at('ca-cert.pem'),
  )
  const sign = (role: string, extensions: string): Certificate => {
    writeFileSync(at(`${role}.ext`), extensions)
    openssl('req', ...KEY, '-subj', `/CN=${role}`, '-keyout', at(`${role}-key.pem`), '-out', at(`${role}.csr`))
    const authority = ['-CA', at('ca-cert.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-extfile', at(`${role}.ext`)]
    openssl('x509', '-req', '-days', '2', '-in', at(`${role}.csr`), ...authority, '-out', at(`${role}-cert.pem`))
    return read(directory, role)
  }
  const server = sign('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n')
  const client = sign('client', 'extendedKeyUsage=clientAuth\n')
  return { directory, authority: readFileSync(at('ca-cert.pem'), 'utf8'), server, client }
}

/** A certificate that vouches for itself, under a name that no client asks for: good for pinning only. */
export function createSelfSigned(directory: string, commonName: string): Certificate {
  const at = (name: string) => join(directory, name)
  openssl(
    'req',
    '-x509',
    ...KEY,
    '-days',
    '2',
    '-subj',
    `/CN=${commonName}`,
    '-keyout',
    at('self-key.pem'),
    '-out',
    at('self-cert.pem'),
  )
  return read(directory, 'self')
}

const read = (directory: string, role: string): Certificate => ({
  certificate: readFileSync(join(directory, `${role}-cert.pem`), 'utf8'),
  key: new Secret(readFileSync(join(directory, `${role}-key.pem`), 'utf8')),
})
