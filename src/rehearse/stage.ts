// What one rehearsal plays on: stand-ins for every target, one clock, one wire, a journal, and engines that come and go.
import { onNetwork } from '../blocks/index.ts'
import { createEngine, type StartRequest } from '../engine/index.ts'
import { createHttp, type Http, operationHandlers } from '../http/index.ts'
import { createMemoryJournal, type Journal } from '../journal/index.ts'
import type { Clock, Connection, Handlers } from '../packs/index.ts'
import type { Platform, StandIn } from '../platforms/index.ts'
import { type JsonObject, Secret } from '../values/index.ts'
import { createRehearsalClock, LOOKS_EVERY_MS, type RehearsalClock, STARTS_AT_MS } from './clock.ts'
import { createDiskWire, type DiskWire } from './disk-wire.ts'
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
  readonly disks: DiskWire
  readonly standIns: readonly StandIn[]
  readonly journal: Journal
  readonly http: Http
  readonly connections: ReadonlyMap<string, Connection>
  /** What a loss of power ends; replaced with each run. */
  readonly power: { cut: () => void }
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
  const disks = createDiskWire(clock)
  const power = { cut: () => {} }
  const types = [...new Set(scenes.flatMap(({ targets }) => Object.values(targets)))]
  for (const platform of platforms) {
    if (!platform.standIn || !types.some((type) => type.startsWith(`${platform.pack}/`))) continue
    const start = await platform.standIn()
    standIns.push(
      opened.use(await onNetwork(disks.far, () => start({ seed, startAtMs: STARTS_AT_MS, cutPower: () => power.cut() }))),
    )
  }
  const missing = types.filter((type) => !standIns.some(({ connection }) => connection === type))
  if (missing.length > 0) throw new NobodyStandsIn(missing)
  const wire = createWire(standIns, clock)
  const connections = standIns.map(({ connection, settings }) => ({ target: connection, type: connection, settings }))
  return {
    clock,
    wire,
    disks,
    standIns,
    journal: createMemoryJournal(),
    http: opened.use(createHttp({ clock, network: wire })),
    connections: new Map(connections.map((connection) => [connection.type, connection])),
    power,
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
  const bodies = platforms.find((platform) => platform.bodies)?.bodies
  const death = new AbortController()
  const engine = createEngine({
    journal,
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins, bodies), ...staged(own, stage, death.signal) }),
    connection: (target) => {
      const found = connections.get(target)
      if (!found) throw new Error(`nothing stands in for ${target}`)
      return found
    },
    clock: { now: () => clock.now() + clockSetByMs, sleep: clock.sleep },
    secret: async () => new Secret('rehearsed'),
    newRunId: () => runId,
    owner: 'rehearsal',
    hearEveryMs: LOOKS_EVERY_MS,
  })
  return { engine, forget: () => death.abort() }
}

/** Handlers that find the disks of this stage, and while whose work time stands still, but not while they wait. */
function staged(handlers: Handlers, { clock, disks }: Stage, dead: AbortSignal): Handlers {
  const wrap =
    (handler: Handlers[string]): Handlers[string] =>
    async (input, context) => {
      const work = workOn(clock)
      dead.addEventListener('abort', work.end)
      const sleep: Clock['sleep'] = async (durationMs, signal) => {
        const resume = work.pause()
        try {
          await clock.sleep(durationMs, signal)
        } finally {
          resume()
        }
      }
      try {
        const network = disks.near({ pause: work.pause, dead })
        return await onNetwork(network, () => handler(input, { ...context, clock: { now: context.clock.now, sleep } }))
      } finally {
        dead.removeEventListener('abort', work.end)
        work.end()
      }
    }
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, wrap(handler)]))
}

/** A piece of work that keeps time from passing, unless something of it waits. */
function workOn(clock: RehearsalClock) {
  let done = clock.busy()
  let pauses = 0
  let ended = false
  return {
    pause: (): (() => void) => {
      pauses += 1
      if (pauses === 1) done()
      let over = false
      return () => {
        if (over) return
        over = true
        pauses -= 1
        if (pauses === 0 && !ended) done = clock.busy()
      }
    },
    end: (): void => {
      ended = true
      done()
    },
  }
}
