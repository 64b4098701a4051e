// The simulated server over HTTP: a route for each operation of the VI JSON binding, one for SOAP, and a back door for people. Faults
// strike here.
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { OpenapiOperation } from '../../../packs/index.ts'
import { isObject, type JsonObject } from '../../../values/index.ts'
import { addFaultRoutes, type Faults, recordCall } from '../../simulation/index.ts'
import type { Answer, Answering, Received } from './answering.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { VimFault, type World } from './model.ts'
import { readCall } from './soap.ts'
import { describeState, leaksOf } from './state.ts'
import { faultBody } from './tasks.ts'

export interface CallRecord {
  readonly operationId: string
  /** 0 when a fault struck before the call was looked at. */
  readonly status: number
  readonly id: string
  /** Without what is secret. */
  readonly body: JsonObject
}

export interface ServerParts {
  readonly world: World
  readonly answering: Answering
  readonly faults: Faults<Fault>
  readonly calls: CallRecord[]
  /** What a test looks at when an operation is asked for. */
  readonly hooks: ReadonlyMap<string, () => Promise<void>>
}

/** The caller listens and closes. */
export function createServer(parts: ServerParts): FastifyInstance {
  const { world, answering, faults, calls } = parts
  const app = fastify({ forceCloseConnections: true })
  app.addContentTypeParser('text/xml', { parseAs: 'string' }, (_, body, done) => done(null, body))
  // A method without arguments has no body, whatever its content type says.
  for (const operation of answering.operations) {
    app.route({
      method: operation.method,
      url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => handleJson(parts, operation, request, reply),
    })
  }
  app.post('/sdk', (request, reply) => handleSoap(parts, request, reply))
  app.setNotFoundHandler((_, reply) => void reply.code(404).type('text/html').send('<html>Not Found</html>'))
  app.get('/__admin/state', async () => ({
    ...describeState(world),
    leaks: leaksOf(world),
    violations: answering.violations,
    sessions: answering.openSessions,
    calls: calls.map(({ operationId, status }) => ({ operationId, status })),
  }))
  addFaultRoutes(app, faults, faultsSchema)
  return app
}

const HEADER = 'vmware-api-session-id'

function handleJson(
  parts: ServerParts,
  operation: OpenapiOperation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { moId = '' } = request.params as { moId?: string }
  const token = request.headers[HEADER]
  const body = isObject(request.body) ? request.body : {}
  return handle(parts, operation, { id: moId, body, token: typeof token === 'string' ? token : undefined }, reply, (answer) => {
    if (answer.token !== undefined) void reply.header(HEADER, answer.token)
    void reply.code(answer.status)
    // A bare text or number is JSON too.
    void (answer.body === undefined ? reply.send() : reply.type('application/json').send(JSON.stringify(answer.body)))
  })
}

async function handleSoap(parts: ServerParts, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const call = readCall(String(request.body), parts.answering.operations)
  if (!call) return void (await reply.code(500).type('text/xml').send('<Fault/>'))
  const token = /vmware_soap_session="?([^";]+)/.exec(request.headers.cookie ?? '')?.[1]
  return handle(parts, call.operation, { id: call.id, body: call.body, token }, reply, (answer) => {
    if (answer.token !== undefined)
      void reply.header('set-cookie', `vmware_soap_session="${answer.token}"; Path=/; HttpOnly; Secure;`)
    const { status, text } = call.answer(answer)
    void reply.code(status).type('text/xml; charset=utf-8').send(text)
  })
}

const LATE_MS = 20_000

async function handle(
  { world, answering, faults, calls, hooks }: ServerParts,
  operation: OpenapiOperation,
  received: Received,
  reply: FastifyReply,
  send: (answer: Answer) => void,
): Promise<void> {
  const { operationId } = operation
  await hooks.get(operationId)?.()
  world.clock.settle()
  const struck = faults.strike(operationId)
  const record = (status: number): void => {
    recordCall(calls, { operationId, status, id: received.id, body: withoutSecrets(received.body) })
  }
  for (const { does, fault = 'FileLocked' } of struck) {
    if (does === 'failTask' || does === 'stickTask') world.taskFaults.push({ operation: operationId, kind: does, fault })
  }
  const refusal = struck.find(({ does }) => does === 'fault')
  if (refusal) {
    record(500)
    return send({ status: 500, body: faultBody(new VimFault(refusal.fault ?? 'TaskInProgress', 'A fault was scripted.')) })
  }
  const before = struck.find(({ does }) => does === 'refuse' || does === 'hang' || does === 'status')
  if (before) {
    record(0)
    return misbehave(before, reply)
  }
  const late = struck.find(({ does }) => does === 'late')
  if (late) {
    world.clock.at(world.clock.now() + LATE_MS, () => record(answering.answer(operation, received).status))
    return misbehave(late, reply)
  }
  const answer = answering.answer(operation, received)
  record(answer.status)
  const after = struck.find(({ does }) => does === 'dropAnswer' || does === 'hangAfter')
  if (after) return misbehave(after, reply)
  send(answer)
}

/** Instead of an answer. */
function misbehave({ does, status = 503 }: Fault, reply: FastifyReply): void {
  // From the proxy in front, which speaks no JSON.
  if (does === 'status') return void reply.code(status).type('text/plain').send('upstream connect error')
  const socket = reply.raw.socket as Socket
  reply.hijack()
  if (does !== 'hang' && does !== 'hangAfter') socket.destroy()
}

function withoutSecrets({ password: _, auth: __, ...body }: JsonObject): JsonObject {
  return body
}
