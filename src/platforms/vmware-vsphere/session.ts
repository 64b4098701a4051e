// How Holdfast proves to vSphere who is calling: a session for a name and a password, in either binding. Its token stands for the user:
// it lives in the connection's session only, is never shown and never written down. A session that died of idleness is begun anew, and
// each is ended when the connection is closed, for a server takes only so many.
import type { Binding, HttpAnswer, HttpRequest, Login, LoginHttp } from '../../http/index.ts'
import type { Connection } from '../../packs/index.ts'
import { type Json, type JsonObject, Secret } from '../../values/index.ts'
import { objectIn, refusedLogin } from '../login.ts'
import { API, addressedIn, type ServiceContent, singletonOf, singletonsIn, withSingleton } from './service-content.ts'
import { jsonAnswer, soapRequest } from './soap/index.ts'

export const session: Login = {
  authorize: async (_, connection, http) => headersOf(connection, await begun(connection, http)),

  refused: ({ status, body }) => status === 401 || (status === 500 && objectIn(body)._typeName === 'NotAuthenticated'),

  async renew(_, http) {
    http.session.memory.delete(SESSION)
  },

  async end(connection, http) {
    const open = sessionIn(http)
    http.session.memory.delete(SESSION)
    if (open) await ask(connection, http, open, { method: 'POST', at: 'SessionManager/sessionManager/Logout' })
  },

  binding: (connection): Binding => ({
    async request(request, operation, _, http) {
      const open = await begun(connection, http)
      const content = await contentFor(addressedIn(request.path).id, connection, http, open)
      const addressed = withSingleton(request, content)
      return isSoap(connection) ? soapRequest(addressed, operation, connection, content) : addressed
    },
    answer: (answer, operation) => (isSoap(connection) ? jsonAnswer(answer, operation) : answer),
  }),
}

const isSoap = ({ settings }: Connection): boolean => settings.binding === 'soap'

const headersOf = (connection: Connection, { token }: Session): Readonly<Record<string, string>> =>
  isSoap(connection) ? { cookie: `${COOKIE}=${token.reveal()}` } : { [HEADER]: token.reveal() }

const HEADER = 'vmware-api-session-id'
const COOKIE = 'vmware_soap_session'

// ---- the session --------------------------------------------------------------------------------------------------

interface Session {
  readonly token: Secret
  readonly content: ServiceContent
}

const SESSION = 'session'

const sessionIn = (http: LoginHttp) => http.session.memory.get(SESSION) as Session | undefined

async function begun(connection: Connection, http: LoginHttp): Promise<Session> {
  const known = sessionIn(http)
  if (known) return known
  const content = await contentOfServer(connection, http)
  const token = await logIn(connection, http, content)
  http.session.secrets.add(token)
  const other = sessionIn(http)
  const fresh = { token, content }
  // Two calls at once began one each: the later one is ended, not left to the server.
  if (other) {
    await ask(connection, http, fresh, { method: 'POST', at: 'SessionManager/sessionManager/Logout' })
    return other
  }
  http.session.memory.set(SESSION, fresh)
  return fresh
}

async function contentOfServer(connection: Connection, http: LoginHttp): Promise<ServiceContent> {
  const { status, body } = isSoap(connection)
    ? await ask(connection, http, undefined, { method: 'POST', at: 'ServiceInstance/ServiceInstance/RetrieveServiceContent' })
    : await ask(connection, http, undefined, { method: 'GET', at: 'ServiceInstance/ServiceInstance/content' })
  if (status === 200) return singletonsIn(objectIn(body))
  const hint = status === 404 && !isSoap(connection) ? '; before 8.0 U1 set binding to soap' : ''
  throw refused(`vSphere does not say what it offers, status ${status}${hint}`, status >= 429)
}

async function logIn(connection: Connection, http: LoginHttp, content: ServiceContent): Promise<Secret> {
  const { username, password } = connection.settings
  if (typeof username !== 'string' || !(password instanceof Secret)) {
    throw refused(`target ${connection.target} has no username and password`)
  }
  const fields = { userName: username, password: password.reveal() }
  const answer = await ask(connection, http, { content }, { method: 'POST', at: 'SessionManager/sessionManager/Login', fields })
  if (answer.status !== 200) {
    const { _typeName, faultstring } = objectIn(answer.body)
    const told = [_typeName, faultstring].filter((each) => typeof each === 'string' && each !== '').join(': ')
    const passing = answer.status >= 429 && _typeName === undefined
    throw refused(`vSphere refused the login with status ${answer.status}${told === '' ? '' : `, ${told}`}`, passing)
  }
  const token = isSoap(connection) ? cookieIn(answer) : answer.headers[HEADER]
  if (token === undefined || token === '') throw refused('vSphere answered the login without a session')
  return new Secret(token)
}

function cookieIn({ headers }: HttpAnswer): string | undefined {
  return /(?:^|[\s,;])vmware_soap_session="?(?<value>[^";,\s]+)/.exec(headers['set-cookie'] ?? '')?.groups?.value
}

/** With the one manager that stands below another one and not in the content itself. */
async function contentFor(id: string, connection: Connection, http: LoginHttp, open: Session): Promise<ServiceContent> {
  if (id !== 'guestProcessManager' || open.content[id]) return open.content
  const answer = await ask(connection, http, open, {
    method: 'GET',
    at: 'GuestOperationsManager/guestOperationsManager/processManager',
  })
  const found = singletonOf(objectIn(answer.body))
  if (answer.status !== 200 || !found) return open.content
  const content = { ...open.content, [id]: found }
  http.session.memory.set(SESSION, { ...open, content })
  return content
}

// ---- calls of the login's own -------------------------------------------------------------------------------------

interface Asking {
  readonly method: 'GET' | 'POST'
  /** Type, object and member. */
  readonly at: string
  readonly fields?: JsonObject
}

async function ask(
  connection: Connection,
  http: LoginHttp,
  open: Session | { readonly content: ServiceContent; readonly token?: undefined } | undefined,
  { method, at, fields }: Asking,
): Promise<HttpAnswer> {
  const operation = { operationId: at, method, path: at, parameters: [], body: { schema: {}, required: false }, responses: {} }
  const json: HttpRequest = {
    method,
    origin: http.origin,
    path: `${http.prefix}${API}/${at}`,
    headers: { accept: 'application/json', ...(fields ? { 'content-type': 'application/json' } : {}) },
    ...(fields ? { body: JSON.stringify(fields satisfies Json) } : {}),
  }
  const content = open?.content ?? {}
  const addressed = withSingleton(json, content)
  const request = isSoap(connection) ? soapRequest(addressed, operation, connection, content) : addressed
  const headers = open?.token ? headersOf(connection, { token: open.token, content }) : {}
  const answer = await http.send({ ...request, headers: { ...request.headers, ...headers } })
  return isSoap(connection) ? jsonAnswer(answer, operation) : answer
}

const refused = refusedLogin('check user and password of the target, and its binding')
