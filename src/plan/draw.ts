// Writes down what the kernel does, as a tree of steps: what runs, what it takes and holds, what is let go where.
import {
  actionNamed,
  type BlockFrame,
  type CallCommand,
  type Command,
  type EvaluateCommand,
  enclosingSteps,
  type Obligation,
  type Program,
  type RunState,
  resourceNamed,
  stepAt,
  stepOfBlock,
} from '../kernel/index.ts'
import type { Step } from '../language/index.ts'
import { isObject, isUnknown, type Json, type JsonObject, unknown } from '../values/index.ts'
import type { Certainty, Hold, PlanStep } from './model.ts'
import { unwindAt } from './unwind.ts'
import type { Pass } from './walk.ts'

/** A step while the tree grows. */
export interface Draft extends Mutable<Omit<PlanStep, 'steps' | 'closes'>> {
  steps: Draft[]
  readonly closes: string[]
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export interface HoldDraft {
  readonly hold: Hold
  /** Steps that ran while it was held, below its owner. */
  readonly during: Set<string>
  /** What its release is given, and the step it is of. */
  releaseInput?: JsonObject
}

export interface Drawing {
  readonly program: Program
  readonly roots: Draft[]
  readonly drafts: Map<string, Draft>
  /** The document's step of each draft. */
  readonly steps: Map<string, Step>
  /** Items that a loop takes up at the same time. */
  readonly concurrency: Map<string, Json>
  readonly holds: Map<string, HoldDraft>
  readonly locks: Set<string>
  readonly closes: string[]
  /** Steps that ran in some pass, or may run: a condition that is known to be false leaves its step out. */
  readonly ran: Set<string>
  readonly ended: Set<string>
}

export const newDrawing = (program: Program): Drawing => ({
  program,
  roots: [],
  drafts: new Map(),
  steps: new Map(),
  concurrency: new Map(),
  holds: new Map(),
  locks: new Set(),
  closes: [],
  ran: new Set(),
  ended: new Set(),
})

export function draw(on: Drawing, command: Command, state: RunState, pass: Pass): void {
  if (pass.aloneIn) return drawUnwindIn(on, pass.aloneIn, command, state)
  if (command.kind === 'lock') return drawLock(on, command.lock, command.name)
  if (command.kind === 'call' && command.purpose === 'release') return drawRelease(on, command, state)
  if (command.kind !== 'report') return
  const { report } = command
  if (report.kind === 'stepStarted') drawStep(on, report, state, pass)
  else if (report.kind === 'obligation') drawHold(on, report.obligation)
  else if (report.kind === 'stepEnded') {
    const draft = on.drafts.get(report.path)
    if (pass.guarded.has(report.path)) drawDoubt(on, draft, report.path)
    // The first pass is the one in which all goes well.
    if (draft && report.outcome === 'succeeded' && !on.ended.has(report.path)) {
      on.ended.add(report.path)
      draft.unwind = unwindAt(on.program, state)
    }
  }
}

/** All but what the others hold was drawn before. */
function drawUnwindIn(on: Drawing, scopes: readonly string[], command: Command, state: RunState): void {
  if (command.kind !== 'report' || command.report.kind !== 'stepEnded' || command.report.outcome !== 'succeeded') return
  const { path } = command.report
  const draft = scopes.some((scope) => path.startsWith(`${scope}!catch/`)) ? on.drafts.get(path) : undefined
  if (draft) draft.unwind = unwindAt(on.program, state)
}

interface Started {
  readonly path: string
  readonly runbook?: string
}

function drawStep(on: Drawing, { path, runbook }: Started, state: RunState, pass: Pass): void {
  for (const { id, state: at, owner } of Object.values(state.obligations)) {
    const isHeld = at === 'held' || at === 'releasing'
    if (isHeld && id !== path && isWithin(path, owner)) on.holds.get(id)?.during.add(path)
  }
  if (on.drafts.has(path)) return
  const step = stepAt(on.program, state, path)
  if (!step) return
  const [parent] = enclosingSteps(state, path)
  const draft: Draft = {
    path,
    id: step.id,
    verb: step.kind,
    certainty: certaintyOf(path, parent, pass),
    ...caseOf(on, parent, state.blocks[state.steps[path]?.block ?? '']),
    ...(runbook === undefined ? {} : { runbook }),
    requests: [],
    affects: [],
    unwind: [],
    closes: [],
    steps: [],
  }
  on.drafts.set(path, draft)
  on.steps.set(path, step)
  const siblings = parent === undefined ? on.roots : on.drafts.get(parent)?.steps
  siblings?.push(draft)
  if (step.kind === 'scope' && step.maxMs !== undefined) draft.timeoutMs = step.maxMs
}

const caseOf = (on: Drawing, parent: string | undefined, block: BlockFrame | undefined): { readonly case?: string } =>
  block && parent !== undefined && on.steps.get(parent)?.kind === 'switch' ? { case: block.variant } : {}

/** What the run itself owns is held during every step. */
const isWithin = (path: string, owner: string): boolean => owner === 'run' || path.startsWith(`${owner}/`)

function certaintyOf(path: string, parent: string | undefined, pass: Pass): Certainty {
  if (parent !== undefined && path.startsWith(`${parent}!catch/`)) return 'onFailure'
  if (parent !== undefined && pass.each.has(parent)) return 'each'
  return parent !== undefined && pass.chosen.has(parent) ? 'may' : 'will'
}

function drawDoubt(on: Drawing, draft: Draft | undefined, path: string): void {
  on.ran.add(path)
  if (draft?.certainty === 'will') draft.certainty = 'may'
}

/** `values` are in the runbook's words. */
export function drawValues(on: Drawing, { id, path, inputOf }: EvaluateCommand, values: JsonObject, pass: Pass): void {
  if (pass.aloneIn) return
  const draft = on.drafts.get(path)
  const step = on.steps.get(path)
  if (!draft || !step || id !== `${path}?start`) return
  on.ran.add(path)
  if (pass.guarded.has(path)) drawDoubt(on, draft, path)
  if (values.concurrency !== undefined) on.concurrency.set(path, values.concurrency)
  if (step.kind === 'approve') {
    const { prompt = '', by } = values
    const { timeoutMs } = step
    draft.approval = { prompt, ...(by === undefined ? {} : { by }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
  }
  if (inputOf === undefined || step.kind !== 'uses') {
    const shown = values.in ?? values.on ?? values.value ?? values.message ?? values.with
    if (shown !== undefined) draft.input = inEveryPass(draft.input, shown)
    return
  }
  const { name, title, effect, timeoutMs } = actionNamed(on.program, inputOf)
  Object.assign(draft, { action: name, title, effect, timeoutMs: step.timeoutMs ?? timeoutMs })
  draft.input = inEveryPass(draft.input, values.with ?? {})
}

/** What two passes disagree about depends on what only a run can tell, even where each of them knows it. */
function inEveryPass(before: Json | undefined, now: Json, name = 'it'): Json {
  if (before === undefined || isUnknown(before) || JSON.stringify(before) === JSON.stringify(now)) return before ?? now
  if (isUnknown(now)) return now
  if (!isObject(before) || !isObject(now)) return unknown(`${name} as it is found`)
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  return Object.fromEntries([...names].map((each) => [each, inEveryPass(before[each] ?? null, now[each] ?? null, each)]))
}

function drawLock({ drafts, locks }: Drawing, id: string, name: string): void {
  locks.add(name)
  const draft = drafts.get(id.slice(0, id.lastIndexOf('!')))
  if (draft) draft.lock = name
}

function drawHold({ drafts, holds, program }: Drawing, obligation: Obligation): void {
  const draft = drafts.get(obligation.id)
  if (!draft || holds.has(obligation.id)) return
  const { title, release, identity, critical, maxHoldMs, lease, deadman } = resourceNamed(program, obligation.type)
  const given = isObject(draft.input) ? draft.input : {}
  const hold: Hold = {
    path: obligation.id,
    type: obligation.type,
    title,
    identity: Object.fromEntries(identity.map((name) => [name, given[name] ?? null])),
    owner: obligation.owner,
    release: release.action,
    keptOnSuccess: obligation.keepOnSuccess,
    critical,
    ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
    ...(lease === undefined ? {} : { leaseEveryMs: lease.everyMs, leaseLifetimeMs: lease.lifetimeMs }),
    ...(deadman === undefined ? {} : { deadman: deadman.by }),
    ...(deadman?.by === 'timeout' ? { deadmanAfterMs: deadman.afterMs } : {}),
    releases: [],
    renews: [],
    window: { during: [] },
  }
  holds.set(obligation.id, { hold, during: new Set() })
  draft.acquires = hold
}

function drawRelease({ drafts, holds, closes }: Drawing, { path, input }: CallCommand, state: RunState): void {
  const held = holds.get(path)
  if (held) held.releaseInput ??= wordedFor(drafts.get(path), input)
  const by = Object.values(state.steps).find(
    (step) => step.kind === 'plain' && step.phase === 'releasing' && step.uses.includes(path),
  )
  const owner = by?.path ?? stepOfBlock(state, state.obligations[path]?.owner ?? '')
  const list = owner === undefined ? closes : drafts.get(owner)?.closes
  if (list && !list.includes(path)) list.push(path)
}

/** What a call about a held resource is given: as the acquiring step was given it, else out of what that step answers. */
export function wordedFor(draft: Draft | undefined, input: JsonObject): JsonObject {
  const given = isObject(draft?.input) ? draft.input : {}
  const worded = Object.entries(input).map(([name, value]): [string, Json] => [
    name,
    isUnknown(value) ? (given[name] ?? unknown(`steps.${draft?.id}.${name}`)) : value,
  ])
  return Object.fromEntries(worded)
}
