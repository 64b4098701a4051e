// Who may call: signatures of access keys, tokens for encrypted passwords, rates. [S19, S21]
import { constants, createPrivateKey, generateKeyPairSync, type KeyObject, privateDecrypt, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../../values/index.ts'
import { type SignedCall, signature } from '../signature.ts'
import { Refusal, type World } from './model.ts'

export interface Credentials {
  readonly accessKey: string
  readonly secretKey: Secret
  readonly username: string
  readonly password: Secret
}

export interface Request {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export interface Access {
  /** Hexadecimal RSA modulus, with a newline behind it as the platform sends it. */
  publicKey(): string
  /** Answers a token for a name and an encrypted password. */
  login(username: string, encryptedHex: string): { readonly id: string; readonly issuedAt: number; readonly expiresAt: number }
  /** Throws a Refusal unless the request is signed, or carries a token where tokens are taken. */
  check(request: Request, takesTokens: boolean): void
  /** Throws a Refusal when the operation was called too often in the last minute. */
  count(operationId: string, method: string): void
  /** Ends every token, as a restart of the platform would. */
  forgetTokens(): void
}

const MINUTE_MS = 60_000
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

export function createAccess(world: World, credentials: Credentials): Access {
  // Made at the first login: a key pair takes a moment, and most use access keys.
  let keys: { readonly modulusHex: string; readonly privateKey: KeyObject } | undefined
  const keyPair = () => {
    keys ??= newKeyPair()
    return keys
  }
  const tokens = new Map<string, number>()
  const calls = new Map<string, number[]>()

  const checkSignature = (request: Request): void => {
    const [, accessKey = '', , region = '', service = '', names = '', given = ''] =
      AUTHORIZATION.exec(request.headers.authorization ?? '') ?? []
    if (accessKey !== credentials.accessKey) throw new Refusal(401, 'The access key is not valid.')
    const headers = Object.fromEntries(names.split(';').map((name) => [name, request.headers[name] ?? '']))
    if (skewMs(headers['x-amz-date'] ?? '', world.clock.now()) > world.behaviour.maxSkewMs)
      throw new Refusal(401, 'The request is too old or too new.')
    const call: SignedCall = { method: request.method, path: request.path, headers, body: request.body }
    const wanted = signature(call, { accessKey, secretKey: credentials.secretKey, region, service })
    if (!timingSafeEqual(Buffer.from(wanted), Buffer.from(given))) throw new Refusal(401, 'The signature does not match.')
  }

  return {
    publicKey: () => `${keyPair().modulusHex}\n`,
    login: (username, encryptedHex) => {
      if (username !== credentials.username || decrypt(keyPair().privateKey, encryptedHex) !== credentials.password.reveal()) {
        throw new Refusal(401, 'The user name or password is wrong.')
      }
      const issuedAt = world.clock.now()
      const token = { id: world.newId().replaceAll('-', ''), issuedAt, expiresAt: issuedAt + world.behaviour.tokenLifetimeMs }
      tokens.set(token.id, token.expiresAt)
      return token
    },
    check: (request, takesTokens) => {
      const [, token] = /^Token (\S+)$/.exec(request.headers.authorization ?? '') ?? []
      if (token === undefined) return checkSignature(request)
      if (!takesTokens) throw new Refusal(401, 'This call takes access keys only.')
      if ((tokens.get(token) ?? 0) <= world.clock.now()) throw new Refusal(401, 'The token is not valid or has expired.')
    },
    count: (operationId, method) => {
      const now = world.clock.now()
      const limit = method === 'GET' ? world.behaviour.getPerMinute : world.behaviour.otherPerMinute
      const recent = (calls.get(operationId) ?? []).filter((at) => at > now - MINUTE_MS)
      if (recent.length >= limit) throw new Refusal(429, 'Too many requests.')
      calls.set(operationId, [...recent, now])
    },
    forgetTokens: () => tokens.clear(),
  }
}

function newKeyPair() {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 0x10001 })
  const { n = '' } = pair.publicKey.export({ format: 'jwk' })
  return {
    modulusHex: Buffer.from(n, 'base64url').toString('hex').toUpperCase(),
    privateKey: createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  }
}

function decrypt(key: KeyObject, hex: string): string | undefined {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(hex, 'hex')).toString('utf8')
  } catch {
    return undefined
  }
}

function skewMs(amzDate: string, nowMs: number): number {
  const iso = amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const atMs = Date.parse(iso)
  return Number.isNaN(atMs) ? Number.POSITIVE_INFINITY : Math.abs(nowMs - atMs)
}
