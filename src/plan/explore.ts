// Drives the kernel over unknowns: every call answers at once with what its action promises, every decision that only a run
// can take is taken each way. The kernel is the one that runs use, so a plan cannot disagree with a run. [P10]
import {
  actionNamed,
  apply,
  type CallCommand,
  type Command,
  createState,
  type EvaluateCommand,
  type Event,
  enclosingSteps,
  type Program,
  type RunState,
  stepAt,
} from '../kernel/index.ts'
import { conform, evaluateOpen } from '../language/index.ts'
import { openOutput } from '../packs/index.ts'
import { holdsUnknown, isObject, isUnknown, type Json, type JsonObject, unknown } from '../values/index.ts'

/** Stands for the run's id in names that contain it. */
export const RUN_MARK = '‹run›'

/** Passes that a plan makes at most; beyond, it says that it is not complete. */
const MOST_PASSES = 64

/** What one pass made of the decisions that only a run can take. */
export interface Pass {
  /** Steps whose condition is unknown. */
  readonly guarded: Set<string>
  /** Loops over a list that is unknown. */
  readonly each: Set<string>
  /** Switches over a value that is unknown. */
  readonly chosen: Set<string>
}

export interface Witness {
  /** Each command, in order, with the state as it then is. */
  command(command: Command, state: RunState, pass: Pass): void
  /** The values that a step starts from, as far as they can be known. */
  evaluated(command: EvaluateCommand, values: JsonObject): void
}

/** By question (a switch, or a call that a catch waits for), the way to take. */
type Decisions = Readonly<Record<string, string>>
type EventBody = Event extends infer E ? (E extends Event ? Omit<E, 'at'> : never) : never

interface Walk {
  readonly program: Program
  readonly state: RunState
  readonly taken: Decisions
  readonly pass: Pass
  readonly witness: Witness
  /** Leaves the other ways to later passes. */
  readonly offer: (question: string, ways: readonly string[]) => void
}

/** Makes passes until every way that came up was taken once. False when there are more than a plan looks into. */
export async function explore(program: Program, inputs: JsonObject, targets: JsonObject, witness: Witness): Promise<boolean> {
  const queue: Decisions[] = [{}]
  const asked = new Set<string>()
  for (let passes = 0; queue.length > 0; passes += 1) {
    if (passes === MOST_PASSES) return false
    const taken = queue.shift() ?? {}
    const offer = (question: string, ways: readonly string[]): void => {
      if (asked.has(question)) return
      asked.add(question)
      for (const way of ways) queue.push({ ...taken, [question]: way })
    }
    const state = createState({ runId: RUN_MARK, startedAt: 0, inputs, targets })
    const pass: Pass = { guarded: new Set(), each: new Set(), chosen: new Set() }
    await walk({ program, state, taken, pass, witness, offer })
  }
  return true
}

async function walk(on: Walk): Promise<void> {
  const pending: EventBody[] = [{ kind: 'started' }]
  for (let next = pending.shift(); next; next = pending.shift()) {
    for (const command of apply(on.program, on.state, { ...next, at: 0 } as Event)) {
      on.witness.command(command, on.state, on.pass)
      const event = await answer(on, command)
      if (event) pending.push(event)
    }
  }
}

async function answer(on: Walk, command: Command): Promise<EventBody | undefined> {
  switch (command.kind) {
    case 'evaluate':
      return evaluate(on, command)
    case 'call':
      return call(on, command)
    case 'lock':
      return { kind: 'lockGranted', lock: command.lock }
    case 'setTimer':
      // No time passes in a plan, but for waits, which end at once.
      return command.timer.startsWith('wait:') ? { kind: 'timerFired', timer: command.timer } : undefined
    case 'abort':
    case 'clearTimer':
    case 'unlock':
    case 'report':
    case 'finish':
      return undefined
  }
}

// ---- evaluations ------------------------------------------------------------------------------------------------

async function evaluate(on: Walk, command: EvaluateCommand): Promise<EventBody> {
  const { id, path, guard, templates, roots, inputOf } = command
  if (guard) {
    const condition = await evaluateOpen(guard, roots)
    if (condition !== true && !isUnknown(condition)) return { kind: 'guardedOff', id }
    if (condition !== true) on.pass.guarded.add(path)
    // A `fail` that only may happen would hide all that comes after it.
    if (condition !== true && stepAt(on.program, on.state, path)?.kind === 'fail') return { kind: 'guardedOff', id }
  }
  const values: Record<string, Json> = {}
  for (const { name, template } of templates) {
    const value = await evaluateOpen(template, roots)
    if (value !== undefined) values[name] = isUnknown(value) ? decide(on, command, name, value.$unknown) : value
  }
  if (inputOf !== undefined && isObject(values.with) && !holdsUnknown(values.with)) {
    values.with = conform(actionNamed(on.program, inputOf).input, values.with).value
  }
  on.witness.evaluated(command, values)
  return { kind: 'evaluated', id, values }
}

/** A stand-in for what the kernel must know to go on. A yield's or an input's value may stay unknown. */
function decide(on: Walk, { id, path }: EvaluateCommand, name: string, source: string): Json {
  const step = id === `${path}?start` ? stepAt(on.program, on.state, path) : undefined
  // An item that stands for all is `vms[*]`, and so is what comes from it; items that are known to differ need keys that do.
  if (id === `${path}?key0` && (on.pass.each.has(path) || source.includes('[*]'))) return '*'
  if (id.startsWith(`${path}?key`)) return `‹${source}›`
  if (id === `${path}?lock`) return `‹${source}›`
  if (step?.kind === 'foreach' && name === 'in') {
    on.pass.each.add(path)
    return [unknown(`each of ${source}`)]
  }
  if (step?.kind === 'foreach' && name === 'concurrency') return 1
  if (step?.kind === 'switch')
    return choose(on, path, [...step.cases.map((each) => each.value), ...(step.else ? [`‹${source}›`] : [])])
  if (step?.kind === 'wait') return step.mode === 'for' ? '1s' : '1970-01-01T00:00:00Z'
  if (step?.kind === 'scope' || step?.kind === 'fail') return name === 'onDirtyClose' ? 'fail' : `‹${source}›`
  return unknown(source)
}

function choose(on: Walk, question: string, ways: readonly string[]): string {
  on.pass.chosen.add(question)
  on.offer(question, ways.slice(1))
  return on.taken[question] ?? ways[0] ?? ''
}

// ---- calls ------------------------------------------------------------------------------------------------------

function call(on: Walk, command: CallCommand): EventBody {
  const action = actionNamed(on.program, command.action)
  const type = command.purpose === 'step' ? failureToTake(on, command) : undefined
  if (type !== undefined) {
    const message = action.failures[type]?.message ?? type
    return { kind: 'callFailed', call: command.id, failure: { type, message, retryable: false, applied: 'no' } }
  }
  return { kind: 'callSucceeded', call: command.id, output: openOutput(action, command.path) }
}

/** A call fails in one pass for each of its failures that a catch around it waits for. */
function failureToTake(on: Walk, { path, action }: CallCommand): string | undefined {
  const { failures } = actionNamed(on.program, action)
  const caught = enclosingSteps(on.state, path).flatMap((around) => {
    const step = stepAt(on.program, on.state, around)
    return step?.kind === 'scope' && step.catch && !path.startsWith(`${around}!catch`) ? (step.catch.on ?? ['failed']) : []
  })
  const ways = caught.filter((type) => type === 'failed' || failures[type] !== undefined)
  const question = `${path} fails`
  if (ways.length > 0) on.offer(question, ways)
  return on.taken[question]
}
