// Steps that call an action: attempts, retries, and what happens when nobody knows whether a call took effect. [P1, P3]
import { DEFAULT_RETRY, type RetryPolicy, type UsesStep } from '../language/index.ts'
import type { Action, Failure } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { Path } from './model.ts'
import { change, giveUp, hold, intend, resourceOf, settle } from './obligations.ts'
import { ownObligation, ownPlain } from './own.ts'
import { actionOf, stepIn } from './program.ts'
import { blockFrame, obligationOf, type PlainFrame } from './state.ts'
import { callLock, endStopped, failStep, lock, succeed } from './steps.ts'
import { backoffMs, evaluate, FINAL_ATTEMPTS, keyOf, move, report, send, setTimer, type Turn } from './turn.ts'
import { dependsOn, failure, handlesIn, inputByName, rootsOf } from './visible.ts'

const LOOKUP_RETRY: RetryPolicy = { attempts: 8, delayMs: 1000, factor: 2, maxDelayMs: 30_000 }

function usesStep(turn: Turn, frame: PlainFrame): UsesStep {
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block))
  if (step.kind !== 'uses') throw new Error(`step ${frame.path} calls no action`)
  return step
}

/** The input is known: check that what it uses is still held, take the action's lock, call. */
export function prepareCall(turn: Turn, frame: PlainFrame, input: JsonObject): void {
  const action = actionOf(turn.program, usesStep(turn, frame))
  frame.input = input
  frame.uses = handlesIn(turn.program, action.name, input).map((handle) => handle.obligation)
  if (action.lock === undefined) return attempt(turn, frame)
  const templates = [{ name: 'lock', template: action.lock }]
  evaluate(turn, `${frame.path}?lock`, { kind: 'callLock', path: frame.path }, { templates, roots: { input } })
}

export function takeCallLock(turn: Turn, frame: PlainFrame, name: string): void {
  frame.phase = 'locking'
  lock(turn, callLock(frame.path), name, frame.path)
}

/** Sends the call, with its intent in the ledger first when it acquires. */
export function attempt(turn: Turn, frame: PlainFrame): void {
  const { state, program } = turn
  const step = usesStep(turn, frame)
  const action = actionOf(program, step)
  const unusable = unusableHandle(turn, frame)
  if (unusable) return failStep(turn, frame, unusable)

  frame.phase = 'calling'
  frame.tries += 1
  frame.attempt += 1
  frame.firstSentAt ??= state.now
  if (action.effect === 'acquire') intend(turn, frame, action, ownerOf(turn, frame, step), step.release === 'onFailure')
  frame.call = send(
    turn,
    'step',
    frame.path,
    {
      action: action.name,
      input: frame.input,
      key: keyOf(state.run.id, frame.path, frame.generation),
      attempt: frame.attempt,
      ...(step.stallMs === undefined ? {} : { stallMs: step.stallMs }),
      ...pollOf(turn, frame, step),
    },
    step.timeoutMs,
  )
}

function pollOf(turn: Turn, frame: PlainFrame, { until, everyMs = 1000 }: UsesStep) {
  if (until === undefined) return {}
  return { poll: { until, everyMs, roots: rootsOf(turn.state, blockFrame(turn.state, frame.block)) } }
}

function unusableHandle(turn: Turn, frame: PlainFrame): Failure | undefined {
  for (const id of frame.uses) {
    const obligation = turn.state.obligations[id]
    if (obligation?.state !== 'held') {
      return failure('usedAfterRelease', `${id} is not held any more`)
    }
    if (obligation.leaseLost) return failure('leaseLost', `the lease of ${id} is lost`)
  }
  return undefined
}

/** The innermost block that owns, or the named enclosing scope. */
function ownerOf(turn: Turn, frame: PlainFrame, { owner }: UsesStep): Path {
  if (owner === undefined) return innermostOwner(turn, frame.block)
  for (let at = blockFrame(turn.state, frame.block); at.parent !== undefined; at = blockFrame(turn.state, at.parent)) {
    if (at.step !== undefined && turn.state.steps[at.step]?.id === owner) return at.path
  }
  throw new Error(`${owner} does not enclose ${frame.path}`)
}

/** A called runbook owns nothing of its own: what its steps acquire belongs to the block that calls it. */
function innermostOwner(turn: Turn, path: Path): Path {
  const { called, parent } = blockFrame(turn.state, path)
  return called && parent !== undefined ? innermostOwner(turn, parent) : path
}

export function callSucceeded(turn: Turn, path: Path, output: JsonObject): void {
  const frame = ownPlain(turn, path)
  delete frame.call
  finishWith(turn, frame, output)
}

function finishWith(turn: Turn, frame: PlainFrame, output: JsonObject): void {
  const isHeld = turn.state.obligations[frame.path] !== undefined
  const result = isHeld ? { ...output, handle: hold(turn, ownObligation(turn, frame.path), output) } : output
  if (frame.stopping === undefined) succeed(turn, frame, result)
  else endStopped(turn, frame)
}

export function callFailed(turn: Turn, path: Path, told: Failure): void {
  const frame = ownPlain(turn, path)
  delete frame.call
  // An abort that we asked for: what led to it is the failure, what the host knows of its effect is kept.
  const because = typeof frame.stopping === 'object' ? frame.stopping : frame.failure
  delete frame.failure
  const named: Failure = told.type === 'aborted' && because ? { ...because, applied: told.applied } : told
  // As long as an earlier attempt may have applied, so may all of them together.
  const failed: Failure = frame.mayHaveApplied ? { ...named, applied: 'maybe' } : named
  if (failed.applied === 'maybe') frame.mayHaveApplied = true

  if (!turn.state.obligations[path]) return afterFailure(turn, frame, failed)
  const obligation = ownObligation(turn, path)
  obligation.lastFailure = failed
  const { find, releaseWhen } = resourceOf(turn, obligation)
  if (failed.applied === 'maybe') {
    report(turn, { kind: 'inDoubt', path, failure: failed })
    if (find !== undefined) return lookUp(turn, frame, failed)
    // What can neither be looked up nor released blindly stays owed: nobody forgets it.
    if (releaseWhen.includes('unknown')) hold(turn, obligation)
    else giveUp(turn, obligation)
    return afterFailure(turn, frame, failed)
  }
  if (releaseWhen.includes('failed')) hold(turn, obligation)
  else settle(turn, path, 'void')
  afterFailure(turn, frame, failed)
}

/** Tries again where that is safe; otherwise the step fails. */
function afterFailure(turn: Turn, frame: PlainFrame, failed: Failure): void {
  const { state } = turn
  if (frame.stopping !== undefined) return endStopped(turn, frame)
  const step = usesStep(turn, frame)
  const policy = step.retry ?? DEFAULT_RETRY
  const crashed = failed.type === 'crashed'
  if (crashed) frame.tries -= 1
  const again = failed.retryable && frame.tries < policy.attempts && mayRepeat(turn, actionOf(turn.program, step), frame, failed)
  if (!again) return failStep(turn, frame, failed)

  if (failed.applied === 'no') frame.generation += 1
  const afterMs = crashed ? 0 : backoffMs(policy, frame.tries, state.run.id, frame.path)
  frame.phase = 'waiting'
  setTimer(turn, `retry:${frame.path}`, state.now + afterMs, { kind: 'retry', path: frame.path })
  report(turn, { kind: 'retrying', path: frame.path, attempt: frame.attempt + 1, afterMs, failure: failed })
}

/** What may have applied is repeated only where a repeat changes nothing. [P3] */
function mayRepeat(turn: Turn, action: Action, frame: PlainFrame, failed: Failure): boolean {
  if (failed.applied === 'no' || action.effect === 'read') return true
  if (failed.type === 'crashed' && action.resumable) return true
  return action.idempotent === true || keyStillKnown(turn, action, frame)
}

const keyStillKnown = (turn: Turn, action: Action, frame: PlainFrame): boolean =>
  action.idempotent === 'keyed' && turn.state.now - (frame.firstSentAt ?? 0) < (action.keyLifetimeMs ?? 0)

// ---- in doubt ---------------------------------------------------------------------------------------------------

function lookUp(turn: Turn, frame: PlainFrame, failed: Failure): void {
  const obligation = ownObligation(turn, frame.path)
  if (obligation.state !== 'inDoubt') change(turn, obligation, 'inDoubt')
  frame.failure = failed
  lookAgain(turn, frame.path)
}

/** Looks for the resource by the identity that was chosen before the call. Shielded: it goes on while the run unwinds. */
export function lookAgain(turn: Turn, path: Path): void {
  const frame = ownPlain(turn, path)
  const obligation = obligationOf(turn.state, path)
  const { find } = resourceOf(turn, obligation)
  if (find === undefined) throw new Error(`${obligation.type} cannot be looked up`)
  frame.phase = 'finding'
  const input = inputByName(turn.program, find, obligation)
  send(turn, 'find', path, { action: find, input, key: keyOf(turn.state.run.id, `${path}?find`, 0), attempt: frame.lookups + 1 })
}

export function found(turn: Turn, path: Path, output: JsonObject): void {
  const { state } = turn
  const frame = ownPlain(turn, path)
  const failed = frame.failure ?? failure('answerLost', 'the answer was lost')
  frame.lookups = 0
  if (output.found === true) {
    delete frame.failure
    return finishWith(turn, frame, output)
  }
  const action = actionOf(turn.program, usesStep(turn, frame))
  const obligation = obligationOf(state, path)
  const policy = usesStep(turn, frame).retry ?? DEFAULT_RETRY
  if (frame.stopping === undefined && frame.tries < policy.attempts && keyStillKnown(turn, action, frame)) {
    // The platform knows the key: the same call either answers what it did then, or does it now.
    delete frame.failure
    return afterFailure(turn, frame, { ...failed, retryable: true })
  }
  const finalAt = obligation.sentAt + resourceOf(turn, obligation).appearsWithinMs
  if (state.now < finalAt) {
    const againAt = Math.min(finalAt, state.now + LOOKUP_RETRY.delayMs * 2)
    return setTimer(turn, `look:${path}`, againAt, { kind: 'lookAgain', path })
  }
  delete frame.failure
  delete frame.mayHaveApplied
  settle(turn, path, 'void')
  afterFailure(turn, frame, { ...failed, applied: 'no' })
}

/** Even the look-up fails. In the end the doubt is owed: never forgotten, never guessed. */
export function findFailed(turn: Turn, path: Path, told: Failure): void {
  const { state } = turn
  const frame = ownPlain(turn, path)
  frame.lookups += 1
  const obligation = ownObligation(turn, path)
  obligation.lastFailure = told
  if (frame.lookups < (told.retryable ? LOOKUP_RETRY.attempts : FINAL_ATTEMPTS)) {
    const afterMs = backoffMs(LOOKUP_RETRY, frame.lookups, state.run.id, path)
    return setTimer(turn, `look:${path}`, state.now + afterMs, { kind: 'lookAgain', path })
  }
  const failed = frame.failure ?? told
  giveUp(turn, obligation)
  if (frame.stopping === undefined) failStep(turn, frame, failed)
  else endStopped(turn, frame)
}

// ---- a lease that is lost ---------------------------------------------------------------------------------------

/** Ends exactly the calls that depend on the obligation. [P6] */
export function stopDependents(turn: Turn, id: Path, because: Failure): void {
  for (const step of Object.values(turn.state.steps)) {
    if (step.kind === 'plain' && dependsOn(turn.state, step.uses, id)) {
      move(turn, { kind: 'stop', step: step.path, because })
    }
  }
}
