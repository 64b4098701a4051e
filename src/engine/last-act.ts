// When nothing can be recorded any more, as on a full disk, the engine gives up. What is critical it lets go first, as any engine that
// took the run over would begin by doing: its record says that it is held, so it will be let go again, which does no harm. [P2, P5]
import { apply, type Command, type Event, forkState, type RunState } from '../kernel/index.ts'
import { type CallHost, startCall } from './calls.ts'
import type { Happening } from './happening.ts'
import { createTimers } from './timers.ts'

/** Somebody may be waiting for the engine to end. */
const LONGEST_MS = 60_000

export interface LastActOptions extends Omit<CallHost, 'post' | 'fenced'> {
  /** As it was last known; it stays as it is. */
  readonly state: RunState
  /** Resolves when the calls under way have ended or are given up: one of them may be acquiring. */
  readonly quiet: Promise<unknown>
}

/** Never rejects. Resolves when all that is critical is let go, or nothing more comes of it. */
export async function letGoOfCritical({ state, quiet, ...options }: LastActOptions): Promise<void> {
  const copy = forkState(state)
  const { clock, program } = options
  const now = (): number => Math.max(clock.now(), copy.now)
  const { promise: over, resolve: finish } = Promise.withResolvers<void>()
  const timers = createTimers(clock, now, (timer) => take({ kind: 'timerFired', timer }))
  const host: CallHost = { ...options, post: take, fenced: () => finish() }

  function take(happening: Happening): void {
    const commands = apply(program, copy, { ...happening, at: now() } as Event)
    // The rest is for an engine that can record it.
    if (copy.phase !== 'recovering') return finish()
    for (const command of commands) perform(command)
  }

  function perform(command: Command): void {
    if (command.kind === 'call') startCall(host, command)
    else if (command.kind === 'setTimer') timers.set(command.timer, command.at)
    else if (command.kind === 'clearTimer') timers.clear(command.timer)
  }

  const waiting = new AbortController()
  await quiet
  take({ kind: 'restarted' })
  await Promise.race([over, clock.sleep(LONGEST_MS, waiting.signal).catch(() => {})])
  waiting.abort()
  timers.clearAll()
}
