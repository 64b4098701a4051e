// The simulated platform over HTTP: one route for each operation of the OpenAPI document. Faults strike here.
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { HttpRequest } from '../../../http/index.ts'
import type { OpenapiOperation } from '../../../packs/index.ts'
import { type Faults, recordCall } from '../../simulation/index.ts'
import type { Answer } from './against-openapi.ts'
import type { Answering } from './answering.ts'
import { refusalOf } from './envelope.ts'
import type { Fault } from './faults.ts'
import { endLease, leasesOn } from './leases.ts'
import { Refusal, type World } from './model.ts'
import { losePower } from './power.ts'

export interface CallRecord {
  readonly operationId: string
  readonly at: number
  readonly method: string
  readonly path: string
  /** 0 when a fault struck before the call was looked at. */
  readonly status: number
  readonly faults: readonly string[]
}

export interface ServerParts {
  readonly world: World
  readonly answering: Answering
  readonly faults: Faults<Fault>
  readonly calls: CallRecord[]
}

/** Of a file that is given to a VM. */
const MOST_BYTES = 32 * 2 ** 20

/** The caller listens and closes. */
export function createServer(parts: ServerParts, tls?: { key: string; cert: string }): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, ...(tls ? { https: tls } : {}) }) as FastifyInstance
  const bodies = new WeakMap<FastifyRequest, Buffer>()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Signatures cover the bytes.
    bodies.set(request, body as Buffer)
    try {
      done(null, JSON.parse(body.toString('utf8')))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer', bodyLimit: MOST_BYTES }, (request, body, done) => {
    bodies.set(request, body as Buffer)
    done(null, undefined)
  })
  for (const operation of parts.answering.operations) {
    app.route({
      method: operation.method,
      url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => handle(parts, operation, request, bodies.get(request) ?? Buffer.alloc(0), reply),
    })
  }
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send(refusalOf(request.url, new Refusal(404, 'There is no such call.')))
  })
  return app
}

export function operationOf(operations: readonly OpenapiOperation[], { method, path }: HttpRequest): string | undefined {
  const asked = (path.split('?')[0] ?? '').split('/')
  const fits = (template: readonly string[]): boolean =>
    template.length === asked.length && template.every((part, i) => part.startsWith('{') || part === asked[i])
  return operations.find((each) => each.method.toUpperCase() === method && fits(each.path.split('/')))?.operationId
}

async function handle(
  { world, answering, faults, calls }: ServerParts,
  operation: OpenapiOperation,
  request: FastifyRequest,
  bytes: Buffer,
  reply: FastifyReply,
): Promise<void> {
  world.clock.settle()
  const { operationId, method } = operation
  const struck = faults.strike(operationId)
  const [path = ''] = request.url.split('?')
  const record = (status: number): void => {
    const at = world.clock.now()
    recordCall(calls, { operationId, at, method, path, status, faults: struck.map(({ does }) => does) })
  }
  for (const fault of struck) await prepare(world, operationId, fault, request)

  const before = struck.find(({ does }) => BEFORE.has(does))
  if (before) {
    record(0)
    return misbehave(before, path, reply)
  }
  const header = request.headers as Record<string, string | undefined>
  const answer = answering.answer(
    operation,
    { method, path, headers: header, body: bytes },
    {
      path: request.params as Record<string, string>,
      query: request.query as Record<string, string>,
      header,
      body: request.body,
    },
  )
  record(answer.status)
  const after = struck.find(({ does }) => AFTER.has(does))
  if (after) return misbehave(after, path, reply, answer)
  reply.code(answer.status)
  if (answer.bytes) reply.type('application/octet-stream')
  const { body = answer.bytes } = answer
  await (body === undefined ? reply.send() : reply.send(body))
}

const BEFORE: ReadonlySet<string> = new Set(['refuse', 'hang', 'status'])
const AFTER: ReadonlySet<string> = new Set(['dropAnswer', 'cutAnswer', 'statusAfter', 'hangAfter'])

/** Faults that leave the answer alone, and change what it is an answer to. */
async function prepare(world: World, operation: string, { does, delayMs = 0 }: Fault, request: FastifyRequest): Promise<void> {
  if (does === 'delay') await new Promise<void>((resolve) => world.clock.at(world.clock.now() + delayMs, resolve))
  else if (does === 'expireLease') expireLeases(world, request)
  else if (does === 'expireTracking') for (const vm of world.vms.values()) vm.tracking.expired = true
  else if (does === 'proxyOff') losePowerOfProxies(world)
  else if (does === 'appearLate') appearLate(world)
  else if (does === 'failTask' || does === 'stickTask') world.taskFaults.push({ operation, kind: does })
}

function losePowerOfProxies(world: World): void {
  for (const vm of world.vms.values()) if (vm.osName === 'Backup Proxy') losePower(world, vm)
}

const LATE_MS = 60_000
const LATE_FOR_MS = 300_000

function appearLate({ behaviour, clock }: World): void {
  const usualMs = behaviour.visibleAfterMs
  if (usualMs >= LATE_MS) return
  behaviour.visibleAfterMs = LATE_MS
  clock.at(clock.now() + LATE_FOR_MS, () => {
    behaviour.visibleAfterMs = usualMs
  })
}

/** Those that the call is about: by lease, by VM, or by the VMs whose disks it hot-adds. */
function expireLeases(world: World, { params, body }: FastifyRequest): void {
  const { server_id: serverId = '', resource_id: leaseId } = params as Record<string, string | undefined>
  const { disks = [] } = (body ?? {}) as { disks?: readonly { readonly source_server_id?: string }[] }
  const serverIds = [serverId, ...disks.map((disk) => disk.source_server_id ?? '')]
  const named = [...world.leases.values()].filter((lease) => lease.id === leaseId)
  for (const lease of [...named, ...serverIds.flatMap((id) => leasesOn(world, id))]) endLease(world, lease, 'expired')
}

/** Instead of an answer, or instead of the true one. */
function misbehave({ does, status = 503 }: Fault, path: string, reply: FastifyReply, answer?: Answer): void {
  const socket = reply.raw.socket as Socket
  if (does === 'status' || does === 'statusAfter') {
    void reply.code(status).send(refusalOf(path, new Refusal(status, 'A fault was scripted.')))
    return
  }
  reply.hijack()
  if (does === 'hang' || does === 'hangAfter') return
  if (does !== 'cutAnswer') {
    socket.destroy()
    return
  }
  const whole = answer?.bytes ?? Buffer.from(JSON.stringify(answer?.body ?? {}))
  const type = answer?.bytes ? 'application/octet-stream' : 'application/json'
  reply.raw.writeHead(answer?.status ?? 200, { 'content-type': type, 'content-length': whole.length })
  reply.raw.write(whole.subarray(0, Math.ceil(whole.length / 2)), () => socket.destroy())
}
