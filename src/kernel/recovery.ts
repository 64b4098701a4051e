// After a crash, and after a run that still owes something. Every call that was under way is in doubt; critical resources
// are let go before anything else happens. [P2, P3, P5]
import type { Failure } from '../packs/index.ts'
import { answered } from './approvals.ts'
import { evaluateYield } from './blocks.ts'
import { callFailed, lookAgain } from './calls.ts'
import { evaluateKey } from './compounds.ts'
import { criticalOpen } from './critical.ts'
import type { Obligation, Path } from './model.ts'
import { change, resourceOf } from './obligations.ts'
import { ownBlock, ownObligation } from './own.ts'
import { actionOf, stepIn } from './program.ts'
import { letGo, wakeClosing } from './release.ts'
import { blockFrame, compoundFrame, type PendingCall, plainFrame, ROOT, type RunState } from './state.ts'
import { evaluateStep } from './steps.ts'
import { evaluate, move, setTimer, type Turn } from './turn.ts'
import { failure } from './visible.ts'

const CRASHED: Failure = failure('crashed', 'the engine stopped while this was under way', { retryable: true, applied: 'maybe' })

/** The engine that performed our commands is gone. */
export function restart(turn: Turn): void {
  const { state } = turn
  if (state.phase === 'finished') return
  const critical = criticalOpen(turn)
  if (critical.length === 0) return takeUp(turn)
  state.phase = 'recovering'
  for (const obligation of critical) {
    forgetCalls(state, obligation.id)
    // Its release is asked for again, in its turn.
    if (obligation.state !== 'held') ownObligation(turn, obligation.id).state = 'held'
    const reason = failure('crashed', `the engine stopped while ${obligation.id} was held`, { path: obligation.id })
    move(turn, { kind: 'interrupt', block: obligation.owner, failure: reason })
  }
  move(turn, { kind: 'releaseCritical' })
}

/** Critical resources were released first; when the last is gone the rest is taken up. */
export function recoverOn(turn: Turn): void {
  if (turn.state.phase === 'recovering' && criticalOpen(turn).length === 0) takeUp(turn)
}

function takeUp(turn: Turn): void {
  const { state } = turn
  // A run that had ended died while it settled what it owes.
  state.phase = state.outcome === undefined ? 'running' : 'reaping'
  for (const [id, evaluation] of Object.entries(state.evaluations)) {
    delete state.evaluations[id]
    if (evaluation.kind === 'step') evaluateStep(turn, evaluation.path)
    else if (evaluation.kind === 'yield') evaluateYield(turn, ownBlock(turn, evaluation.path))
    else if (evaluation.kind === 'key') evaluateKey(turn, compoundFrame(state, evaluation.path), evaluation.item)
    else evaluateLock(turn, evaluation.path)
  }
  for (const [lock, { name, granted }] of Object.entries(state.locks)) {
    if (!granted) turn.commands.push({ kind: 'lock', lock, name })
  }
  // How long nobody ran is told by clocks that may have been set: what has not appeared may do so from now on. [P3]
  for (const obligation of Object.values(state.obligations))
    if (obligation.handle === undefined) ownObligation(turn, obligation.id).sentAt = state.now
  const calls = Object.entries(state.calls)
  for (const [id] of calls) dropCall(state, id)
  for (const [timer, { at }] of Object.entries(state.timers)) turn.commands.push({ kind: 'setTimer', timer, at })
  for (const [, call] of calls) takeUpCall(turn, call)
  for (const step of Object.values(state.steps)) if (step.kind === 'plain' && step.answer) answered(turn, step.path, step.answer)
  for (const obligation of Object.values(state.obligations)) takeUpLease(turn, obligation)
  wakeClosing(turn)
}

function evaluateLock(turn: Turn, path: Path): void {
  const frame = plainFrame(turn.state, path)
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block))
  const { lock } = step.kind === 'uses' ? actionOf(turn.program, step) : { lock: undefined }
  if (lock === undefined) return
  evaluate(
    turn,
    `${path}?lock`,
    { kind: 'callLock', path },
    { templates: [{ name: 'lock', template: lock }], roots: { input: frame.input } },
  )
}

function takeUpCall(turn: Turn, { purpose, path }: PendingCall): void {
  switch (purpose) {
    case 'step':
      return callFailed(turn, path, CRASHED)
    case 'find':
      return lookAgain(turn, path)
    case 'release':
    case 'probe':
      return letGo(turn, ownObligation(turn, path))
    case 'renew':
      delete turn.state.renewals[path]
      if (turn.state.obligations[path]?.state === 'releasing') letGo(turn, ownObligation(turn, path))
      return
  }
}

/** Whether the lease survived is the platform's to say: renew at once, and give the answer time to come. */
function takeUpLease(turn: Turn, known: Obligation): void {
  const { lease } = resourceOf(turn, known)
  if (!lease || known.state !== 'held' || known.leaseLost || known.leaseUntil === undefined) return
  const { now } = turn.state
  const { id } = known
  const obligation = ownObligation(turn, id)
  obligation.leaseUntil = Math.max(known.leaseUntil, now + lease.everyMs)
  setTimer(turn, `leaseEnd:${id}`, obligation.leaseUntil, { kind: 'leaseEnd', path: id })
  setTimer(turn, `renew:${id}`, now, { kind: 'renew', path: id })
}

function dropCall(state: RunState, id: string): void {
  delete state.calls[id]
  delete state.timers[`timeout:${id}`]
}

function forgetCalls(state: RunState, path: Path): void {
  for (const [id, call] of Object.entries(state.calls)) {
    if (call.path === path && call.purpose !== 'step' && call.purpose !== 'find') dropCall(state, id)
  }
  delete state.renewals[path]
}

// ---- reap -------------------------------------------------------------------------------------------------------

/** A finished run closes its root once more, over what it still owes. */
export function reap(turn: Turn): void {
  const { state } = turn
  if (state.phase !== 'finished') return
  state.phase = 'reaping'
  const root = ownBlock(turn, ROOT)
  root.owned.length = 0
  for (const obligation of Object.values(state.obligations)) {
    root.owned.push(obligation.id)
    const again: Obligation = { ...obligation, owner: ROOT, keepOnSuccess: false, releaseAttempts: 0 }
    state.obligations[obligation.id] = again
    turn.owned?.add(again)
    change(turn, again, 'held')
  }
  move(turn, { kind: 'close', block: ROOT })
}
