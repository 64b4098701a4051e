// Steps: how any of them starts, stops and ends, whatever its verb.
import { inputsSchema, type Step, type Template } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { Path, StepOutcome } from './model.ts'
import { ownBlock, ownStep } from './own.ts'
import { actionOf, calledBy, stepIn } from './program.ts'
import { type BlockFrame, blockFrame, type CompoundFrame, type PlainFrame, type StepFrame, stepFrame } from './state.ts'
import { abort, clearTimer, evaluate, move, report, type StepResult, setTimer, type Turn } from './turn.ts'
import { rootsOf } from './visible.ts'

type Named = { readonly name: string; readonly template: Template }

/** What has to be evaluated before a step can start, by verb. */
function templatesOf(step: Step): readonly Named[] {
  const named = (fields: Readonly<Record<string, Template | undefined>>): readonly Named[] =>
    Object.entries(fields).flatMap(([name, template]) => (template === undefined ? [] : [{ name, template }]))
  switch (step.kind) {
    case 'uses':
      return named({ with: step.with })
    case 'scope':
      return named({ lock: step.lock, onDirtyClose: step.onDirtyClose })
    case 'foreach':
      return named({ in: step.in, concurrency: step.concurrency })
    case 'switch':
      return named({ on: step.on })
    case 'wait':
      return named({ value: step.value })
    case 'approve':
      return named({ prompt: step.prompt, by: step.by })
    case 'runbook':
      return named({ with: step.with })
    case 'fail':
      return named({ message: step.message })
    case 'parallel':
    case 'end':
      return []
  }
}

const plain = (path: Path, block: Path, id: string): PlainFrame => ({
  kind: 'plain',
  path,
  block,
  id,
  phase: 'evaluating',
  input: {},
  uses: [],
  tries: 0,
  attempt: 0,
  generation: 0,
  lookups: 0,
})

const compound = (path: Path, block: Path, id: string): CompoundFrame => ({
  kind: 'compound',
  path,
  block,
  id,
  phase: 'evaluating',
  dirtyClose: 'fail',
  children: [],
  pending: 0,
  ok: [],
  failed: [],
})

const isCompound = (step: Step): boolean =>
  step.kind === 'scope' ||
  step.kind === 'foreach' ||
  step.kind === 'parallel' ||
  step.kind === 'switch' ||
  step.kind === 'runbook'

export function startStep(turn: Turn, block: BlockFrame, path: Path): void {
  const step = stepIn(turn.program, block)
  turn.state.steps[path] = (isCompound(step) ? compound : plain)(path, block.path, step.id)
  report(turn, {
    kind: 'stepStarted',
    path,
    step: step.id,
    verb: step.kind,
    ...(step.kind === 'uses' ? { action: actionOf(turn.program, step).name } : {}),
    ...(step.kind === 'runbook' ? { runbook: `${step.runbook}@${calledBy(step).version}` } : {}),
  })
  evaluateStep(turn, path)
}

/** Asks for the values the step starts from. Also after a crash, when the answer never came. */
export function evaluateStep(turn: Turn, path: Path): void {
  const { block } = stepFrame(turn.state, path)
  const frame = blockFrame(turn.state, block)
  const step = stepIn(turn.program, frame)
  evaluate(
    turn,
    `${path}?start`,
    { kind: 'step', path },
    {
      templates: templatesOf(step),
      roots: rootsOf(turn.state, frame),
      ...(step.if === undefined ? {} : { guard: step.if }),
      ...(step.kind === 'uses' ? { inputOf: actionOf(turn.program, step).name } : {}),
      ...(step.kind === 'runbook' ? { inputsOf: { runbook: step.runbook, schema: inputsSchema(calledBy(step)) } } : {}),
    },
  )
}

/** Asks a step to end soon. What is shielded (a look-up, a release, a closing block) goes on to its end first. */
export function stopStep(turn: Turn, path: Path, because: Failure | 'cancelled'): void {
  const known = turn.state.steps[path]
  if (!known) return
  const step = ownStep(turn, known)
  step.stopping ??= because
  if (step.kind === 'compound') stopCompound(turn, step)
  else stopPlain(turn, step)
}

function stopPlain(turn: Turn, step: PlainFrame): void {
  switch (step.phase) {
    case 'calling':
      if (step.call !== undefined) abort(turn, step.call, typeof step.stopping === 'object' ? step.stopping.type : 'cancelled')
      return
    case 'waiting':
      if (turn.state.obligations[step.path]?.state === 'inDoubt') clearUp(turn, step)
      else endStopped(turn, step)
      return
    case 'locking':
    case 'asking':
      endStopped(turn, step)
      return
    case 'evaluating':
    case 'finding':
    case 'releasing':
      return
  }
}

/** It waited to repeat a call that may have applied. Without the repeat, the look-up goes on: what is in doubt is never left so. */
function clearUp(turn: Turn, step: PlainFrame): void {
  clearTimer(turn, `retry:${step.path}`)
  step.phase = 'finding'
  setTimer(turn, `look:${step.path}`, turn.state.now, { kind: 'lookAgain', path: step.path })
}

function stopCompound(turn: Turn, step: CompoundFrame): void {
  if (step.phase === 'locking') endStopped(turn, step)
  else for (const child of step.children) move(turn, { kind: 'interrupt', block: child })
}

export function endStopped(turn: Turn, step: StepFrame): void {
  const { stopping } = step
  const result: StepResult = typeof stopping === 'object' ? { kind: 'failed', failure: stopping } : { kind: 'cancelled' }
  move(turn, { kind: 'endStep', step: step.path, result })
}

export function failStep(turn: Turn, step: StepFrame, failure: Failure): void {
  move(turn, { kind: 'endStep', step: step.path, result: { kind: 'failed', failure } })
}

export function succeed(turn: Turn, step: StepFrame, output: JsonObject): void {
  move(turn, { kind: 'endStep', step: step.path, result: { kind: 'succeeded', output } })
}

/** Takes the step's result into its block and lets the block go on. */
export function endStep(turn: Turn, path: Path, result: StepResult): void {
  const { state } = turn
  const step = stepFrame(state, path)
  const block = ownBlock(turn, step.block)
  if (step.kind === 'compound') {
    clearTimer(turn, `max:${path}`)
    unlock(turn, scopeLock(path))
  } else {
    for (const timer of [`retry:${path}`, `wait:${path}`, `approval:${path}`]) clearTimer(turn, timer)
    unlock(turn, callLock(path))
    withdraw(turn, path)
  }
  delete state.steps[path]
  const outcome: StepOutcome = result.kind
  if (result.kind === 'failed') {
    const failure: Failure = { ...result.failure, path: result.failure.path ?? path }
    block.failure ??= failure
    report(turn, { kind: 'stepEnded', path, outcome, failure })
  } else {
    if (result.kind === 'succeeded') setOutput(block, step.id, { ...result.output, skipped: false })
    else if (result.kind === 'skipped') setOutput(block, step.id, { skipped: true })
    else block.cancelled = true
    report(turn, { kind: 'stepEnded', path, outcome })
  }
  delete block.active
  block.next += 1
  move(turn, { kind: 'advance', block: block.path })
}

function setOutput(block: BlockFrame, id: string, output: JsonObject): void {
  block.outputs = { ...block.outputs, [id]: output }
}

/** A question whose step has ended wants no answer any more. */
function withdraw(turn: Turn, path: Path): void {
  const approval = turn.state.approvals[path]
  if (!approval) return
  delete turn.state.approvals[path]
  report(turn, { kind: 'approval', approval, state: 'withdrawn' })
}

export const scopeLock = (path: Path): string => `${path}!scope`
export const callLock = (path: Path): string => `${path}!call`

export function lock(turn: Turn, id: string, name: string, path: Path): void {
  turn.state.locks[id] = { name, path, granted: false }
  report(turn, { kind: 'lock', path, name, state: 'waits' })
  turn.commands.push({ kind: 'lock', lock: id, name })
}

function unlock(turn: Turn, id: string): void {
  const held = turn.state.locks[id]
  if (!held) return
  delete turn.state.locks[id]
  turn.commands.push({ kind: 'unlock', lock: id, name: held.name })
}
