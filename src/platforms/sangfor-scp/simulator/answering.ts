// The true answer to a request: who calls, how often, whether request and answer are as described, and the operation in between.
// Whatever misses the OpenAPI document is a bug found, of the caller or of this simulator: it answers 500 and is kept in words.
import { type OpenapiOperation, operationsOf } from '../../../packs/index.ts'
import type { JsonObject } from '../../../values/index.ts'
import type { Access, Request } from './access.ts'
import { type Answer, answerProblems, type ReceivedRequest, requestProblems } from './against-openapi.ts'
import { createClientTokens } from './client-tokens.ts'
import { answerOf, refusalOf } from './envelope.ts'
import { Refusal, type World } from './model.ts'
import type { OperationAnswer, OperationCall } from './operation.ts'
import { operations } from './operations.ts'

export interface AnsweringParts {
  readonly world: World
  /** The dereferenced OpenAPI document. */
  readonly openapi: JsonObject
  readonly access: Access
  /** What missed the OpenAPI slice, in words. */
  readonly violations: string[]
}

export interface Answering {
  readonly operations: readonly OpenapiOperation[]
  answer(operation: OpenapiOperation, raw: Request, received: ReceivedRequest): Answer
}

export function createAnswering({ world, openapi, access, violations }: AnsweringParts): Answering {
  const clientTokens = createClientTokens(world)

  const answerOrThrow = (operation: OpenapiOperation, raw: Request, received: ReceivedRequest): Answer => {
    const { operationId, method } = operation
    if (!LOGIN.has(operationId))
      access.check(raw, !(world.behaviour.strictLeases && operation.path.includes('/backup-resources')))
    access.count(operationId, method)
    const wrong = requestProblems(operation, received)
    if (wrong.length > 0) throw new Violation(`${operationId} was called otherwise than described: ${wrong.join('; ')}`)
    const call: OperationCall = { operationId, ...received, body: (received.body ?? {}) as JsonObject, bytes: raw.body }
    const token = method === 'GET' ? undefined : received.header['x-client-token']
    return clientTokens.once(
      token,
      `${method} ${raw.path} ${JSON.stringify(received.query)} ${raw.body.toString('utf8')}`,
      () => {
        const answer = enveloped(world, operation, call, LOGIN.get(operationId)?.(access, call) ?? operate(world, call))
        const problems = answerProblems(operation, answer)
        if (problems.length > 0) throw new Violation(`${operationId} answers otherwise than described: ${problems.join('; ')}`)
        return answer
      },
    )
  }

  return {
    operations: [...operationsOf(openapi).values()],
    answer: (operation, raw, received) => {
      try {
        return answerOrThrow(operation, raw, received)
      } catch (error) {
        if (error instanceof Refusal) return { status: error.status, body: refusalOf(raw.path, error) }
        const text = error instanceof Violation ? error.message : `${operation.operationId}: ${(error as Error).stack}`
        violations.push(text)
        process.emitWarning(text, 'SimulatorBug')
        return { status: 500, body: refusalOf(raw.path, new Refusal(500, text)) }
      }
    },
  }
}

class Violation extends Error {}

function operate(world: World, call: OperationCall): OperationAnswer {
  const does = operations[call.operationId]
  if (!does) throw new Violation(`the simulator has no operation ${call.operationId}`)
  return does(world, call)
}

function enveloped({ behaviour }: World, { path }: OpenapiOperation, { query }: OperationCall, answer: OperationAnswer): Answer {
  if ('bytes' in answer) return answer
  if (!('items' in answer)) return 'data' in answer ? { status: answer.status, body: answerOf(path, answer.data) } : answer
  const { items, status } = answer
  const pageSize = Math.min(Number(query.page_size ?? behaviour.pageSize), behaviour.pageSize)
  const pageNum = Number(query.page_num ?? 0)
  const endAt = (pageNum + 1) * pageSize
  const page = {
    total_size: items.length,
    page_num: pageNum,
    page_size: pageSize,
    next_page_num: endAt >= items.length ? '' : `${pageNum + 1}`,
    data: items.slice(pageNum * pageSize, endAt),
  }
  return { status, body: answerOf(path, page) }
}

/** The calls that need no credentials, because they give them. */
const LOGIN: ReadonlyMap<string, (access: Access, call: OperationCall) => OperationAnswer> = new Map([
  ['getPublicKey', (access: Access) => ({ status: 200 as const, data: { public_key: access.publicKey() } })],
  ['authenticate', authenticate],
])

function authenticate(access: Access, { body }: OperationCall): OperationAnswer {
  const { auth } = body as unknown as { auth: { passwordCredentials: { username: string; password: string } } }
  const { username, password } = auth.passwordCredentials
  const { id, issuedAt, expiresAt } = access.login(username, password)
  const token = { id, issued_at: new Date(issuedAt).toISOString(), expires: new Date(expiresAt).toISOString() }
  return { status: 200, data: { access: { token, user: { id: 'user-1', name: username } } } }
}
