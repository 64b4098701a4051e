// The signature of SCP's access keys: AWS Signature V4 with one difference, its canonical query is always empty.
// Pure: the time comes from the caller. Source: README.md, "Signature".
import { createHash, createHmac } from 'node:crypto'
import type { Secret } from '../../values/index.ts'

export interface SignedCall {
  readonly method: string
  /** Exactly as sent, without the query; a colon in an id stays a colon. */
  readonly path: string
  /** The headers that are signed, names in lower case; among them `host` and `x-amz-date`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export interface SigningKey {
  readonly accessKey: string
  readonly secretKey: Secret
  readonly region: string
  readonly service: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** `20250301T080000Z` */
export const amzDate = (atMs: number): string => new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '')

/** The value of the `Authorization` header. */
export function authorization(call: SignedCall, key: SigningKey): string {
  const scope = scopeOf(call, key)
  const credential = `Credential=${key.accessKey}/${scope}`
  return `${ALGORITHM} ${credential}, SignedHeaders=${signedNames(call)}, Signature=${signature(call, key)}`
}

/** Lower-case hex. */
export function signature(call: SignedCall, key: SigningKey): string {
  const date = dateOf(call)
  const parts = [date.slice(0, 8), key.region, key.service, 'aws4_request']
  const signingKey = parts.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${key.secretKey.reveal()}`)
  const text = [ALGORITHM, date, scopeOf(call, key), sha256(canonical(call))].join('\n')
  return hmac(signingKey, text).toString('hex')
}

function canonical(call: SignedCall): string {
  const headers = sortedHeaders(call).map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`)
  const emptyQuery = ''
  return [call.method, call.path, emptyQuery, headers.join(''), signedNames(call), sha256(call.body)].join('\n')
}

const sortedHeaders = ({ headers }: SignedCall) => Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))
const signedNames = (call: SignedCall): string =>
  sortedHeaders(call)
    .map(([name]) => name)
    .join(';')
const dateOf = ({ headers }: SignedCall): string => headers['x-amz-date'] ?? ''
const scopeOf = (call: SignedCall, { region, service }: SigningKey): string =>
  `${dateOf(call).slice(0, 8)}/${region}/${service}/aws4_request`
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()
