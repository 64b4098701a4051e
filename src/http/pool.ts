// The sockets to one origin. TLS is always verified.
import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import { Pool } from 'undici'

const SOCKETS_PER_ORIGIN = 16
const CONNECT_TIMEOUT_MS = 10_000

/** Closed by its caller. With `ca`, only what it signed is trusted, and it itself. */
export function createPool(origin: string, ca: string | undefined): Pool {
  return new Pool(origin, {
    connections: SOCKETS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    // Time is the injected clock's business, see withTimeout.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: true, ...(ca === undefined ? {} : trusting(ca)) },
  })
}

/** Trusts what the certificate signed, and the certificate itself under any name: self-signed ones seldom carry the right one. */
function trusting(ca: string): Pick<ConnectionOptions, 'ca' | 'checkServerIdentity'> {
  return {
    ca,
    checkServerIdentity: (host, presented) =>
      new X509Certificate(ca).raw.equals(presented.raw) ? undefined : checkServerIdentity(host, presented),
  }
}
