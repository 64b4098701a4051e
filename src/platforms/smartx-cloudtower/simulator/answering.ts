// The true answer to a request: who calls, whether request and answer are as the OpenAPI slice has them, and the operation in between.
// What misses the slice is a bug found, of the caller or of this simulator, and kept in words. An empty filter is one, and still acts
// on everything, as the platform would. [X9]
import { type OpenapiOperation, operationsOf } from '../../../packs/index.ts'
import { isObject, type Json, type JsonObject, type Secret, validator } from '../../../values/index.ts'
import { Refusal, type World } from './model.ts'
import { operations } from './operations.ts'

export interface Credentials {
  readonly username: string
  readonly password: Secret
  readonly apiKey: Secret
}

export interface Received {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Json
}

export interface Answer {
  readonly status: number
  readonly body: Json
}

export interface Answering {
  readonly operations: readonly OpenapiOperation[]
  answer(operation: OpenapiOperation, received: Received): Answer
  /** What missed the OpenAPI slice, in words. */
  readonly violations: readonly string[]
  /** Ends every token, as deleting the user would. */
  forgetTokens(): void
}

export function createAnswering(world: World, openapi: JsonObject, credentials: Credentials): Answering {
  const tokens = new Set<string>()
  const violations: string[] = []

  const logIn = ({ body }: Received): Json => {
    const { username, password } = isObject(body) ? body : {}
    // [X22]
    if (username !== credentials.username || password !== credentials.password.reveal()) {
      throw new Refusal(400, 'Wrong user name or password.')
    }
    const token = `eyJ${world.newId()}`
    tokens.add(token)
    return { task_id: null, data: { token } }
  }

  // Bare, or with Bearer before it. [X1]
  const admit = ({ headers }: Received): void => {
    const token = (headers.authorization ?? '').replace(/^Bearer /, '')
    if (!tokens.has(token) && token !== credentials.apiKey.reveal()) throw new Refusal(401, 'Not authenticated.')
  }

  function answerOrThrow(operation: OpenapiOperation, received: Received): Answer {
    const { operationId } = operation
    const language = received.headers['content-language'] ?? 'en-US'
    // [X18]
    if (!['en-US', 'zh-CN'].includes(language)) throw new Refusal(400, `There is no language ${language}.`)
    const isLogin = operationId === 'login'
    if (!isLogin) admit(received)
    const wrong = operation.body ? problemsOf(operation.body.schema, received.body) : []
    if (wrong.length > 0) violations.push(`${operationId} was called otherwise than described: ${wrong.join('; ')}`)
    if (wrong.length > 0 && !wrong.every((problem) => problem.startsWith('body.where'))) throw new Refusal(400, wrong.join('; '))
    const body = isLogin ? logIn(received) : [...(operations[operationId]?.(world, received.body) ?? [])]
    const missed = problemsOf(operation.responses['200']?.schema ?? {}, body)
    if (missed.length > 0) violations.push(`${operationId} answers otherwise than described: ${missed.join('; ')}`)
    return { status: 200, body }
  }

  return {
    operations: [...operationsOf(openapi).values()],
    violations,
    forgetTokens: () => tokens.clear(),
    answer: (operation, received) => {
      try {
        return answerOrThrow(operation, received)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return refusalOf(operation.path, error)
      }
    },
  }
}

const problemsOf = (schema: JsonObject, value: unknown): string[] =>
  validator(schema)
    .problems(value)
    .map(({ path, message }) => `${['body', ...path].join('.')} ${message}`)

export const refusalOf = (path: string, { status, message, lockedId }: Refusal): Answer => ({
  status,
  body: {
    path: path.replace('/v2/api', ''),
    status,
    message,
    ...(lockedId === undefined ? {} : { code: 'ResourceLocked', props: { locked_resources: [{ id: lockedId, type: 'VM' }] } }),
  },
})
