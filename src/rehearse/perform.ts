// One rehearsal: the true engine and the true actions on a fresh far side, with these faults. The far side's own state is the judge.
import { createEngine, type Engine, type StartRequest } from '../engine/index.ts'
import { createHttp, type Http, operationHandlers } from '../http/index.ts'
import { createMemoryJournal, type Journal } from '../journal/index.ts'
import type { Outcome } from '../kernel/index.ts'
import type { Connection, Handlers } from '../packs/index.ts'
import type { Platform, StandIn } from '../platforms/index.ts'
import type { JsonObject } from '../values/index.ts'
import { createRehearsalClock, type RehearsalClock } from './clock.ts'
import type { Fault, Rehearsal } from './model.ts'
import { mortal, type Records } from './mortal-journal.ts'
import { createWire, type Wire } from './wire.ts'

/** A runbook that can be started, and the connection type of each of its targets. */
export interface Scene {
  readonly start: Omit<StartRequest, 'inputs' | 'targets'>
  readonly targets: Readonly<Record<string, string>>
  /** Inputs by what is there to be worked on; throws where some cannot be had. */
  readonly inputs: (known: JsonObject) => JsonObject
}

export interface Troupe {
  readonly platforms: readonly Platform[]
  readonly seed: string
  /** Run to success, without faults, before the rehearsed one; what they output is known to those that follow. */
  readonly before: readonly Scene[]
  readonly scene: Scene
}

/** Virtual time in which what the platform still does by itself has come to its end; less than any lease lives. */
const SETTLE_MS = 60_000
const STARTS_AT_MS = Date.UTC(2026, 0, 1)
/** Crashes beyond this are no rehearsal of anything. */
const MOST_RESUMES = 20

/** Everything around one run. */
interface Stage {
  readonly clock: RehearsalClock
  readonly wire: Wire
  readonly standIns: readonly StandIn[]
  readonly journal: Journal
  readonly http: Http
  readonly connections: ReadonlyMap<string, Connection>
  readonly platforms: readonly Platform[]
}

export async function rehearseOnce(
  troupe: Troupe,
  number: number,
  faults: readonly Fault[],
): Promise<Rehearsal & { readonly standIns: readonly StandIn[] }> {
  await using opened = new AsyncDisposableStack()
  const stage = await openStage(troupe, opened)
  let known: JsonObject = Object.assign({}, ...stage.standIns.map((standIn) => standIn.known))
  for (const scene of troupe.before) {
    const outcome = await perform(stage, scene, scene.inputs(known), [], `before-${scene.start.runbook.name}`)
    if (outcome.status !== 'succeeded') throw new Error(`${scene.start.runbook.name}: ${outcome.failure ?? outcome.status}`)
    known = { ...known, ...outcome.outputs }
  }
  const started = await perform(stage, troupe.scene, troupe.scene.inputs(known), faults, `rehearsal-${number}`)
  return { number, faults, ...started, standIns: stage.standIns }
}

async function openStage({ platforms, seed, scene, before }: Troupe, opened: AsyncDisposableStack): Promise<Stage> {
  const standIns: StandIn[] = []
  const clock = createRehearsalClock(STARTS_AT_MS, () => standIns.flatMap(({ time }) => (time ? [time] : [])))
  opened.defer(() => clock.end())
  const types = new Set([scene, ...before].flatMap(({ targets }) => Object.values(targets)))
  for (const platform of platforms) {
    if (!platform.standIn || ![...types].some((type) => type.startsWith(`${platform.pack}/`))) continue
    const start = await platform.standIn()
    standIns.push(opened.use(await start({ seed, startAtMs: STARTS_AT_MS })))
  }
  const missing = [...types].filter((type) => !standIns.some(({ connection }) => connection === type))
  if (missing.length > 0) throw new NobodyStandsIn(missing)
  const wire = createWire(standIns, clock)
  return {
    clock,
    wire,
    standIns,
    journal: createMemoryJournal(),
    http: opened.use(createHttp({ clock, network: wire })),
    connections: new Map(
      standIns.map(({ connection, settings }) => [connection, { target: connection, type: connection, settings }]),
    ),
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

async function perform(stage: Stage, scene: Scene, inputs: JsonObject, faults: readonly Fault[], runId: string) {
  const { clock, standIns, wire } = stage
  arm(stage, faults)
  const startedMs = clock.passedMs
  const asked = countsOf(standIns)
  let cancel = (): void => {}
  const records: Records = {
    count: 0,
    before: (record) => faults.some((fault) => fault.kind === 'crash' && fault.moment === 'before' && fault.record === record),
    after: (record) => {
      for (const fault of faults) {
        if (fault.kind === 'cancel' && fault.record === record) cancel()
        if (fault.kind === 'clockJump' && fault.record === record) clock.jump(fault.byMs)
      }
      return faults.some((fault) => fault.kind === 'crash' && fault.moment === 'after' && fault.record === record)
    },
  }
  const journal = stage.journal
  let resumed = 0
  let outcome: Outcome | undefined
  for (let first = true; outcome === undefined && resumed <= MOST_RESUMES; first = false) {
    const life = openEngine(stage, mortal(journal, records), runId)
    const ended = (async () => {
      const known = first ? undefined : await journal.run(runId)
      if (!first) resumed += 1
      if (known && known.status !== 'running') return known.outcome
      const targets = Object.fromEntries(Object.entries(scene.targets))
      const run =
        known === undefined
          ? await life.engine.start({ ...scene.start, inputs, targets })
          : await life.engine.resume(runId, { takeOver: true })
      cancel = () => run.cancel('the rehearsal cancels here')
      return run.ended
    })()
    outcome = await Promise.race([ended, life.died.then(() => undefined), clock.stuck.then(() => STUCK)])
    life.forget()
    if (outcome !== undefined) await life.engine[Symbol.asyncDispose]()
    ended.catch(() => {})
  }
  wire.heal()
  for (const standIn of standIns) standIn.heal()
  const reaped = outcome === STUCK ? 0 : await reap(stage, runId)
  await clock.sleep(SETTLE_MS)
  const violations = await judge(stage, runId, outcome)
  return {
    status: outcome === undefined || outcome === STUCK ? ('stuck' as const) : outcome.status,
    ...(outcome?.failure === undefined ? {} : { failure: outcome.failure.message }),
    ...(outcome?.outputs === undefined ? {} : { outputs: outcome.outputs }),
    resumed,
    reaped,
    violations,
    tookMs: clock.passedMs - startedMs,
    records: records.count,
    calls: difference(countsOf(standIns), asked),
  }
}

/** Stands for a run that waits for what never comes. */
const STUCK: Outcome = { status: 'failed', owed: [] }

function arm({ wire, standIns }: Stage, faults: readonly Fault[]): void {
  for (const fault of faults) {
    if (fault.kind === 'wire') wire.strike(fault.operation, fault.does, fault.skip)
    if (fault.kind !== 'inside') continue
    for (const standIn of standIns)
      if (standIn.connection === fault.connection) standIn.strike(fault.operation, fault.does, fault.skip)
  }
}

interface Life {
  readonly engine: Engine
  readonly died: Promise<void>
  /** What its handlers still do holds up time no more. */
  forget(): void
}

function openEngine(stage: Stage, { journal, died }: { journal: Journal; died: Promise<void> }, runId: string): Life {
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
    clock,
    newRunId: () => runId,
    owner: 'rehearsal',
  })
  return {
    engine,
    died,
    forget: () => {
      for (const done of working) done()
    },
  }
}

/** Time stands still while a handler works, but not while it sleeps. */
function timed(handlers: Handlers, clock: RehearsalClock, working: Set<() => void>): Handlers {
  const wrapped = Object.entries(handlers).map(([name, handler]): [string, typeof handler] => [
    name,
    async (input, context) => {
      let done = clock.busy()
      working.add(() => done())
      const sleep: typeof clock.sleep = async (durationMs, signal) => {
        done()
        try {
          await clock.sleep(durationMs, signal)
        } finally {
          done = clock.busy()
        }
      }
      try {
        return await handler(input, { ...context, clock: { now: clock.now, sleep } })
      } finally {
        done()
      }
    },
  ])
  return Object.fromEntries(wrapped)
}

/** What the run still owes, settled in a world where nothing goes wrong any more. */
async function reap(stage: Stage, runId: string): Promise<number> {
  const owed = await stage.journal.obligations({ open: true, runId })
  if (owed.length === 0) return 0
  const { engine } = openEngine(stage, { journal: stage.journal, died: new Promise(() => {}) }, runId)
  await Promise.race([engine.reap(runId), stage.clock.stuck])
  await engine[Symbol.asyncDispose]()
  return owed.length
}

async function judge({ standIns, journal }: Stage, runId: string, outcome: Outcome | undefined): Promise<readonly string[]> {
  const leaks = (await Promise.all(standIns.map((standIn) => standIn.leaks()))).flat()
  const open = await journal.obligations({ open: true, runId })
  const made = outcome?.status === 'succeeded' ? [] : standIns.flatMap((standIn) => standIn.made())
  return [
    ...(outcome === undefined || outcome === STUCK ? ['the run never ends: it waits for what never comes'] : []),
    ...leaks.map((line) => `left behind: ${line}`),
    ...made.map((line) => `left behind by a run that did not succeed: ${line}`),
    ...open.map(({ obligation }) => `never settled: ${obligation.id} (${obligation.type}, ${obligation.state})`),
    ...(outcome?.status === 'failed' && outcome !== STUCK && !outcome.failure ? ['the run failed and does not say why'] : []),
  ]
}

const countsOf = (standIns: readonly StandIn[]): Readonly<Record<string, number>> =>
  Object.assign({}, ...standIns.map((standIn) => standIn.asked()))

const difference = (
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)]))
