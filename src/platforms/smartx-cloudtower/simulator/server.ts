// The simulated platform over HTTP: one route for each operation of the OpenAPI slice, and a back door for people. Faults strike here.
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { OpenapiOperation } from '../../../packs/index.ts'
import type { Json } from '../../../values/index.ts'
import { addFaultRoutes, type Faults, recordCall } from '../../simulation/index.ts'
import { type Answering, refusalOf } from './answering.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { Refusal, type World } from './model.ts'
import { describeState, leaksOf } from './state.ts'

export interface CallRecord {
  readonly operationId: string
  /** 0 when a fault struck before the call was looked at. */
  readonly status: number
  readonly body: Json
}

export interface ServerParts {
  readonly world: World
  readonly answering: Answering
  readonly faults: Faults<Fault>
  readonly calls: CallRecord[]
}

/** The caller listens and closes. */
export function createServer(parts: ServerParts): FastifyInstance {
  const { world, answering, faults, calls } = parts
  const app = fastify({ forceCloseConnections: true })
  for (const operation of answering.operations) {
    app.route({
      method: operation.method,
      url: operation.path,
      handler: (request, reply) => handle(parts, operation, request, reply),
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const { status, body } = refusalOf(request.url, new Refusal(404, 'There is no such call.'))
    void reply.code(status).send(body)
  })
  app.get('/__admin/state', async () => ({
    ...describeState(world),
    leaks: leaksOf(world),
    violations: answering.violations,
    calls: calls.map(({ operationId, status }) => ({ operationId, status })),
  }))
  addFaultRoutes(app, faults, faultsSchema)
  return app
}

async function handle(
  { world, answering, faults, calls }: ServerParts,
  operation: OpenapiOperation,
  { headers, body }: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  world.clock.settle()
  const { operationId, path } = operation
  const struck = faults.strike(operationId)
  const record = (status: number): void => {
    recordCall(calls, { operationId, status, body: operationId === 'login' ? null : (body as Json) })
  }
  for (const { does } of struck) {
    if (does === 'failTask' || does === 'stickTask' || does === 'pauseTask')
      world.taskFaults.push({ operation: operationId, kind: does })
  }
  if (struck.some(({ does }) => does === 'lock')) {
    const [lockedId = ''] = world.vms.keys()
    const { status, body: refusal } = refusalOf(path, new Refusal(400, `Resource [VM-${lockedId}] locked`, lockedId))
    record(status)
    await reply.code(status).send(refusal)
    return
  }
  const before = struck.find(({ does }) => does === 'refuse' || does === 'hang' || does === 'status')
  if (before) {
    record(0)
    return misbehave(before, path, reply)
  }
  const answer = answering.answer(operation, { headers: headers as Record<string, string | undefined>, body: body as Json })
  record(answer.status)
  const after = struck.find(({ does }) => does === 'dropAnswer' || does === 'hangAfter' || does === 'statusAfter')
  if (after) return misbehave(after, path, reply)
  await reply.code(answer.status).send(answer.body)
}

/** Instead of an answer. */
function misbehave({ does, status = 503 }: Fault, path: string, reply: FastifyReply): void {
  if (does === 'status' || does === 'statusAfter') {
    void reply.code(status).send(refusalOf(path, new Refusal(status, 'A fault was scripted.')).body)
    return
  }
  const socket = reply.raw.socket as Socket
  reply.hijack()
  if (does !== 'hang' && does !== 'hangAfter') socket.destroy()
}
