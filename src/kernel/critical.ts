// Critical resources go first and in order: the newest before those that were acquired before it, each as soon as the one before it
// has been asked to go. So a guest's file systems are thawed before its application is, and neither waits for anything else. [P5]
import type { Obligation, Path } from './model.ts'
import { childrenOf, heldUntil, resourceOf } from './obligations.ts'
import { type Program, resourceNamed } from './program.ts'
import type { BlockFrame, RunState } from './state.ts'
import { move, type Turn } from './turn.ts'

/** Newest first; those from which something else was acquired go after it. */
export const criticalOpen = (turn: Turn): readonly Obligation[] =>
  Object.values(turn.state.obligations)
    .filter((each) => each.state !== 'owed' && resourceOf(turn, each).critical && childrenOf(turn, each.id).length === 0)
    .reverse()

/** When the first of what is critical is to be let go at the latest. Undefined where nothing critical is held. */
export function criticalUntil(program: Program, { obligations }: RunState): number | undefined {
  let first: number | undefined
  for (const { type, state, intendedAt } of Object.values(obligations)) {
    const until = state === 'owed' ? undefined : heldUntil(resourceNamed(program, type), intendedAt)
    if (until !== undefined) first = Math.min(first ?? until, until)
  }
  return first
}

/** Asks the next critical resource to go: of every block that is being stopped and, after a crash, of the whole run. */
export function releaseCritical(turn: Turn): void {
  const { state } = turn
  const open = criticalOpen(turn)
  if (open.length === 0) return
  if (state.phase === 'recovering') return releaseNext(turn, open)
  for (const block of Object.values(state.blocks)) {
    if (!isStopping(block)) continue
    const [next, ...rest] = open.filter(({ owner }) => isWithin(state, owner, block.path))
    // What a block inside this one owns, that block lets go when it is stopped: in this same turn.
    if (next?.owner === block.path || (next && isAsked(state, next))) releaseNext(turn, next ? [next, ...rest] : rest)
  }
}

const isStopping = ({ phase, failure, cancelled }: BlockFrame): boolean =>
  phase === 'stopping' || (phase === 'yielding' && (failure !== undefined || cancelled))

/** The newest that has not been asked to go; one whose acquiring call is still under way is waited for. */
function releaseNext(turn: Turn, newestFirst: readonly Obligation[]): void {
  const next = newestFirst.find((each) => !isAsked(turn.state, each))
  if (next?.state === 'held') move(turn, { kind: 'release', obligation: next.id })
}

/** A release that waits for its next try stands in nobody's way; one that is under way does. */
const isAsked = (state: RunState, { id, state: phase }: Obligation): boolean =>
  phase === 'releasing' &&
  !Object.values(state.calls).some(({ path, purpose }) => path === id && purpose !== 'step' && purpose !== 'find')

function isWithin(state: RunState, block: Path, ancestor: Path): boolean {
  for (let at: Path | undefined = block; at !== undefined; at = state.blocks[at]?.parent) if (at === ancestor) return true
  return false
}
