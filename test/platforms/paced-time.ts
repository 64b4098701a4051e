// Time that runs fast, and only while this process does: on a machine too busy to run it, a lease does not lapse, nor does a call time out.
import type { Clock } from '../../src/packs/index.ts'
import type { PlatformClock } from '../../src/platforms/simulation/index.ts'

export interface PacedTime extends Disposable {
  /** All of them are moved together. */
  clock(rate: number): Clock
  /** Moves a platform whose time stands still by itself. */
  move(platform: PlatformClock, rate: number): void
}

const TICK_MS = 1
/** What one tick counts at most. So between two renewals of a lease the loop turns some sixty times, however long a turn takes. */
const LONGEST_TICK_MS = 20

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

export function startPacedTime(): PacedTime {
  const startedAt = Date.now()
  const platforms: { readonly clock: PlatformClock; readonly rate: number }[] = []
  const sleepers = new Set<Sleeper>()
  let passedMs = 0
  let seenMs = performance.now()
  const ticking = setInterval(() => {
    const tickMs = Math.min(performance.now() - seenMs, LONGEST_TICK_MS)
    seenMs = performance.now()
    passedMs += tickMs
    for (const { clock, rate } of platforms) clock.advance(tickMs * rate)
    const due = [...sleepers].filter(({ dueMs }) => dueMs <= passedMs).sort((one, other) => one.dueMs - other.dueMs)
    for (const { wake } of due) wake()
  }, TICK_MS)

  return {
    clock: (rate) => ({
      now: () => startedAt + Math.floor(passedMs * rate),
      sleep: (durationMs, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason)
          const sleeper: Sleeper = {
            dueMs: passedMs + durationMs / rate,
            wake: () => {
              sleepers.delete(sleeper)
              signal?.removeEventListener('abort', stop)
              resolve()
            },
          }
          const stop = (): void => {
            sleepers.delete(sleeper)
            reject(signal?.reason)
          }
          sleepers.add(sleeper)
          signal?.addEventListener('abort', stop, { once: true })
        }),
    }),
    move: (clock, rate) => void platforms.push({ clock, rate }),
    [Symbol.dispose]: () => clearInterval(ticking),
  }
}
