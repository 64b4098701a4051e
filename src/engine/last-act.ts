// What is critical is let go beyond what the run records: before an engine that cannot go on, as on a full disk, gives up, as any engine that
// took the run over would begin by doing; and once more where a handler that was waited for no longer ends after all. [P2, P5]
import { isDeepStrictEqual } from 'node:util'
import { OwnerFenced } from '../journal/index.ts'
import {
  apply,
  type Command,
  type Event,
  forkState,
  type Obligation,
  type Path,
  type Report,
  type RunState,
  resourceNamed,
} from '../kernel/index.ts'
import { type Call, type CallHost, startCall } from './calls.ts'
import { waitAtMost } from './clock.ts'
import type { Happening } from './happening.ts'
import { createTimers } from './timers.ts'

/** A handler that does not heed its abort is waited for no longer: somebody may be waiting for the engine to end. */
const LONGEST_MS = 60_000

export interface LastActOptions extends Omit<CallHost, 'post' | 'fenced'> {
  /** As it was last known; it stays as it is. */
  readonly state: RunState
  /** Those under way, which were asked to end. */
  readonly calls: Iterable<Call>
  readonly report: (report: Report) => void
}

/** Never rejects. Resolves when all that is critical is let go, or nothing more comes of it. */
export async function letGoOfCritical({ calls, ...options }: LastActOptions): Promise<void> {
  await Promise.all([...calls].map((call) => Promise.race([call.over, call.givenUp])))
  await letGo(options)
}

/**
 * Of a call that was given up: what it acquires at its end, after what it had acquired by then was let go, nobody else will know of.
 * Never rejects; resolves when that is let go, or the handler hangs on.
 */
export async function letGoOfLate(options: Omit<LastActOptions, 'calls'>, path: Path, call: Call): Promise<void> {
  const { program, state, clock } = options
  const then = forkState(state)
  const late = then.obligations[path]
  if (!late || !resourceNamed(program, late.type).critical) return
  await waitAtMost(clock, LONGEST_MS, call.over)
  if (Object.values(state.obligations).some((other) => isAnew(other, late))) return
  await letGo({ ...options, state: { ...then, obligations: { [path]: late } } })
}

/** The same was acquired since, and is wanted: its own release is to come. */
const isAnew = (other: Obligation, { id, sentAt, type, identity }: Obligation): boolean =>
  (other.state === 'intended' || other.state === 'held') &&
  (other.id !== id || other.sentAt !== sentAt) &&
  other.type === type &&
  isDeepStrictEqual(other.identity, identity)

async function letGo({ state, report, ...options }: Omit<LastActOptions, 'calls'>): Promise<void> {
  const copy = forkState(state)
  const { clock, program, journal } = options
  const now = (): number => Math.max(clock.now(), copy.now)
  const { promise: over, resolve: finish } = Promise.withResolvers<void>()
  const calls = new Map<string, Call>()
  const timers = createTimers(clock, now, (timer) => take({ kind: 'timerFired', timer }))
  const host: CallHost = {
    ...options,
    journal: { ...journal, assertOwner: (id, epoch) => unlessFenced(() => journal.assertOwner(id, epoch)) },
    post: take,
    fenced: () => finish(),
  }

  function take(happening: Happening): void {
    const commands = apply(program, copy, { ...happening, at: now() } as Event)
    // The rest is for an engine that can record it.
    if (copy.phase !== 'recovering') return finish()
    for (const command of commands) perform(command)
  }

  function perform(command: Command): void {
    if (command.kind === 'call') calls.set(command.id, startCall(host, command))
    else if (command.kind === 'abort') calls.get(command.call)?.abort(command.reason)
    else if (command.kind === 'setTimer') timers.set(command.timer, command.at)
    else if (command.kind === 'clearTimer') timers.clear(command.timer)
    else if (command.kind === 'report' && command.report.kind === 'retrying') report(command.report)
  }

  take({ kind: 'restarted' })
  await over
  timers.clearAll()
}

/** A journal that cannot be read says nothing of who owns the run, and what is critical goes whoever does. */
function unlessFenced(assert: () => void): void {
  try {
    assert()
  } catch (error) {
    if (error instanceof OwnerFenced) throw error
  }
}
