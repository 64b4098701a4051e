// One rehearsal: the true engine and the true actions on a fresh far side, with these faults. The far side's own state is the judge.
import { JournalUnusable } from '../journal/index.ts'
import type { Obligation, Outcome } from '../kernel/index.ts'
import type { Platform, StandIn } from '../platforms/index.ts'
import type { JsonObject } from '../values/index.ts'
import { live } from './lives.ts'
import type { Fault, Rehearsal } from './model.ts'
import type { Records } from './mortal-journal.ts'
import { answerQuestions } from './people.ts'
import { openEngine, openStage, type Scene, type Stage } from './stage.ts'

export interface Troupe {
  readonly platforms: readonly Platform[]
  readonly seed: string
  /** Run to success, without faults, before the rehearsed one; what they output is known to those that follow. */
  readonly before: readonly Scene[]
  readonly scene: Scene
}

/** Time in which what the platform still does by itself has come to its end; less than any lease lives. */
const SETTLE_MS = 60_000

/** Without faults a run failed, or left something behind. */
export class PlainRunFailed extends Error {
  override readonly name = 'PlainRunFailed'
}

type Played = Omit<Rehearsal, 'number' | 'faults'>

/** The stand-ins are closed by then; what they counted can still be read. */
export async function rehearseOnce(
  { platforms, seed, before, scene }: Troupe,
  number: number,
  faults: readonly Fault[],
): Promise<Rehearsal & { readonly standIns: readonly StandIn[] }> {
  await using opened = new AsyncDisposableStack()
  const stage = await openStage(platforms, [...before, scene], seed, opened)
  let known = knownOn(stage)
  for (const [index, earlier] of before.entries()) {
    const { status, failure, outputs } = await play(stage, earlier, known, [], `before-${index}`)
    if (status !== 'succeeded') throw new PlainRunFailed(`${earlier.start.runbook.name}: ${failure ?? status}`)
    known = { ...known, ...outputs }
  }
  const played = await play(stage, scene, known, faults, `rehearsal-${number}`)
  return { number, faults, ...played, standIns: stage.standIns }
}

/** What runbooks with these targets can be given for inputs of these names. Throws `NobodyStandsIn`. */
export async function knownTo(platforms: readonly Platform[], scenes: readonly Scene[]): Promise<JsonObject> {
  await using opened = new AsyncDisposableStack()
  return knownOn(await openStage(platforms, scenes, 'known', opened))
}

const knownOn = ({ standIns }: Stage): JsonObject => Object.assign({}, ...standIns.map(({ known }) => known))

async function play(stage: Stage, scene: Scene, known: JsonObject, faults: readonly Fault[], runId: string): Promise<Played> {
  const { clock, standIns, wire, disks } = stage
  const startedMs = clock.passedMs
  const asked = countsOf(standIns)
  const passed = disks.passed()
  const there = madeBy(standIns)
  strike(stage, faults)
  const { outcome, resumed, records } = await perform(stage, scene, scene.inputs(known), faults, runId)
  wire.heal()
  disks.heal()
  for (const standIn of standIns) standIn.heal()
  const reaped = outcome === undefined ? 0 : await reap(stage, runId)
  // What passes while it is judged is not the run's.
  const tookMs = clock.passedMs - startedMs
  await clock.sleep(SETTLE_MS)
  return {
    status: outcome?.status ?? 'stuck',
    ...(outcome?.failure === undefined ? {} : { failure: outcome.failure.message }),
    ...(outcome?.outputs === undefined ? {} : { outputs: outcome.outputs }),
    resumed,
    reaped,
    violations: await judge(stage, runId, outcome, there),
    tookMs,
    records,
    calls: difference(countsOf(standIns), asked),
    disks: difference(disks.passed(), passed),
  }
}

export function strike({ wire, disks, standIns }: Stage, faults: readonly Fault[]): void {
  for (const fault of faults) {
    if (fault.kind === 'wire') wire.strike(fault.operation, fault.does, fault.skip)
    if (fault.kind === 'disks') disks.strike(fault)
    if (fault.kind !== 'inside') continue
    const { connection, operation, does, skip } = fault
    for (const standIn of standIns) if (standIn.connection === connection) standIn.strike(operation, does, skip)
  }
}

/** One engine after the other, until the run has ended; crashes and cancels strike at their records. */
export async function perform(stage: Stage, scene: Scene, inputs: JsonObject, faults: readonly Fault[], runId: string) {
  const { journal, clock, standIns } = stage
  const crashes = faults.flatMap((fault) => (fault.kind === 'crash' ? [fault] : []))
  const refusals = faults.flatMap((fault) => (fault.kind === 'journal' ? [fault] : []))
  let clockSetByMs = 0
  const dies = (moment: 'before' | 'after', record: number): boolean => {
    const crash = crashes.find((each) => each.moment === moment && each.record === record)
    clockSetByMs += crash?.clockSetByMs ?? 0
    return crash !== undefined
  }
  const records: Records = {
    count: 0,
    before: (record) => dies('before', record),
    refuses: (record) => {
      const refusal = refusals.find((each) => each.record === record)
      return refusal && new JournalUnusable('the journal', `cannot be written: ${refusal.does}`, 'It is mended by now.')
    },
    after: (record) => {
      if (faults.some((fault) => fault.kind === 'cancel' && fault.record === record)) lives.cancel('the rehearsal cancels here')
      return dies('after', record)
    },
  }
  const lives = live({
    journal,
    clock,
    runId,
    records,
    start: { ...scene.start, inputs, targets: scene.targets },
    restarted: async () => void (await Promise.all(standIns.map((standIn) => standIn.restarted?.()))),
    open: (mortal) => openEngine(stage, mortal, runId, clockSetByMs),
  })
  stage.power.cut = lives.kill
  const over = new AbortController()
  void answerQuestions(stage, runId, over.signal)
  const ended = await lives.ended
  over.abort('the run has ended')
  return { ...ended, records: records.count }
}

/** What the run still owes, settled in a world where nothing goes wrong any more. Answers how much that was. */
async function reap(stage: Stage, runId: string): Promise<number> {
  const owed = await stage.journal.obligations({ open: true, runId })
  if (owed.length === 0) return 0
  const { engine } = openEngine(stage, stage.journal, runId, 0)
  await Promise.race([engine.reap(runId), stage.clock.stuck])
  await engine[Symbol.asyncDispose]()
  return owed.length
}

async function judge(
  { standIns, journal }: Stage,
  runId: string,
  outcome: Outcome | undefined,
  there: readonly string[],
): Promise<readonly string[]> {
  const leaks = (await Promise.all(standIns.map((standIn) => standIn.leaks()))).flat()
  const open = await journal.obligations({ open: true, runId })
  const settled = await journal.obligations({ open: false, runId })
  const kept = settled.flatMap(({ obligation }) => (obligation.state === 'kept' ? namesIn(obligation) : []))
  // What a scope that closed well has handed over is no reason to blame what failed after it.
  const left = without(madeBy(standIns), there).filter((line) => !kept.some((name) => line.endsWith(` ${name}`)))
  const made = outcome?.status === 'succeeded' ? [] : left
  return [
    ...(outcome === undefined ? ['the run never ends: it waits for what never comes'] : []),
    ...leaks.map((line) => `left behind: ${line}`),
    ...made.map((line) => `left behind by a run that did not succeed: ${line}`),
    ...open.map(({ obligation }) => `never settled: ${obligation.id} (${obligation.type}, ${obligation.state})`),
    ...(outcome?.status === 'failed' && !outcome.failure ? ['the run failed and does not say why'] : []),
  ]
}

/** What it was called before it was there, and what the platform calls it. */
const namesIn = ({ identity, handle }: Obligation): readonly string[] =>
  [...Object.values(identity), ...Object.values(handle ?? {})].filter((value) => typeof value === 'string')

const madeBy = (standIns: readonly StandIn[]): readonly string[] => standIns.flatMap((standIn) => standIn.made())

/** What runs before made is there by right; a line for each, as often as it was told. */
function without(lines: readonly string[], there: readonly string[]): readonly string[] {
  const left = [...there]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

const countsOf = (standIns: readonly StandIn[]): Readonly<Record<string, number>> =>
  Object.assign({}, ...standIns.map((standIn) => standIn.asked()))

const difference = <Name extends string>(
  now: Readonly<Record<Name, number>>,
  before: Readonly<Partial<Record<Name, number>>>,
): Readonly<Record<Name, number>> =>
  Object.fromEntries(Object.entries<number>(now).map(([name, count]) => [name, count - (before[name as Name] ?? 0)])) as Readonly<
    Record<Name, number>
  >
