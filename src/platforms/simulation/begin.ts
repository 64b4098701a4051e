// How simulators of platforms with an HTTP API begin: what each makes of its options, and where it is reached.
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { createPlatformClock, type PlatformClock } from './clock.ts'
import { createFaults, type Faults, type ScriptedFault } from './faults.ts'
import type { SimulationOptions } from './platform.ts'

/** Simulators are for this host alone. */
export const HOST = '127.0.0.1'
/** Where nothing listens, by RFC 2606. */
const UNREACHABLE = 'http://simulator.invalid'

export interface Simulation<Behaviour, Fault extends ScriptedFault> {
  readonly seed: string
  /** The caller ends it. */
  readonly clock: PlatformClock
  readonly behaviour: Behaviour
  readonly faults: Faults<Fault>
}

/** `usual`: how the platform behaves where the options say nothing else. */
export function beginSimulation<Behaviour, Fault extends ScriptedFault>(
  options: SimulationOptions<Behaviour, Fault>,
  usual: Behaviour,
): Simulation<Behaviour, Fault> {
  const { seed = randomBytes(8).toString('hex'), startAt = Date.now(), rate = 1, behaviour } = options
  const faults = createFaults<Fault>()
  faults.add(...(options.faults ?? []))
  return { seed, clock: createPlatformClock(startAt, rate), behaviour: { ...usual, ...behaviour }, faults }
}

type Reached = Pick<SimulationOptions<unknown, ScriptedFault>, 'listens' | 'port'>

/** Answers the URL of the API. */
export async function openApi(app: FastifyInstance, { listens = true, port = 0 }: Reached): Promise<string> {
  return listens ? app.listen({ host: HOST, port }) : UNREACHABLE
}

/** Of the first service beside the API, or of the one so many further on: fixed where the API's is, for a target's configuration outlives the simulator. */
export const portBeside = ({ port }: Reached, number = 1): number => (port ? port + number : 0)
