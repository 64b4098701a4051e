// Letting go: what a closing block releases next, and how a release that fails is tried again, looked up, or owed. [P2, P4, P5]
import type { RetryPolicy } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import { endingOf } from './blocks.ts'
import type { Obligation, Path } from './model.ts'
import { change, childrenOf, giveUp, handleOf, resourceOf, settle, stopLease } from './obligations.ts'
import { ownBlock, ownObligation } from './own.ts'
import { type BlockFrame, blockFrame, obligationOf } from './state.ts'
import { abort, backoffMs, clearTimer, FINAL_ATTEMPTS, keyOf, move, report, send, setTimer, type Turn } from './turn.ts'
import { failure, inputByName } from './visible.ts'

/**
 * A release is tried for about two minutes before it is owed, less where nothing gets through for good; reap goes on from there. What is
 * critical is tried for as long as it may be held.
 */
const RELEASE_RETRY: RetryPolicy = { attempts: 7, delayMs: 1000, factor: 2, maxDelayMs: 30_000 }

/** Lets the closing block release the next thing it owns: critical first, then newest first, children before parents. */
export function closeNext(turn: Turn, path: Path): void {
  const block = blockFrame(turn.state, path)
  const next = nextOwned(turn, block)
  if (next === 'wait') return
  // No block ends, either: what comes after it would begin while something critical is still held. [P5]
  if (turn.state.phase === 'recovering' && !(next && resourceOf(turn, next).critical)) return
  if (next === undefined) return move(turn, { kind: 'blockEnded', block: path })
  if (next.keepOnSuccess && endingOf(block) === 'done' && next.state === 'held') return settle(turn, next.id, 'kept')
  move(turn, { kind: 'release', obligation: next.id })
}

function nextOwned(turn: Turn, block: BlockFrame): Obligation | 'wait' | undefined {
  const open = block.owned.map((id) => obligationOf(turn.state, id))
  if (open.some((each) => each.state === 'releasing')) return 'wait'
  const waiting = open.filter((each) => each.state !== 'owed').reverse()
  return waiting.find((each) => resourceOf(turn, each).critical) ?? waiting[0]
}

/** Releases one obligation, its children before it. While its own call is in doubt that comes first. */
export function release(turn: Turn, id: Path): void {
  const { state } = turn
  const known = state.obligations[id]
  if (known?.state !== 'held' && known?.state !== 'owed') return
  const obligation = ownObligation(turn, id)
  const [child] = childrenOf(turn, id)
  if (child) return releaseChildFirst(turn, obligation, child)

  change(turn, obligation, 'releasing')
  stopLease(turn, id)
  const renewal = state.renewals[id]
  if (renewal === undefined) letGo(turn, obligation)
  // A renewal that arrived after the release would take the resource again: wait for its end.
  else abort(turn, renewal, 'released')
}

function releaseChildFirst(turn: Turn, parent: Obligation, child: Obligation): void {
  if (child.state !== 'owed') return move(turn, { kind: 'release', obligation: child.id })
  parent.lastFailure = failure('blockedByChild', `${child.id} was acquired from it and is still held`)
  giveUp(turn, parent)
}

/** Releases it now. What was never seen is looked up first: its release may need what only the look-up can tell. */
export function letGo(turn: Turn, obligation: Obligation): void {
  clearTimer(turn, `release:${obligation.id}`)
  obligation.releaseAttempts += 1
  const { find } = resourceOf(turn, obligation)
  if (obligation.handle === undefined && find !== undefined) ask(turn, obligation, find)
  else sendRelease(turn, obligation)
}

function sendRelease(turn: Turn, obligation: Obligation): void {
  const { release: rule } = resourceOf(turn, obligation)
  const owner = turn.state.blocks[obligation.owner]
  const more: JsonObject =
    rule.reason === undefined ? {} : { reason: owner && endingOf(owner) !== 'done' ? rule.reason.failed : rule.reason.closed }
  const call = {
    action: rule.action,
    input: inputByName(turn.program, rule.action, obligation, more),
    key: keyOf(turn.state.run.id, `${obligation.id}?release`, 0),
    attempt: obligation.releaseAttempts,
  }
  send(turn, 'release', obligation.id, call, rule.timeoutMs)
}

export function releaseSucceeded(turn: Turn, id: Path): void {
  settle(turn, id, 'released')
}

export function releaseFailed(turn: Turn, id: Path, told: Failure): void {
  const obligation = ownObligation(turn, id)
  const { release: rule } = resourceOf(turn, obligation)
  obligation.lastFailure = told
  if (rule.gone.includes(told.type)) {
    letGoByItself(turn, obligation)
    return settle(turn, id, 'released')
  }
  const question = questionAfter(turn, obligation, told)
  if (question !== undefined) return ask(turn, obligation, question)
  tryAgain(turn, obligation)
}

/** How to ask whether it is still held, where that is worth a call. */
function questionAfter(turn: Turn, obligation: Obligation, told: Failure): string | undefined {
  const { release: rule, probe, find, appearsWithinMs } = resourceOf(turn, obligation)
  if (probe !== undefined) return probe
  if (!rule.idempotent && told.applied !== 'no') return find
  // Somebody else may have let go of it, and not every platform says so plainly. What is not listed yet would look the same.
  const isHopeless = !told.retryable || obligation.releaseAttempts >= RELEASE_RETRY.attempts
  const isListed = turn.state.now >= obligation.sentAt + appearsWithinMs
  return isHopeless && isListed ? find : undefined
}

/** Is it still held? Asked where a release that errs proves nothing, or must not be repeated blindly. */
function ask(turn: Turn, obligation: Obligation, question: string): void {
  const input = inputByName(turn.program, question, obligation)
  const key = keyOf(turn.state.run.id, `${obligation.id}?probe`, 0)
  send(turn, 'probe', obligation.id, { action: question, input, key, attempt: obligation.releaseAttempts })
}

export function probed(turn: Turn, id: Path, output: JsonObject): void {
  const obligation = ownObligation(turn, id)
  if (output.found !== false) {
    if (obligation.handle !== undefined) return tryAgain(turn, obligation)
    obligation.handle = handleOf(obligation, output)
    return sendRelease(turn, obligation)
  }
  const finalAt = obligation.sentAt + resourceOf(turn, obligation).appearsWithinMs
  if (obligation.handle === undefined && turn.state.now < finalAt) {
    // The call that acquires may be on its way still.
    return setTimer(turn, `release:${id}`, finalAt, { kind: 'releaseAgain', path: id })
  }
  letGoByItself(turn, obligation)
  settle(turn, id, 'released')
}

/** Neither the release nor the question got through. Where both say that they never will, waiting helps only a VM that stands still. */
export function probeFailed(turn: Turn, id: Path, told: Failure): void {
  const obligation = ownObligation(turn, id)
  const isFinal = !told.retryable && obligation.lastFailure?.retryable !== true
  const isHopeless = isFinal && obligation.releaseAttempts >= FINAL_ATTEMPTS && !resourceOf(turn, obligation).critical
  if (isHopeless) giveUp(turn, obligation)
  else tryAgain(turn, obligation)
}

/** It let go before we did, or an earlier try of ours took effect: what happened in between may have had no protection. [P9] */
function letGoByItself(turn: Turn, obligation: Obligation): void {
  const owner = turn.state.blocks[obligation.owner]
  if (owner && resourceOf(turn, obligation).critical) ownBlock(turn, owner.path).clean = false
}

function tryAgain(turn: Turn, obligation: Obligation): void {
  const { state } = turn
  const { id, releaseAttempts } = obligation
  const { maxHoldMs = 0 } = resourceOf(turn, obligation)
  const isOver = state.now >= obligation.intendedAt + maxHoldMs
  if (releaseAttempts >= RELEASE_RETRY.attempts && isOver) return giveUp(turn, obligation)
  const afterMs = backoffMs(RELEASE_RETRY, releaseAttempts, state.run.id, id)
  setTimer(turn, `release:${id}`, state.now + afterMs, { kind: 'releaseAgain', path: id })
  move(turn, { kind: 'releaseCritical' })
  const { lastFailure } = obligation
  if (lastFailure) report(turn, { kind: 'retrying', path: id, attempt: releaseAttempts + 1, afterMs, failure: lastFailure })
}

/** Something was let go or given up: whoever waited for it goes on. */
export function wakeClosing(turn: Turn): void {
  for (const block of Object.values(turn.state.blocks)) {
    if (block.phase === 'closing') move(turn, { kind: 'close', block: block.path })
  }
}
