// How Holdfast proves to CloudTower who is calling: an API key as it is, or a token for a password.
// A token stands for its user and does not expire: it lives in the connection's session only, is never shown and never written down.
import type { Login, LoginHttp } from '../../http/index.ts'
import type { Connection } from '../../packs/index.ts'
import { isObject, Secret } from '../../values/index.ts'
import { objectIn, refusedLogin } from '../login.ts'

export const login: Login = {
  async authorize(_, connection, http) {
    const { apiKey } = connection.settings
    const credential = apiKey instanceof Secret ? apiKey : await tokenOf(connection, http)
    // Bare, as the vendor's guide has it.
    return { authorization: credential.reveal() }
  },

  async renew(_, http) {
    http.session.memory.delete(TOKEN)
  },
}

const TOKEN = 'token'

async function tokenOf(connection: Connection, http: LoginHttp): Promise<Secret> {
  const known = http.session.memory.get(TOKEN)
  if (known instanceof Secret) return known
  const fresh = await logIn(connection, http)
  http.session.secrets.add(fresh)
  http.session.memory.set(TOKEN, fresh)
  return fresh
}

async function logIn({ target, settings }: Connection, http: LoginHttp): Promise<Secret> {
  const { username, password, userSource = 'LOCAL' } = settings
  if (typeof username !== 'string' || !(password instanceof Secret)) {
    throw refused(`target ${target} has neither apiKey nor username and password`)
  }
  const answer = await http.send({
    method: 'POST',
    origin: http.origin,
    path: `${http.prefix}/v2/api/login`,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: password.reveal(), source: userSource }),
  })
  const body = objectIn(answer.body)
  if (answer.status !== 200) {
    const message = typeof body.message === 'string' ? body.message : 'the answer is no JSON'
    throw refused(`CloudTower refused the login with status ${answer.status}: ${message}`, answer.status >= 429)
  }
  const token = isObject(body.data) ? body.data.token : undefined
  if (typeof token !== 'string' || token === '') throw refused('CloudTower answered the login without a token')
  return new Secret(token)
}

const refused = refusedLogin('check user, password and source of the target, or use an API key')
