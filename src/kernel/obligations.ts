// The ledger of what is held: intended before the call, held, settled or owed. Nothing leaves it without a report. [P1, P2]
import type { Action, ResourceType } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import type { Handle, Obligation, ObligationState, Path } from './model.ts'
import { ownBlock, ownObligation } from './own.ts'
import { resourceNamed } from './program.ts'
import type { PlainFrame } from './state.ts'
import { clearTimer, move, report, setTimer, type Turn } from './turn.ts'

/** Reports the obligation as it is now. */
export const tell = (turn: Turn, obligation: Obligation): void =>
  report(turn, { kind: 'obligation', obligation: { ...obligation } })

export const resourceOf = (turn: Turn, obligation: Obligation): ResourceType => resourceNamed(turn.program, obligation.type)

/** Writes down what is about to be acquired, under the identity chosen in advance. A repeat of the call keeps the entry. */
export function intend(turn: Turn, step: PlainFrame, action: Action, owner: Path, keepOnSuccess: boolean): void {
  const { state } = turn
  if (state.obligations[step.path]) {
    const existing = ownObligation(turn, step.path)
    existing.state = 'intended'
    existing.sentAt = state.now
    tell(turn, existing)
    return
  }
  const type = resourceNamed(turn.program, action.resource ?? '')
  const identity: Record<string, Json> = {}
  for (const name of type.identity) identity[name] = step.input[name] ?? null
  const obligation: Obligation = {
    id: step.path,
    type: type.name,
    owner,
    input: step.input,
    identity,
    parents: step.uses,
    keepOnSuccess,
    state: 'intended',
    intendedAt: state.now,
    sentAt: state.now,
    releaseAttempts: 0,
  }
  state.obligations[step.path] = obligation
  ownBlock(turn, owner).owned.push(step.path)
  const until = heldUntil(type, state.now)
  if (until !== undefined) setTimer(turn, `maxHold:${step.path}`, until, { kind: 'maxHold', path: step.path })
  tell(turn, obligation)
}

/** When it is to be let go, so that it is gone within its `maxHold`. */
export const heldUntil = ({ maxHoldMs, release }: ResourceType, intendedAt: number): number | undefined =>
  maxHoldMs === undefined ? undefined : intendedAt + Math.max(0, maxHoldMs - release.timeoutMs)

export function change(turn: Turn, obligation: Obligation, next: ObligationState): void {
  obligation.state = next
  tell(turn, obligation)
}

export const handleOf = (obligation: Obligation, output: JsonObject = {}): Handle => ({
  ...obligation.identity,
  ...output,
  resource: obligation.type,
  obligation: obligation.id,
})

/** The acquire took effect. Without an output (a blind release will do) there is no handle. Answers the handle. */
export function hold(turn: Turn, obligation: Obligation, output?: JsonObject): Handle {
  const handle = handleOf(obligation, output)
  if (output) obligation.handle = handle
  obligation.heldAt ??= turn.state.now
  change(turn, obligation, 'held')
  const { lease } = resourceOf(turn, obligation)
  if (lease && output) startLease(turn, obligation, obligation.sentAt)
  return handle
}

/** The lease runs from when the granting call left: the platform cannot have counted from later than our answer. */
export function startLease(turn: Turn, obligation: Obligation, fromMs: number): void {
  const { lease } = resourceOf(turn, obligation)
  if (!lease) return
  const { id } = obligation
  obligation.leaseUntil = fromMs + lease.lifetimeMs
  setTimer(turn, `renew:${id}`, Math.min(fromMs + lease.everyMs, obligation.leaseUntil), { kind: 'renew', path: id })
  setTimer(turn, `leaseEnd:${id}`, obligation.leaseUntil, { kind: 'leaseEnd', path: id })
}

export function stopLease(turn: Turn, id: Path): void {
  clearTimer(turn, `renew:${id}`)
  clearTimer(turn, `leaseEnd:${id}`)
}

/** Nothing is owed any more. */
export function settle(turn: Turn, id: Path, as: 'released' | 'void' | 'kept'): void {
  const { state } = turn
  const obligation = ownObligation(turn, id)
  obligation.settledAt = state.now
  stopLease(turn, id)
  clearTimer(turn, `maxHold:${id}`)
  change(turn, obligation, as)
  delete state.obligations[id]
  if (state.blocks[obligation.owner]) {
    const { owned } = ownBlock(turn, obligation.owner)
    owned.splice(owned.indexOf(id), 1)
  }
  move(turn, { kind: 'released', obligation: id })
}

/** Stays open: shown, alerts, settled later by reap. The scope is not clean. */
export function giveUp(turn: Turn, obligation: Obligation): void {
  stopLease(turn, obligation.id)
  clearTimer(turn, `maxHold:${obligation.id}`)
  change(turn, obligation, 'owed')
  if (turn.state.blocks[obligation.owner]) ownBlock(turn, obligation.owner).clean = false
  move(turn, { kind: 'released', obligation: obligation.id })
}

/** Open obligations that were acquired from this one and must go first. [P4] */
export const childrenOf = (turn: Turn, id: Path): readonly Obligation[] =>
  Object.values(turn.state.obligations).filter((other) => other.parents.includes(id))
