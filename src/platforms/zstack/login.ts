// How Holdfast proves to ZStack who is calling: a session for an account and the SHA-512 of its password.
// A session ends at a fixed time however much it is used, and there are few of them: it is replaced in time, and the old one logged out.
import { createHash } from 'node:crypto'
import type { Login, LoginHttp } from '../../http/index.ts'
import type { Connection } from '../../packs/index.ts'
import { isObject, type JsonObject, Secret } from '../../values/index.ts'
import { objectIn, refusedLogin } from '../login.ts'

const SESSION_ENDED = 'ID.1001'
const KEY = 'session'
/** A session is given up this long before it ends, so that none ends on its way. */
const MARGIN_MS = 5 * 60_000
/** Where the platform does not tell. */
const DEFAULT_LIFE_MS = 7_200_000

interface Session {
  readonly uuid: Secret
  readonly endsAtMs: number
}

export const login: Login = {
  async authorize(_, connection, http) {
    return { authorization: `OAuth ${(await sessionOf(connection, http)).uuid.reveal()}` }
  },

  /** Every failure is a 503 here, a session that has ended too. */
  refused: ({ status, body }) => status === 503 && errorIn(body).code === SESSION_ENDED,

  async renew(_, http) {
    http.session.memory.delete(KEY)
  },

  /** There are few sessions, and each lasts two hours when nobody ends it. */
  async end(_, http) {
    const known = http.session.memory.get(KEY) as Session | undefined
    http.session.memory.delete(KEY)
    if (known) await logOut(known, http)
  },
}

async function sessionOf(connection: Connection, http: LoginHttp): Promise<Session> {
  const known = http.session.memory.get(KEY) as Session | undefined
  if (known && known.endsAtMs - MARGIN_MS > http.clock.now()) return known
  const fresh = await logIn(connection, http)
  http.session.secrets.add(fresh.uuid)
  http.session.memory.set(KEY, fresh)
  if (known) await logOut(known, http)
  return fresh
}

async function logIn({ target, settings }: Connection, http: LoginHttp): Promise<Session> {
  const { account = 'admin', password } = settings
  if (typeof account !== 'string' || !(password instanceof Secret)) throw refused(`target ${target} has no password`)
  const digest = new Secret(createHash('sha512').update(password.reveal()).digest('hex'))
  // Whoever has it can log in: it is as secret as the password.
  http.session.secrets.add(digest)
  const answer = await http.send({
    method: 'PUT',
    origin: http.origin,
    path: `${http.prefix}/zstack/v1/accounts/login`,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ logInByAccount: { accountName: account, password: digest.reveal() } }),
  })
  const { inventory } = objectIn(answer.body)
  if (answer.status !== 200 || !isObject(inventory) || typeof inventory.uuid !== 'string') {
    const { code, details } = errorIn(answer.body)
    const told = [code, details].filter((text) => text !== undefined).join(' ')
    // Wrong credentials come with a code; without one, something else stands between.
    throw refused(`ZStack refused the login with status ${answer.status}: ${told || 'no reason given'}`, code === undefined)
  }
  return { uuid: new Secret(inventory.uuid), endsAtMs: http.clock.now() + lifeMsOf(inventory) }
}

/** Dates have no zone and may come from another clock: only the time between them says something. */
function lifeMsOf({ createDate, expiredDate }: JsonObject): number {
  const lifeMs = Date.parse(`${expiredDate} UTC`) - Date.parse(`${createDate} UTC`)
  return lifeMs > 0 ? lifeMs : DEFAULT_LIFE_MS
}

/** It ends by itself, only later. */
async function logOut({ uuid }: Session, http: LoginHttp): Promise<void> {
  const path = `${http.prefix}/zstack/v1/accounts/sessions/${uuid.reveal()}`
  await http.send({ method: 'DELETE', origin: http.origin, path, headers: { accept: 'application/json' } }).catch(() => undefined)
}

function errorIn(body: Uint8Array): { readonly code?: string; readonly details?: string } {
  const { error } = objectIn(body)
  if (!isObject(error)) return {}
  const { code, details, description } = error
  const text = typeof details === 'string' ? details : description
  return { ...(typeof code === 'string' ? { code } : {}), ...(typeof text === 'string' ? { details: text } : {}) }
}

const refused = refusedLogin('check account and password of the target, and how many sessions are open')
