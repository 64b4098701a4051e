// Time for rehearsals: it stands still while anything is being done, and leaps to the next moment as soon as all there is left
// is waiting. So an hour of leases and time-outs takes milliseconds, and nothing depends on how busy the machine is.
import type { Clock } from '../packs/index.ts'

/** Turns of the event loop in which nothing was begun; after them all is taken to wait for time. */
const QUIET_TURNS = 6
/** Real time after which even work that is under way is taken to wait: nothing else would ever end it. */
const PATIENCE_MS = 3000
/** More than that of one turn is no waiting: this process did not get the processor, or was busy itself. */
const LONGEST_TURN_MS = 20
/** A run that takes longer than this of its own time waits for what never comes. */
const LONGEST_MS = 3 * 86_400_000

/** How long it takes until somebody looks, at questions and for answers; a question whose time is over by then stays without one. */
export const LOOKS_EVERY_MS = 20_000

/** When every rehearsal begins, milliseconds since the epoch. */
export const STARTS_AT_MS = Date.UTC(2026, 0, 1)

export interface RehearsalClock extends Clock {
  /** Time stands still until the answer is called. */
  busy(): () => void
  /** Milliseconds that have passed. */
  readonly passedMs: number
  /** Resolves when nothing is left that could ever happen, or nothing that will soon. */
  readonly stuck: Promise<void>
  end(): void
}

/** Something else that time passes for. */
export interface Follower {
  readonly nextDueMs: number | undefined
  advanceTo(ms: number): void
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function createRehearsalClock(startAtMs: number, followers: () => readonly Follower[]): RehearsalClock {
  const sleepers = new Set<Sleeper>()
  const stuck = Promise.withResolvers<void>()
  let now = startAtMs
  let working = 0
  let quiet = 0
  let quietMs = 0
  let turnedAt = performance.now()
  let ended = false

  const stir = (): void => {
    quiet = 0
    quietMs = 0
  }

  function turn(): void {
    if (ended) return
    quiet += 1
    quietMs += Math.min(LONGEST_TURN_MS, performance.now() - turnedAt)
    turnedAt = performance.now()
    const idle = working === 0 ? quiet > QUIET_TURNS : quietMs > PATIENCE_MS
    if (idle) leap()
    // Work under way needs the processor; without any, the next leap is a few turns away.
    if (working === 0) setImmediate(turn)
    else setTimeout(turn, 1)
  }

  function leap(): void {
    const dues = followers().flatMap(({ nextDueMs }) => (nextDueMs === undefined ? [] : [nextDueMs]))
    const next = Math.min(...dues, ...[...sleepers].map(({ at }) => at))
    // Without anybody who sleeps, something that is not counted as work may still be under way.
    if (next === Number.POSITIVE_INFINITY && quietMs < PATIENCE_MS) return
    if (next - startAtMs > LONGEST_MS) return stuck.resolve()
    stir()
    now = Math.max(now, next)
    for (const follower of followers()) follower.advanceTo(now)
    const due = [...sleepers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)
    for (const sleeper of due) {
      sleepers.delete(sleeper)
      sleeper.wake()
    }
  }

  setImmediate(turn)
  return {
    now: () => now,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const stop = (): void => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper: Sleeper = {
          at: now + Math.max(0, durationMs),
          wake: () => {
            signal?.removeEventListener('abort', stop)
            resolve()
          },
        }
        signal?.addEventListener('abort', stop, { once: true })
        sleepers.add(sleeper)
        stir()
      }),
    busy: () => {
      working += 1
      stir()
      let over = false
      return () => {
        if (over) return
        over = true
        working -= 1
        stir()
      }
    },
    get passedMs() {
      return now - startAtMs
    },
    stuck: stuck.promise,
    end: () => {
      ended = true
    },
  }
}
