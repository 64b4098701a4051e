// Leases: renewed from the moment they exist until just before release, whatever else runs; a lost one ends what depends on it. [P6]
import type { Failure } from '../packs/index.ts'
import { stopDependents } from './calls.ts'
import type { Obligation, Path } from './model.ts'
import { resourceOf, startLease, stopLease, tell } from './obligations.ts'
import { ownObligation } from './own.ts'
import { letGo } from './release.ts'
import type { PendingCall } from './state.ts'
import { keyOf, report, send, setTimer, type Turn } from './turn.ts'
import { failure, inputByName } from './visible.ts'

export function renew(turn: Turn, id: Path): void {
  const { state, program } = turn
  const obligation = state.obligations[id]
  if (obligation?.state !== 'held' || state.renewals[id] !== undefined) return
  const { lease } = resourceOf(turn, obligation)
  if (!lease) return
  const input = inputByName(program, lease.renew, obligation)
  const key = keyOf(state.run.id, `${id}?renew`, state.callCount)
  state.renewals[id] = send(turn, 'renew', id, { action: lease.renew, input, key, attempt: 1 }, lease.everyMs)
}

export function renewed(turn: Turn, id: Path, { sentAt }: PendingCall): void {
  const obligation = answered(turn, id)
  if (!obligation) return
  startLease(turn, obligation, sentAt)
  report(turn, { kind: 'leaseRenewed', path: id, untilMs: obligation.leaseUntil ?? sentAt })
}

export function renewalFailed(turn: Turn, id: Path, told: Failure): void {
  const obligation = answered(turn, id)
  const lease = obligation && resourceOf(turn, obligation).lease
  if (!obligation || !lease) return
  obligation.lastFailure = told
  if (lease.lost.includes(told.type)) return loseLease(turn, id)
  const againAt = Math.min(turn.state.now + lease.everyMs / 6, obligation.leaseUntil ?? turn.state.now)
  setTimer(turn, `renew:${id}`, Math.round(againAt), { kind: 'renew', path: id })
}

/** Closes the renewal's books. Answers the obligation if its lease still matters. */
function answered(turn: Turn, id: Path): Obligation | undefined {
  delete turn.state.renewals[id]
  if (!turn.state.obligations[id]) return undefined
  const obligation = ownObligation(turn, id)
  if (obligation.state === 'releasing') letGo(turn, obligation)
  return obligation.state === 'held' && !obligation.leaseLost ? obligation : undefined
}

export function loseLease(turn: Turn, id: Path): void {
  const known = turn.state.obligations[id]
  if (known?.state !== 'held' || known.leaseLost) return
  const obligation = ownObligation(turn, id)
  stopLease(turn, id)
  obligation.leaseLost = true
  tell(turn, obligation)
  const last = obligation.lastFailure
  const reason = failure('leaseLost', `the lease of ${id} is lost`, last?.detail === undefined ? {} : { detail: last.detail })
  stopDependents(turn, id, reason)
}
