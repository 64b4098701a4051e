// Drives the kernel over what is known: every call answers at once with what its action promises or was read to answer, every
// decision that only a run can take is taken each way. The kernel is the one that runs use, so a plan cannot disagree with a run. [P10]
import {
  actionNamed,
  apply,
  type CallCommand,
  type Command,
  createState,
  type EvaluateCommand,
  type Event,
  forkState,
  type Report,
} from '../kernel/index.ts'
import { openOutput } from '../packs/index.ts'
import { isObject, unknown } from '../values/index.ts'
import { RUN_MARK } from './dependence.ts'
import { evaluate } from './evaluate.ts'
import { alone, failedBy, failureToTake, isCaught, offerWaysRound, reachOf } from './failing.ts'
import type { Told } from './knowledge.ts'
import type { Decisions, EventBody, Exploration, Pass, Walk } from './walk.ts'

/** Passes that a plan makes at most; beyond, it says that it is not complete. */
const MOST_PASSES = 64

/** Makes passes until every way that came up was taken once. False when there are more than a plan looks into. */
export async function explore(exploration: Exploration): Promise<boolean> {
  const { inputs, targets } = exploration
  const queue: Decisions[] = [{}]
  const asked = new Set<string>()
  const atPaths = new Map<string, Map<string, readonly Decisions[]>>()
  const make = async (taken: Decisions, aloneIn?: readonly string[]): Promise<void> => {
    const offer = (question: string, ways: readonly string[]): void => {
      if (asked.has(question)) return
      asked.add(question)
      for (const way of ways) queue.push({ ...taken, [question]: way })
    }
    const offerAlone = (question: string, path: string, ways: readonly string[]): void => {
      const paths = atPaths.get(question) ?? new Map<string, readonly Decisions[]>()
      atPaths.set(question, paths)
      if (!paths.has(path) && taken[question] === undefined)
        paths.set(
          path,
          ways.map((way) => ({ ...taken, [alone(question, path)]: way })),
        )
    }
    const state = createState({ runId: RUN_MARK, startedAt: 0, inputs, targets })
    const pass: Pass = { guarded: new Set(), each: new Set(), chosen: new Set(), ...(aloneIn ? { aloneIn } : {}) }
    await walk({ ...exploration, state, taken, pass, offer, offerAlone })
  }
  for (let passes = 0; queue.length > 0; passes += 1) {
    if (passes === MOST_PASSES) return false
    await make(queue.shift() ?? {})
  }
  // Where every item fails, the catch of one does not show what the others hold. Beyond so many items it is left at that.
  for (const { taken, aloneIn } of [...atPaths.values()].flatMap(alonePasses).slice(0, MOST_PASSES)) await make(taken, aloneIn)
  return true
}

interface AlonePass {
  readonly taken: Decisions
  readonly aloneIn: readonly string[]
}

function alonePasses(paths: ReadonlyMap<string, readonly Decisions[]>): readonly AlonePass[] {
  if (paths.size < 2) return []
  return [...paths].flatMap(([path, ways]) => {
    const others = [...paths.keys()].filter((other) => other !== path)
    const aloneIn = around(path).filter((scope) => !others.some((other) => other.startsWith(`${scope}/`)))
    return aloneIn.length === 0 ? [] : ways.map((taken) => ({ taken, aloneIn }))
  })
}

/** Paths of what is around a step. */
const around = (path: string): readonly string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index)).toReversed()

async function walk(on: Walk): Promise<void> {
  const pending: (EventBody | Promise<EventBody | undefined>)[] = [{ kind: 'started' }]
  const failing: Failing[] = []
  while (pending.length > 0 || failing.length > 0) {
    const late = pending.length === 0 ? failing.pop()?.event : undefined
    const next = late ?? (await pending.shift())
    const failed = next && !late ? failedBy(on, next) : undefined
    if (!next) continue
    if (failed !== undefined) {
      if (next.kind === 'evaluated') offerWaysRound(on, failed)
      failing.push({ event: next, reach: reachOf(on, failed) })
      failing.sort((a, b) => a.reach - b.reach)
      continue
    }
    for (const command of apply(on.program, on.state, { ...next, at: 0 } as Event)) {
      on.witness.command(command, on.state, on.pass)
      const event = command.kind === 'evaluate' ? await evaluate(on, command) : answer(on, command)
      if (event instanceof Promise) event.catch(() => {})
      if (event) pending.push(event)
    }
  }
}

/** A step is about to fail. It waits, so that what it stops beside it is seen first: in a run, the other may be faster. */
interface Failing {
  readonly event: EventBody
  readonly reach: number
}

/** Reading takes time, and what may run at the same time is read at the same time. */
function answer(on: Walk, command: Exclude<Command, EvaluateCommand>): EventBody | Promise<EventBody | undefined> | undefined {
  switch (command.kind) {
    case 'call':
      return call(on, command)
    case 'lock':
      return { kind: 'lockGranted', lock: command.lock }
    case 'setTimer':
      return timer(on, command.timer, command.at)
    case 'report':
      return approval(command.report)
    case 'abort':
    case 'clearTimer':
    case 'unlock':
    case 'finish':
      return undefined
  }
}

/** No time passes in a plan: waits end at once. But a read that failed is tried again as late as in a run. */
function timer(on: Walk, name: string, at: number): EventBody | Promise<EventBody> | undefined {
  if (name.startsWith('wait:')) return { kind: 'timerFired', timer: name }
  if (!name.startsWith('retry:')) return undefined
  return on.knowledge.pause(at - on.state.now).then(() => ({ kind: 'timerFired', timer: name }))
}

/** Whoever is asked says yes: what comes of a refusal is what comes of any failure there. */
function approval(report: Report): EventBody | undefined {
  if (report.kind !== 'approval' || report.state !== 'asked') return undefined
  const { path, inputs } = report.approval
  const names = isObject(inputs?.properties) ? Object.keys(inputs.properties) : []
  const answers = Object.fromEntries(names.map((name) => [name, unknown(`${path}.inputs.${name}`)]))
  return { kind: 'approvalAnswered', approval: path, by: '‹who approves›', decision: { kind: 'granted', inputs: answers } }
}

// ---- calls ------------------------------------------------------------------------------------------------------

function call(on: Walk, command: CallCommand): EventBody | Promise<EventBody> {
  const boundMs = (on.state.timers[`timeout:${command.id}`]?.at ?? on.state.now) - on.state.now
  const told = command.purpose === 'step' ? on.knowledge.tell(on.program, command, boundMs) : undefined
  if (told) return told.then((answered) => (answered ? knownAnswer(on, command, answered) : openAnswer(on, command)))
  return openAnswer(on, command)
}

function openAnswer(on: Walk, command: CallCommand): EventBody {
  const action = actionNamed(on.program, command.action)
  const type = command.purpose === 'step' ? failureToTake(on, command) : undefined
  if (type !== undefined) {
    const message = action.failures[type]?.message ?? type
    return { kind: 'callFailed', call: command.id, failure: { type, message, retryable: false, applied: 'no' } }
  }
  return { kind: 'callSucceeded', call: command.id, output: openOutput(action, command.path) }
}

/** A failure that the kernel would ride out, or that a catch waits for, takes its course. Any other leaves the output unknown. */
function knownAnswer(on: Walk, command: CallCommand, told: Told): EventBody {
  if (told.kind === 'output') return { kind: 'callSucceeded', call: command.id, output: told.output }
  const { failure } = told
  const failed = { kind: 'callFailed', call: command.id, failure } as const
  const next = apply(on.program, forkState(on.state), { ...failed, at: on.state.now })
  const isRetried = next.some((each) => each.kind === 'setTimer' && each.timer === `retry:${command.path}`)
  if (isRetried || isCaught(on, command.path, failure.type)) return failed
  return { kind: 'callSucceeded', call: command.id, output: openOutput(actionNamed(on.program, command.action), command.path) }
}
