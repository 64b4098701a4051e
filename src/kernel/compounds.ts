// Steps made of blocks: scope, foreach, parallel, switch, runbook. How their bodies start, and what a body's end means for the step.
import type { ForeachStep, ParallelStep, RunbookStep, ScopeStep, SwitchStep } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../values/index.ts'
import { endingOf, enterBlock } from './blocks.ts'
import type { Path } from './model.ts'
import { ownCompound } from './own.ts'
import { calledBy, stepIn } from './program.ts'
import { type BlockFrame, blockFrame, type CompoundFrame, type LoopState } from './state.ts'
import { endStopped, failStep, lock, scopeLock, succeed } from './steps.ts'
import { evaluate, move, report, setTimer, type Turn } from './turn.ts'
import { failure, failureAsJson, rootsOf, textOf } from './visible.ts'

/** The values that the step starts from are known. */
export function enterCompound(turn: Turn, frame: CompoundFrame, values: JsonObject): void {
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block))
  if (step.kind === 'scope') enterScope(turn, frame, step, values)
  else if (step.kind === 'foreach') enterLoop(turn, frame, values)
  else if (step.kind === 'parallel') enterBranches(turn, frame, step)
  else if (step.kind === 'switch') enterCase(turn, frame, step, values)
  else if (step.kind === 'runbook') enterRunbook(turn, frame, step, values)
}

// ---- scope ------------------------------------------------------------------------------------------------------

function enterScope(turn: Turn, frame: CompoundFrame, step: ScopeStep, values: JsonObject): void {
  frame.dirtyClose = values.onDirtyClose === 'accept' ? 'accept' : 'fail'
  if (step.lock === undefined) return enterScopeBody(turn, frame)
  if (typeof values.lock !== 'string' || values.lock === '') {
    return failStep(turn, frame, failure('expressionFailed', 'the lock has no name'))
  }
  frame.phase = 'locking'
  lock(turn, scopeLock(frame.path), values.lock, frame.path)
}

export function enterScopeBody(turn: Turn, frame: CompoundFrame): void {
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block)) as ScopeStep
  startBody(turn, frame, { path: frame.path, variant: 'body' })
  if (step.maxMs !== undefined)
    setTimer(turn, `max:${frame.path}`, turn.state.now + step.maxMs, { kind: 'max', path: frame.path })
}

function scopeBodyEnded(turn: Turn, frame: CompoundFrame, step: ScopeStep, block: BlockFrame, failed: Failure | undefined): void {
  const caught = step.catch && block.variant === 'body' && failed && frame.stopping === undefined
  if (caught && (step.catch.on === undefined || step.catch.on.includes(failed.type))) {
    const path = `${frame.path}!catch`
    return startBody(turn, frame, { path, variant: 'catch', variables: { error: failureAsJson(failed) } })
  }
  endWith(turn, frame, block, failed, { ...block.yielded, clean: block.clean })
}

// ---- foreach ----------------------------------------------------------------------------------------------------

function enterLoop(turn: Turn, frame: CompoundFrame, values: JsonObject): void {
  const list = values.in
  const items: readonly Json[] = list === undefined || list === null ? [] : Array.isArray(list) ? list : [list as Json]
  const wanted = Number(values.concurrency ?? 1)
  if (!(Number.isInteger(wanted) && wanted >= 1)) {
    return failStep(
      turn,
      frame,
      failure('expressionFailed', `concurrency is ${textOf(values.concurrency)}, not a whole number from 1`),
    )
  }
  frame.phase = 'inside'
  frame.loop = { items, concurrency: wanted, nextItem: 0, keys: {} }
  fillLoop(turn, frame, frame.loop)
}

/** Starts as many items as may run at once; ends the step when none is left. */
function fillLoop(turn: Turn, frame: CompoundFrame, loop: LoopState): void {
  const stopped = frame.stopping !== undefined || frame.failure !== undefined
  while (!stopped && frame.pending < loop.concurrency && loop.nextItem < loop.items.length) {
    evaluateKey(turn, frame, loop.nextItem)
    loop.nextItem += 1
    frame.pending += 1
  }
  if (frame.pending > 0) return
  endGathered(turn, frame, { ok: frame.ok, failed: frame.failed })
}

export function evaluateKey(turn: Turn, frame: CompoundFrame, item: number): void {
  const block = blockFrame(turn.state, frame.block)
  const step = stepIn(turn.program, block) as ForeachStep
  const roots = { ...rootsOf(turn.state, block), [step.as]: frame.loop?.items[item] ?? null }
  const templates = [{ name: 'key', template: step.key }]
  evaluate(turn, `${frame.path}?key${item}`, { kind: 'key', path: frame.path, item }, { templates, roots })
}

/** Keys name items in paths, journals and obligations: a missing or repeated one would mix up two items. */
export function keyEvaluated(turn: Turn, path: Path, item: number, key: Json | Failure | undefined, broken: boolean): void {
  const frame = ownCompound(turn, path)
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block)) as ForeachStep
  const { loop } = frame
  if (!loop) throw new Error(`${path} is no loop`)
  const name = typeof key === 'string' || typeof key === 'number' ? String(key) : ''
  const wrong = broken
    ? (key as Failure)
    : name === ''
      ? failure('loopKeyInvalid', `item ${item} has no key`)
      : loop.keys[name]
        ? failure('loopKeyRepeated', `two items have the key ${name}`)
        : undefined
  if (wrong || frame.stopping !== undefined || frame.failure !== undefined) {
    frame.pending -= 1
    if (wrong) stopLoop(turn, frame, wrong)
    return fillLoop(turn, frame, loop)
  }
  loop.keys[name] = true
  const value = loop.items[item] ?? null
  const body = `${path}[${encodeURIComponent(name)}]`
  const known = isObject(value) && typeof value.name === 'string' ? { name: value.name } : {}
  report(turn, { kind: 'itemStarted', path: body, key: name, ...known })
  startBody(turn, frame, { path: body, variant: 'body', variables: { [step.as]: value }, loopKey: name }, false)
}

/** One body failed and the step fails with it: the others are cancelled, and unwind. */
function stopLoop(turn: Turn, frame: CompoundFrame, because: Failure): void {
  frame.failure ??= because
  for (const child of frame.children) move(turn, { kind: 'interrupt', block: child })
}

// ---- parallel and switch ----------------------------------------------------------------------------------------

function enterBranches(turn: Turn, frame: CompoundFrame, step: ParallelStep): void {
  for (const { name } of step.branches) startBody(turn, frame, { path: `${frame.path}[${name}]`, variant: name, loopKey: name })
}

function enterCase(turn: Turn, frame: CompoundFrame, step: SwitchStep, values: JsonObject): void {
  const value = textOf(values.on)
  const variant = step.cases.some((each) => each.value === value) ? value : step.else ? 'else' : undefined
  if (variant === undefined) return failStep(turn, frame, failure('noCase', `no case for ${value}`))
  startBody(turn, frame, { path: frame.path, variant })
}

// ---- runbook ----------------------------------------------------------------------------------------------------

/** What the caller passes is all that the called one sees. Its targets are the caller's, under its own names for them. */
function enterRunbook(turn: Turn, frame: CompoundFrame, step: RunbookStep, values: JsonObject): void {
  const { targets } = rootsOf(turn.state, blockFrame(turn.state, frame.block)) as { targets: JsonObject }
  const bound = calledBy(step).targets.map(({ name }): [string, Json] => {
    const binding = step.targets.find((each) => each.name === name)
    return [name, targets[binding?.target ?? name] ?? null]
  })
  const inputs = isObject(values.with) ? values.with : {}
  startBody(turn, frame, { path: frame.path, variant: 'body', called: { inputs, targets: Object.fromEntries(bound) } })
}

// ---- all of them ------------------------------------------------------------------------------------------------

interface BodyEntry {
  readonly path: Path
  readonly variant: string
  readonly variables?: JsonObject
  readonly loopKey?: string
  readonly called?: NonNullable<BlockFrame['called']>
}

function startBody(turn: Turn, frame: CompoundFrame, entry: BodyEntry, counts = true): void {
  frame.phase = 'inside'
  frame.children.push(entry.path)
  if (counts) frame.pending += 1
  enterBlock(turn, { step: frame.path, ...entry })
}

/** A body has closed: everything it owned is settled or owed. */
export function bodyEnded(turn: Turn, block: BlockFrame, failed: Failure | undefined): void {
  const frame = ownCompound(turn, block.step ?? '')
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block))
  frame.children.splice(frame.children.indexOf(block.path), 1)
  frame.pending -= 1
  if (step.kind === 'scope') return scopeBodyEnded(turn, frame, step, block, failed)
  if (step.kind === 'switch' || step.kind === 'runbook') return endWith(turn, frame, block, failed, block.yielded)

  const key = block.loopKey ?? ''
  const collects = 'onError' in step && step.onError === 'collect'
  if (failed && collects) frame.failed.push({ key, error: failureAsJson(failed) })
  else if (failed) stopLoop(turn, frame, failed)
  else if (endingOf(block) === 'done') frame.ok.push({ key, value: block.yielded })
  if (frame.loop) return fillLoop(turn, frame, frame.loop)
  if (frame.pending > 0) return
  const byName = Object.fromEntries(frame.ok.map(({ key: name, value }) => [name, value]))
  endGathered(turn, frame, collects ? { ok: frame.ok, failed: frame.failed } : byName)
}

function endGathered(turn: Turn, frame: CompoundFrame, output: JsonObject): void {
  if (frame.stopping !== undefined) endStopped(turn, frame)
  else if (frame.failure) failStep(turn, frame, frame.failure)
  else succeed(turn, frame, output)
}

function endWith(turn: Turn, frame: CompoundFrame, block: BlockFrame, failed: Failure | undefined, output: JsonObject): void {
  if (failed) failStep(turn, frame, failed)
  else if (frame.stopping !== undefined || endingOf(block) === 'cancelled') endStopped(turn, frame)
  else succeed(turn, frame, output)
}

/** What the end of a block means: a close that was not clean fails it, unless its scope accepts that. */
export function verdictOf(turn: Turn, block: BlockFrame): Failure | undefined {
  if (block.failure || block.clean || endingOf(block) !== 'done') return block.failure
  const frame = block.step === undefined ? undefined : turn.state.steps[block.step]
  if (frame?.kind === 'compound' && frame.dirtyClose === 'accept') return undefined
  const open = block.owned.join(', ')
  const text = open === '' ? 'what it held was lost before it was released' : `not released: ${open}`
  return failure('dirtyClose', text, { path: block.path })
}
