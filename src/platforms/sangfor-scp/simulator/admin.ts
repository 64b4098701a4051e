// The back door for people who try things out: faults, time, guests, state. Nothing the real platform has.
import type { FastifyInstance } from 'fastify'
import type { JsonSchema } from '../../../values/index.ts'
import { addFaultRoutes, type Faults, wrongWith } from '../../simulation/index.ts'
import { type Fault, faultsSchema } from './faults.ts'
import type { Guest } from './guest.ts'
import type { World } from './model.ts'
import type { CallRecord } from './server.ts'
import { describeState, leaksOf } from './state.ts'

export interface AdminParts {
  readonly world: World
  readonly faults: Faults<Fault>
  readonly calls: readonly CallRecord[]
  readonly violations: readonly string[]
  readonly guests: ReadonlyMap<string, Guest>
}

const clockSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { rate: { type: 'number', minimum: 0 }, advanceMs: { type: 'number', minimum: 0 } },
}

const writeSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { count: { type: 'integer', minimum: 1, maximum: 10_000, default: 1 } },
}

export function addAdminRoutes(app: FastifyInstance, { world, faults, calls, violations, guests }: AdminParts): void {
  app.get('/__admin/state', async () => ({ ...describeState(world), leaks: leaksOf(world), violations, calls }))
  addFaultRoutes(app, faults, faultsSchema)

  app.post('/__admin/clock', async ({ body }, reply) => {
    const wrong = wrongWith(clockSchema, body)
    if (wrong !== undefined) return reply.code(400).send({ message: wrong })
    const { rate, advanceMs } = body as { rate?: number; advanceMs?: number }
    if (rate !== undefined) world.clock.setRate(rate)
    if (advanceMs !== undefined) world.clock.advance(advanceMs)
    return { now: new Date(world.clock.now()).toISOString(), rate: world.clock.rate }
  })

  app.post('/__admin/guests/:serverId/write', async ({ params, body }, reply) => {
    const guest = guests.get((params as { serverId: string }).serverId)
    if (!guest) return reply.code(404).send({ message: 'There is no such guest.' })
    const wrong = wrongWith(writeSchema, body ?? {})
    if (wrong !== undefined) return reply.code(400).send({ message: wrong })
    return { written: guest.write((body as { count?: number } | undefined)?.count ?? 1) }
  })
}
