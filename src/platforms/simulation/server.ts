// What the HTTP servers of simulators share: the calls that they remember, and the back door through which people script faults.
import type { FastifyInstance } from 'fastify'
import { type JsonSchema, validator } from '../../values/index.ts'
import type { Faults, ScriptedFault } from './faults.ts'

/** A simulator for people may run for days. */
const CALLS_KEPT = 100_000

export function recordCall<Call>(calls: Call[], call: Call): void {
  calls.push(call)
  if (calls.length > CALLS_KEPT) calls.shift()
}

/** `/__admin/faults`: those that have not struck yet; more of them; none any more. */
export function addFaultRoutes<Fault extends ScriptedFault>(
  app: FastifyInstance,
  faults: Faults<Fault>,
  schema: JsonSchema,
): void {
  app.get('/__admin/faults', async () => faults.list())
  app.post('/__admin/faults', async ({ body }, reply) => {
    const wrong = wrongWith(schema, body)
    if (wrong !== undefined) return reply.code(400).send({ message: wrong })
    faults.add(...(body as Fault[]))
    return faults.list()
  })
  app.delete('/__admin/faults', async () => {
    faults.clear()
    return faults.list()
  })
}

/** What people are told of a body; nothing where it fits. */
export function wrongWith(schema: JsonSchema, body: unknown): string | undefined {
  const problems = validator(schema).problems(body)
  if (problems.length === 0) return undefined
  return problems.map(({ path, message }) => `${path.join('.') || 'the body'} ${message}`).join('; ')
}
