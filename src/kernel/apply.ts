// The transition function: one event in, commands out. Plan, run, resume and verify all drive this and nothing else. [P10]
//
// K1  The same program, state and event give the same commands and the same next state.
// K2  Applying an event costs the same however long the run's history is.
// K3  An event about something that has ended (a late answer, a cleared timer) changes nothing.
// K4  A call that acquires is in the ledger, with its identity, before its command is given. [P1]
// K5  A block ends only when all it owns is settled or owed. [P2]
import type { Failure } from '../packs/index.ts'
import { answered, unanswered } from './approvals.ts'
import { advance, endingOf, enterRoot, interrupt, yieldEvaluated } from './blocks.ts'
import { attempt, callFailed, callSucceeded, findFailed, found, lookAgain, takeCallLock } from './calls.ts'
import { bodyEnded, enterCompound, enterScopeBody, keyEvaluated, verdictOf } from './compounds.ts'
import { releaseCritical } from './critical.ts'
import { loseLease, renew, renewalFailed, renewed } from './leases.ts'
import type { Command, Event, Outcome, Path } from './model.ts'
import { ownCompound, ownLock, ownObligation, ownPlain, ownStep } from './own.ts'
import type { Program } from './program.ts'
import { reap, recoverOn, restart } from './recovery.ts'
import { closeNext, letGo, probed, probeFailed, release, releaseFailed, releaseSucceeded, wakeClosing } from './release.ts'
import { type BlockFrame, blockFrame, type Evaluation, plainFrame, ROOT, type RunState, type TimerPurpose } from './state.ts'
import { endStep, endStopped, failStep, startStep, stopStep, succeed } from './steps.ts'
import { abort, clearTimer, type Move, move, report, type Turn } from './turn.ts'
import { endedEarly, enterPlain } from './verbs.ts'
import { failure } from './visible.ts'

/** Applies one event: changes `state` in place and answers what the host has to do, in order. */
export function apply(program: Program, state: RunState, event: Event): readonly Command[] {
  const turn: Turn = { program, state, owned: state.shared ? new Set() : undefined, commands: [], moves: [] }
  state.now = Math.max(state.now, event.at)
  take(turn, event)
  for (let next = 0; next < turn.moves.length; next += 1) {
    const each = turn.moves[next]
    if (each) makeMove(turn, each)
  }
  return turn.commands
}

function take(turn: Turn, event: Event): void {
  const { state } = turn
  switch (event.kind) {
    case 'started':
      if (state.phase !== 'new') return
      state.phase = 'running'
      return enterRoot(turn)
    case 'evaluated':
      return takeEvaluation(turn, event.id, { kind: 'values', values: event.values })
    case 'guardedOff':
      return takeEvaluation(turn, event.id, { kind: 'guardedOff' })
    case 'evaluationFailed':
      return takeEvaluation(turn, event.id, { kind: 'failed', failure: event.failure })
    case 'callSucceeded':
      return takeAnswer(turn, event.call, event.output, undefined)
    case 'callFailed':
      return takeAnswer(turn, event.call, {}, event.failure)
    case 'stalled':
      return cutShort(turn, event.call, 'stalled', 'no progress')
    case 'timerFired': {
      const timer = state.timers[event.timer]
      if (!timer) return
      delete state.timers[event.timer]
      return takeTimer(turn, timer.does)
    }
    case 'lockGranted':
      return takeLock(turn, event.lock)
    case 'approvalAnswered':
      return answered(turn, event.approval, event)
    case 'cancelRequested':
      return interrupt(turn, ROOT)
    case 'restarted':
      return restart(turn)
    case 'reapRequested':
      return reap(turn)
  }
}

// ---- evaluations ------------------------------------------------------------------------------------------------

type Answer =
  | { readonly kind: 'values'; readonly values: Extract<Event, { kind: 'evaluated' }>['values'] }
  | { readonly kind: 'guardedOff' }
  | { readonly kind: 'failed'; readonly failure: Failure }

function takeEvaluation(turn: Turn, id: string, answer: Answer): void {
  const evaluation = turn.state.evaluations[id]
  if (!evaluation) return
  delete turn.state.evaluations[id]
  if (evaluation.kind === 'yield') {
    if (answer.kind === 'failed') return yieldEvaluated(turn, evaluation.path, answer.failure, true)
    return yieldEvaluated(turn, evaluation.path, answer.kind === 'values' ? answer.values : {}, false)
  }
  if (evaluation.kind === 'key') {
    if (answer.kind === 'failed') return keyEvaluated(turn, evaluation.path, evaluation.item, answer.failure, true)
    return keyEvaluated(turn, evaluation.path, evaluation.item, answer.kind === 'values' ? answer.values.key : undefined, false)
  }
  takeStepEvaluation(turn, evaluation, answer)
}

function takeStepEvaluation(
  turn: Turn,
  { kind, path }: Extract<Evaluation, { kind: 'step' | 'callLock' }>,
  answer: Answer,
): void {
  const known = turn.state.steps[path]
  if (!known) return
  const step = ownStep(turn, known)
  if (step.stopping !== undefined) return endStopped(turn, step)
  if (answer.kind === 'failed') return failStep(turn, step, answer.failure)
  if (answer.kind === 'guardedOff') return move(turn, { kind: 'endStep', step: path, result: { kind: 'skipped' } })
  if (step.kind === 'compound') return enterCompound(turn, step, answer.values)
  if (kind === 'step') return enterPlain(turn, step, answer.values)
  const { lock } = answer.values
  if (typeof lock === 'string' && lock !== '') takeCallLock(turn, step, lock)
  else failStep(turn, step, failure('expressionFailed', "the action's lock has no name"))
}

// ---- calls ------------------------------------------------------------------------------------------------------

function takeAnswer(turn: Turn, id: string, output: Parameters<typeof callSucceeded>[2], failed: Failure | undefined): void {
  const call = turn.state.calls[id]
  if (!call) return
  delete turn.state.calls[id]
  clearTimer(turn, `timeout:${id}`)
  const { path } = call
  switch (call.purpose) {
    case 'step':
      return failed ? callFailed(turn, path, failed) : callSucceeded(turn, path, output)
    case 'find':
      return failed ? findFailed(turn, path, failed) : found(turn, path, output)
    case 'release':
      return failed ? releaseFailed(turn, path, failed) : releaseSucceeded(turn, path)
    case 'probe':
      return failed ? probeFailed(turn, path, failed) : probed(turn, path, output)
    case 'renew':
      return failed ? renewalFailed(turn, path, failed) : renewed(turn, path, call)
  }
}

/** Ends a call that takes too long or makes no progress; what it may have done is told by its answer. */
function cutShort(turn: Turn, id: string, type: 'timedOut' | 'stalled', text: string): void {
  const call = turn.state.calls[id]
  if (!call || call.aborted) return
  if (call.purpose === 'step') ownPlain(turn, call.path).failure = failure(type, text, { retryable: true })
  abort(turn, id, type)
}

// ---- timers and locks -------------------------------------------------------------------------------------------

function takeTimer(turn: Turn, timer: TimerPurpose): void {
  const { state } = turn
  switch (timer.kind) {
    case 'timeout':
      return cutShort(turn, timer.call, 'timedOut', 'the time-out passed')
    case 'retry':
      return attempt(turn, ownPlain(turn, timer.path))
    case 'wait':
      return succeed(turn, plainFrame(state, timer.path), {})
    case 'approval':
      return unanswered(turn, timer.path)
    case 'lookAgain':
      return lookAgain(turn, timer.path)
    case 'max':
      return interrupt(turn, timer.path, failure('timedOut', 'the scope took longer than its `max`', { path: timer.path }))
    case 'releaseAgain': {
      const obligation = state.obligations[timer.path]
      return obligation?.state === 'releasing' ? letGo(turn, ownObligation(turn, obligation.id)) : undefined
    }
    case 'renew':
      return renew(turn, timer.path)
    case 'leaseEnd':
      return loseLease(turn, timer.path)
    case 'maxHold':
      return endHold(turn, timer.path)
  }
}

/** A critical resource is let go in time, whatever its scope is doing. [P5] */
function endHold(turn: Turn, id: Path): void {
  const obligation = turn.state.obligations[id]
  if (!obligation) return
  interrupt(turn, obligation.owner, failure('maxHoldExceeded', `${id} was held as long as it may be`, { path: id }))
  // Now, also where something newer has not been let go yet.
  if (obligation.state === 'held') move(turn, { kind: 'release', obligation: id })
}

function takeLock(turn: Turn, id: string): void {
  const request = turn.state.locks[id]
  if (!request || request.granted) return
  ownLock(turn, id, request).granted = true
  report(turn, { kind: 'lock', path: request.path, name: request.name, state: 'holds' })
  const step = turn.state.steps[request.path]
  if (step?.kind === 'compound') enterScopeBody(turn, ownCompound(turn, step.path))
  else if (step) attempt(turn, ownPlain(turn, step.path))
}

// ---- moves ------------------------------------------------------------------------------------------------------

function makeMove(turn: Turn, next: Move): void {
  const { state } = turn
  switch (next.kind) {
    case 'advance': {
      const path = state.blocks[next.block] && advance(turn, next.block)
      return path === undefined ? undefined : startStep(turn, blockFrame(state, next.block), path)
    }
    case 'interrupt':
      return interrupt(turn, next.block, next.failure)
    case 'stop':
      return stopStep(turn, next.step, next.because)
    case 'endStep':
      return state.steps[next.step] ? endStep(turn, next.step, next.result) : undefined
    case 'close':
      return state.blocks[next.block]?.phase === 'closing' ? closeNext(turn, next.block) : undefined
    case 'blockEnded':
      return state.blocks[next.block] ? endBlock(turn, blockFrame(state, next.block)) : undefined
    case 'release':
      return release(turn, next.obligation)
    case 'releaseCritical':
      return releaseCritical(turn)
    case 'released':
      endedEarly(turn)
      wakeClosing(turn)
      releaseCritical(turn)
      return recoverOn(turn)
  }
}

function endBlock(turn: Turn, block: BlockFrame): void {
  const failed = verdictOf(turn, block)
  if (block.path === ROOT) return finish(turn, block, failed)
  delete turn.state.blocks[block.path]
  bodyEnded(turn, block, failed)
}

function finish(turn: Turn, root: BlockFrame, failed: Failure | undefined): void {
  const { state } = turn
  if (state.phase === 'finished') return
  const owed = Object.keys(state.obligations)
  const known = state.phase === 'reaping' ? state.outcome : undefined
  const ending = endingOf(root)
  const outcome: Outcome = known
    ? { ...known, owed }
    : failed
      ? { status: 'failed', failure: failed, owed }
      : ending === 'cancelled'
        ? { status: 'cancelled', owed }
        : { status: 'succeeded', outputs: root.yielded, owed }
  state.phase = 'finished'
  state.outcome = outcome
  turn.commands.push({ kind: 'finish', outcome })
}
