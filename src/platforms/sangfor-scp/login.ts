// How Holdfast proves to SCP who is calling: a signature by access key, or a token for an encrypted password.
// It keeps nothing itself: a token lives in the connection's session.
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import type { Login, LoginHttp } from '../../http/index.ts'
import type { Connection } from '../../packs/index.ts'
import { isObject, Secret } from '../../values/index.ts'
import { refusedLogin } from '../login.ts'
import { amzDate, authorization } from './signature.ts'

export const login: Login = {
  async authorize(request, connection, http) {
    const { accessKey, secretKey, region, service } = connection.settings
    if (typeof accessKey !== 'string' || !(secretKey instanceof Secret)) {
      return { authorization: `Token ${(await tokenOf(connection, http)).reveal()}` }
    }
    const headers = { host: new URL(request.origin).host, 'x-amz-date': amzDate(http.clock.now()) }
    const [path = ''] = request.path.split('?')
    const key = { accessKey, secretKey, region: textOf(region) ?? 'cn-south-1', service: textOf(service) ?? 'open-api' }
    const call = { method: request.method, path, headers, body: request.bytes ?? request.body ?? '' }
    return { 'x-amz-date': headers['x-amz-date'], authorization: authorization(call, key) }
  },

  async renew(_, http) {
    http.session.memory.delete(TOKEN)
  },
}

const TOKEN = 'token'
/** A token is given up this long before it ends, so that none ends on its way. */
const MARGIN_MS = 60_000

interface Token {
  readonly id: Secret
  readonly expiresAt: number
}

async function tokenOf(connection: Connection, http: LoginHttp): Promise<Secret> {
  const known = http.session.memory.get(TOKEN) as Token | undefined
  if (known && known.expiresAt - MARGIN_MS > http.clock.now()) return known.id
  const fresh = await logIn(connection, http)
  http.session.secrets.add(fresh.id)
  http.session.memory.set(TOKEN, fresh)
  return fresh.id
}

async function logIn({ target, settings }: Connection, http: LoginHttp): Promise<Token> {
  const { username, password } = settings
  if (typeof username !== 'string' || !(password instanceof Secret)) {
    throw refused(`target ${target} has neither accessKey and secretKey nor username and password`)
  }
  const key = await ask(http, 'GET', '/janus/public-key')
  const encrypted = encrypt(password, textOf(key.public_key)?.trim() ?? '')
  const body = { auth: { passwordCredentials: { username, password: encrypted } } }
  const { access } = await ask(http, 'POST', '/janus/authenticate', body)
  const token = isObject(access) && isObject(access.token) ? access.token : {}
  const id = textOf(token.id)
  if (id === undefined) throw refused('SCP answered the login without a token')
  return { id: new Secret(id), expiresAt: Date.parse(textOf(token.expires) ?? '') || 0 }
}

/** The envelope's data; any other answer is a refused login. */
async function ask(http: LoginHttp, method: string, path: string, body?: object) {
  const headers = { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) }
  const request = { method, origin: http.origin, path: `${http.prefix}${path}`, headers }
  const answer = await http.send(body ? { ...request, body: JSON.stringify(body) } : request)
  const { data, message } = envelopeIn(answer.body)
  if (answer.status !== 200 || !isObject(data)) {
    throw refused(`SCP refused the login with status ${answer.status}: ${message}`, answer.status >= 429)
  }
  return data
}

function envelopeIn(body: Uint8Array): { data: unknown; message: string } {
  try {
    const envelope: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return isObject(envelope)
      ? { data: envelope.data, message: textOf(envelope.message) ?? '' }
      : { data: undefined, message: '' }
  } catch {
    return { data: undefined, message: 'the answer is no JSON' }
  }
}

/** RSA with exponent 65537 and PKCS#1 v1.5 padding, as lower-case hex. */
function encrypt(password: Secret, modulusHex: string): string {
  if (!/^[0-9A-Fa-f]+$/.test(modulusHex)) throw refused('SCP sent no usable public key')
  const jwk = { kty: 'RSA', n: Buffer.from(modulusHex, 'hex').toString('base64url'), e: 'AQAB' }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(password.reveal())).toString('hex')
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const refused = refusedLogin('check the credentials of the target')
