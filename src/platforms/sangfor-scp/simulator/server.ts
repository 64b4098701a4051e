// The simulated platform over HTTP: every request and every answer is held against the OpenAPI slice, and whatever misses it is
// a bug found. Faults strike here. What operations do is in operations.ts.
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type OpenapiOperation, operationsOf } from '../../../packs/index.ts'
import { type Json, type JsonObject, validator } from '../../../values/index.ts'
import type { Access } from './access.ts'
import { answerOf, refusalOf } from './envelope.ts'
import type { Fault, Faults } from './faults.ts'
import { endLease, leasesOn } from './leases.ts'
import { Refusal, type World } from './model.ts'
import { type OperationCall, operations } from './operations.ts'

export interface CallRecord {
  readonly operationId: string
  readonly at: number
  readonly method: string
  readonly path: string
  readonly status: number
  readonly faults: readonly string[]
}

export interface ServerParts {
  readonly world: World
  /** The dereferenced OpenAPI document. */
  readonly openapi: JsonObject
  readonly access: Access
  readonly faults: Faults
  readonly calls: CallRecord[]
  /** What missed the OpenAPI slice, in words. */
  readonly violations: string[]
}

interface Answer {
  readonly status: number
  readonly body?: JsonObject
}

/** Routes for every operation of the document. The caller listens and closes. */
export function createServer(parts: ServerParts, tls?: { key: string; cert: string }): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, ...(tls ? { https: tls } : {}) }) as FastifyInstance
  const bodies = new WeakMap<object, Buffer>()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    bodies.set(request, body as Buffer)
    try {
      done(null, JSON.parse(body.toString('utf8')))
    } catch (error) {
      done(error as Error)
    }
  })
  const tokens = createTokenMemory(parts.world)
  for (const operation of operationsOf(parts.openapi).values()) {
    app.route({
      method: operation.method,
      url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => handle(parts, tokens, operation, request, reply, bodies.get(request) ?? Buffer.alloc(0)),
    })
  }
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send(refusalOf(request.url, new Refusal(404, 'There is no such call.')))
  })
  return app
}

async function handle(
  parts: ServerParts,
  tokens: TokenMemory,
  operation: OpenapiOperation,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
): Promise<void> {
  const { world, faults, calls } = parts
  world.clock.settle()
  const struck = faults.strike(operation.operationId)
  const [path = ''] = request.url.split('?')
  const record = (status: number): void => {
    const { operationId, method } = operation
    calls.push({ operationId, at: world.clock.now(), method, path, status, faults: struck.map(({ does }) => does) })
  }
  for (const fault of struck) {
    if (fault.does === 'delay')
      await new Promise<void>((resolve) => world.clock.at(world.clock.now() + (fault.delayMs ?? 0), resolve))
    if (fault.does === 'expireLease') expireLeases(world, request)
    if (fault.does === 'failTask' || fault.does === 'stickTask') {
      world.taskFaults.push({ operation: operation.operationId, kind: fault.does })
    }
  }
  const before = struck.find(({ does }) => does === 'refuse' || does === 'hang' || does === 'status')
  if (before) {
    record(0)
    return misbehave(before, path, reply)
  }
  const answer = perform(parts, tokens, operation, request, path, body)
  record(answer.status)
  const after = struck.find(({ does }) => ['dropAnswer', 'cutAnswer', 'statusAfter', 'hangAfter'].includes(does))
  if (after) return misbehave(after, path, reply, answer)
  reply.code(answer.status)
  void (answer.body === undefined ? reply.send() : reply.send(answer.body))
  await reply
}

/** Instead of an answer, or instead of the true one. */
function misbehave(fault: Fault, path: string, reply: FastifyReply, answer?: Answer): void {
  const socket: Socket = reply.raw.socket as Socket
  switch (fault.does) {
    case 'status':
    case 'statusAfter': {
      const status = fault.status ?? 503
      void reply
        .code(status)
        .send(refusalOf(path, new Refusal(status, status === 429 ? 'Too many requests.' : 'Scripted fault.')))
      return
    }
    case 'cutAnswer': {
      const text = JSON.stringify(answer?.body ?? {})
      reply.hijack()
      reply.raw.writeHead(answer?.status ?? 200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      reply.raw.write(text.slice(0, Math.ceil(text.length / 2)), () => socket.destroy())
      return
    }
    case 'hang':
    case 'hangAfter':
      reply.hijack()
      return
    default:
      reply.hijack()
      socket.destroy()
  }
}

function expireLeases(world: World, request: FastifyRequest): void {
  const { server_id: serverId, resource_id: leaseId } = request.params as Record<string, string | undefined>
  const named = [...world.leases.values()].filter((lease) => lease.id === leaseId)
  for (const lease of [...named, ...(serverId === undefined ? [] : leasesOn(world, serverId))]) endLease(world, lease, 'expired')
}

/** The operation's true answer: checked on the way in, done, checked on the way out. */
function perform(
  parts: ServerParts,
  tokens: TokenMemory,
  operation: OpenapiOperation,
  request: FastifyRequest,
  path: string,
  body: Buffer,
): Answer {
  const { access, violations } = parts
  const headers = request.headers as Record<string, string | undefined>
  try {
    if (!operation.path.startsWith('/janus/public-key') && !operation.path.startsWith('/janus/authenticate')) {
      const takesTokens = !(parts.world.behaviour.strictLeases && operation.path.includes('/backup-resources'))
      access.check({ method: operation.method, path, headers, body }, takesTokens)
    }
    access.count(operation.operationId, operation.method)
    const call = callOf(operation, request)
    const wrong = requestProblems(operation, call, request)
    if (wrong.length > 0) throw new Violation(`${operation.operationId} was called otherwise than described: ${wrong.join('; ')}`)
    const token = operation.method === 'GET' ? undefined : headers['x-client-token']
    return tokens.once(token, `${operation.method} ${request.url} ${body.toString('utf8')}`, () => {
      const answer = trueAnswer(parts, operation, call)
      const problems = answerProblems(operation, answer)
      if (problems.length > 0)
        throw new Violation(`${operation.operationId} answers otherwise than described: ${problems.join('; ')}`)
      return answer
    })
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: refusalOf(path, error) }
    const text = error instanceof Violation ? error.message : `${operation.operationId}: ${(error as Error).stack}`
    violations.push(text)
    process.emitWarning(text, 'SimulatorBug')
    return { status: 500, body: refusalOf(path, new Refusal(500, text)) }
  }
}

class Violation extends Error {}

function callOf({ operationId }: OpenapiOperation, request: FastifyRequest): OperationCall {
  return {
    operationId,
    path: request.params as Record<string, string>,
    query: request.query as Record<string, string>,
    body: (request.body ?? {}) as JsonObject,
  }
}

function trueAnswer({ world, access }: ServerParts, { operationId, path }: OpenapiOperation, call: OperationCall): Answer {
  if (operationId === 'getPublicKey') return { status: 200, body: answerOf(path, { public_key: access.publicKey() }) }
  if (operationId === 'authenticate') return { status: 200, body: answerOf(path, loginAnswer(access, call)) }
  const operate = operations[operationId]
  if (!operate) throw new Violation(`the simulator has no operation ${operationId}`)
  const answer = operate(world, call)
  if (!('items' in answer)) return 'data' in answer ? { status: answer.status, body: answerOf(path, answer.data) } : answer
  const pageSize = Math.min(Number(call.query.page_size ?? world.behaviour.pageSize), world.behaviour.pageSize)
  const pageNum = Number(call.query.page_num ?? 0)
  const data = answer.items.slice(pageNum * pageSize, (pageNum + 1) * pageSize)
  const isLast = (pageNum + 1) * pageSize >= answer.items.length
  const page = {
    total_size: answer.items.length,
    page_num: pageNum,
    page_size: pageSize,
    next_page_num: isLast ? '' : `${pageNum + 1}`,
    data,
  }
  return { status: answer.status, body: answerOf(path, page) }
}

function loginAnswer(access: Access, { body }: OperationCall): JsonObject {
  const { auth } = body as unknown as { auth: { passwordCredentials: { username: string; password: string } } }
  const { username, password } = auth.passwordCredentials
  const { id, issuedAt, expiresAt } = access.login(username, password)
  const token = { id, issued_at: new Date(issuedAt).toISOString(), expires: new Date(expiresAt).toISOString() }
  return { access: { token, user: { id: 'user-1', name: username } } }
}

// ---- against the document ---------------------------------------------------------------------------------------

function requestProblems(operation: OpenapiOperation, call: OperationCall, request: FastifyRequest): string[] {
  const problems: string[] = []
  for (const { name, in: where, required, schema } of operation.parameters) {
    const text = where === 'header' ? request.headers[name.toLowerCase()] : call[where][name]
    if (text === undefined) {
      if (required) problems.push(`${where} parameter ${name} is missing`)
      continue
    }
    const value: Json = schema.type === 'integer' && /^\d+$/.test(String(text)) ? Number(text) : String(text)
    for (const { message } of validator(schema).problems(value)) problems.push(`${where} parameter ${name} ${message}`)
  }
  const known = operation.parameters.filter(({ in: where }) => where === 'query').map(({ name }) => name)
  for (const name of Object.keys(call.query)) if (!known.includes(name)) problems.push(`query parameter ${name} is not described`)
  if (operation.body?.required && request.body === undefined) problems.push('the body is missing')
  if (operation.body && request.body !== undefined) {
    for (const { path, message } of validator(operation.body.schema).problems(request.body)) {
      problems.push(`body.${path.join('.')} ${message}`)
    }
  }
  return problems
}

function answerProblems({ responses }: OpenapiOperation, { status, body }: Answer): string[] {
  const described = responses[String(status)]
  if (!described) return [`status ${status} is not described`]
  if (!described.schema) return body === undefined ? [] : ['no body is described']
  return validator(described.schema)
    .problems(body)
    .map(({ path, message }) => `body.${path.join('.')} ${message}`)
}

// ---- idempotency ------------------------------------------------------------------------------------------------

interface TokenMemory {
  /** The first answer again for a repeat with the same token; 429 for the same token with other parameters. [S18] */
  once(token: string | undefined, request: string, does: () => Answer): Answer
}

const TOKEN_LIFETIME_MS = 15 * 60_000

function createTokenMemory({ clock, behaviour }: World): TokenMemory {
  const known = new Map<string, { readonly request: string; readonly answer: Answer; readonly at: number }>()
  return {
    once: (token, request, does) => {
      const earlier = token === undefined ? undefined : known.get(token)
      if (earlier && clock.now() - earlier.at < TOKEN_LIFETIME_MS) {
        if (earlier.request !== request || behaviour.repeatedToken === 'refused')
          throw new Refusal(429, 'Idempotency check failed.')
        return earlier.answer
      }
      const answer = does()
      if (token !== undefined) known.set(token, { request, answer, at: clock.now() })
      return answer
    },
  }
}
