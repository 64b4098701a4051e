// The true answer to a call, whichever binding it came over: who calls, whether call and answer are as the OpenAPI slice has them, and
// the operation in between. What misses the slice is a bug found, of the caller or of this simulator, and kept in words.
import { type OpenapiOperation, operationsOf } from '../../../packs/index.ts'
import { type Json, type JsonObject, type Secret, validator } from '../../../values/index.ts'
import { VimFault, type World } from './model.ts'
import { operations, serviceContent } from './operations.ts'
import { faultBody } from './tasks.ts'

export interface Credentials {
  readonly username: string
  readonly password: Secret
  readonly guestPassword: Secret
}

export interface Received {
  /** Of the object that is called. */
  readonly id: string
  readonly body: JsonObject
  /** Of the session, wherever the binding carries it. */
  readonly token: string | undefined
}

export interface Answer {
  readonly status: number
  /** Absent where the API answers nothing. */
  readonly body?: Json
  /** Of a session that has begun. */
  readonly token?: string
}

export interface Answering {
  readonly operations: readonly OpenapiOperation[]
  answer(operation: OpenapiOperation, received: Received): Answer
  /** What missed the OpenAPI slice, in words. */
  readonly violations: readonly string[]
  readonly openSessions: number
  sessionTokens(): readonly string[]
  /** Ends every session, as a restart would. */
  forgetSessions(): void
}

const ANONYMOUS = ['getServiceContent', 'retrieveServiceContent', 'login']

export function createAnswering(world: World, openapi: JsonObject, credentials: Credentials): Answering {
  /** When each was last used. */
  const sessions = new Map<string, number>()
  const violations: string[] = []

  function admit(token: string | undefined): void {
    const lastMs = token === undefined ? undefined : sessions.get(token)
    // [W2]
    if (token === undefined || lastMs === undefined || world.clock.now() - lastMs > world.behaviour.sessionIdleMs) {
      sessions.delete(token ?? '')
      throw new VimFault('NotAuthenticated', 'The session is not authenticated.')
    }
    sessions.set(token, world.clock.now())
  }

  function logIn({ userName, password }: JsonObject): Answer {
    if (userName !== credentials.username || password !== credentials.password.reveal()) {
      throw new VimFault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.')
    }
    const token = world.newUuid().replaceAll('-', '')
    sessions.set(token, world.clock.now())
    return { status: 200, body: { _typeName: 'UserSession', key: world.newUuid(), userName }, token }
  }

  function answerOrThrow({ operationId, body: described, responses }: OpenapiOperation, { id, body, token }: Received): Answer {
    if (!ANONYMOUS.includes(operationId)) admit(token)
    const wrong = described ? problemsOf(described.schema, body) : []
    if (wrong.length > 0) {
      violations.push(`${operationId} was called otherwise than described: ${wrong.join('; ')}`)
      throw new VimFault('InvalidRequest', wrong.join('; '))
    }
    if (operationId === 'login') return logIn(body)
    if (operationId === 'logout') sessions.delete(token ?? '')
    const content = operationId === 'getServiceContent' || operationId === 'retrieveServiceContent' ? serviceContent() : undefined
    const said = content ?? operations[operationId]?.(world, id, body, credentials.guestPassword.reveal())
    if (said === undefined) return { status: 204 }
    const missed = problemsOf(responses['200']?.schema ?? {}, said)
    if (missed.length > 0) violations.push(`${operationId} answers otherwise than described: ${missed.join('; ')}`)
    return { status: 200, body: said }
  }

  return {
    operations: [...operationsOf(openapi).values()],
    violations,
    get openSessions() {
      return sessions.size
    },
    sessionTokens: () => [...sessions.keys()],
    forgetSessions: () => sessions.clear(),
    answer: (operation, received) => {
      try {
        return answerOrThrow(operation, received)
      } catch (error) {
        if (!(error instanceof VimFault)) throw error
        return { status: 500, body: faultBody(error) }
      }
    },
  }
}

const problemsOf = (schema: JsonObject, value: Json): string[] =>
  validator(schema)
    .problems(value)
    .map(({ path, message }) => `${['body', ...path].join('.')} ${message}`)
