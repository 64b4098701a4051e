// What one rehearsal plays on: stand-ins for every target, one clock, one wire, a journal, and engines that come and go.
import { createEngine, type StartRequest } from '../engine/index.ts'
import { createHttp, type Http, operationHandlers } from '../http/index.ts'
import { createMemoryJournal, type Journal } from '../journal/index.ts'
import type { Clock, Connection, Handlers } from '../packs/index.ts'
import type { Platform, StandIn } from '../platforms/index.ts'
import { type JsonObject, Secret } from '../values/index.ts'
import { createRehearsalClock, type RehearsalClock, STARTS_AT_MS } from './clock.ts'
import type { Life } from './lives.ts'
import { createWire, type Wire } from './wire.ts'

/** A runbook that can be started, and the connection type of each of its targets. */
export interface Scene {
  readonly start: Omit<StartRequest, 'inputs' | 'targets'>
  readonly targets: Readonly<Record<string, string>>
  /** Inputs by what is there to be worked on; throws where some cannot be had. */
  readonly inputs: (known: JsonObject) => JsonObject
}

export interface Stage {
  readonly clock: RehearsalClock
  readonly wire: Wire
  readonly standIns: readonly StandIn[]
  readonly journal: Journal
  readonly http: Http
  readonly connections: ReadonlyMap<string, Connection>
  readonly platforms: readonly Platform[]
}

/** What is opened is handed to the stack. Throws `NobodyStandsIn`. */
export async function openStage(
  platforms: readonly Platform[],
  scenes: readonly Scene[],
  seed: string,
  opened: AsyncDisposableStack,
): Promise<Stage> {
  const standIns: StandIn[] = []
  const clock = createRehearsalClock(STARTS_AT_MS, () => standIns.flatMap(({ time }) => (time ? [time] : [])))
  opened.defer(() => clock.end())
  const types = [...new Set(scenes.flatMap(({ targets }) => Object.values(targets)))]
  for (const platform of platforms) {
    if (!platform.standIn || !types.some((type) => type.startsWith(`${platform.pack}/`))) continue
    const start = await platform.standIn()
    standIns.push(opened.use(await start({ seed, startAtMs: STARTS_AT_MS })))
  }
  const missing = types.filter((type) => !standIns.some(({ connection }) => connection === type))
  if (missing.length > 0) throw new NobodyStandsIn(missing)
  const wire = createWire(standIns, clock)
  const connections = standIns.map(({ connection, settings }) => ({ target: connection, type: connection, settings }))
  return {
    clock,
    wire,
    standIns,
    journal: createMemoryJournal(),
    http: opened.use(createHttp({ clock, network: wire })),
    connections: new Map(connections.map((connection) => [connection.type, connection])),
    platforms,
  }
}

/** No platform has a stand-in for these connection types. */
export class NobodyStandsIn extends Error {
  readonly connections: readonly string[]

  constructor(connections: readonly string[]) {
    super(`nothing can stand in for ${connections.join(', ')}`)
    this.name = 'NobodyStandsIn'
    this.connections = connections
  }
}

/** `clockSetByMs`: how wrong its host's clock is; negative is behind. */
export function openEngine(stage: Stage, journal: Journal, runId: string, clockSetByMs: number): Life {
  const { clock, http, connections, platforms } = stage
  const own: Handlers = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const working = new Set<() => void>()
  const engine = createEngine({
    journal,
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins), ...timed(own, clock, working) }),
    connection: (target) => {
      const found = connections.get(target)
      if (!found) throw new Error(`nothing stands in for ${target}`)
      return found
    },
    clock: { now: () => clock.now() + clockSetByMs, sleep: clock.sleep },
    secret: async () => new Secret('rehearsed'),
    newRunId: () => runId,
    owner: 'rehearsal',
  })
  const forget = (): void => {
    for (const done of working) done()
  }
  return { engine, forget }
}

/** Time stands still while a handler works, but not while it sleeps. */
function timed(handlers: Handlers, clock: RehearsalClock, working: Set<() => void>): Handlers {
  const wrap =
    (handler: Handlers[string]): Handlers[string] =>
    async (input, context) => {
      let done = clock.busy()
      const end = (): void => done()
      working.add(end)
      const sleep: Clock['sleep'] = async (durationMs, signal) => {
        done()
        try {
          await clock.sleep(durationMs, signal)
        } finally {
          done = clock.busy()
        }
      }
      try {
        return await handler(input, { ...context, clock: { now: context.clock.now, sleep } })
      } finally {
        end()
        working.delete(end)
      }
    }
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, wrap(handler)]))
}
