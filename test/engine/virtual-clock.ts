// A clock for tests: hours pass as soon as nothing else is left to do. Nothing here waits for real time.
import type { Clock } from '../../src/packs/index.ts'

/** Turns of the event loop without a new sleeper after which everything is taken to wait for time. */
const QUIET_TURNS = 4

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function createVirtualClock(startsAt = 1_700_000_000_000): Clock {
  const sleepers = new Set<Sleeper>()
  let now = startsAt
  let quietTurns = 0
  let ticking = false

  function tick(): void {
    quietTurns += 1
    if (quietTurns >= QUIET_TURNS) {
      quietTurns = 0
      const next = [...sleepers].sort((a, b) => a.at - b.at)[0]
      if (next) {
        sleepers.delete(next)
        now = Math.max(now, next.at)
        next.wake()
      }
    }
    ticking = sleepers.size > 0
    if (ticking) setImmediate(tick)
  }

  return {
    now: () => now,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper: Sleeper = {
          at: now + durationMs,
          wake: () => {
            signal?.removeEventListener('abort', stop)
            resolve()
          },
        }
        const stop = (): void => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', stop, { once: true })
        sleepers.add(sleeper)
        quietTurns = 0
        if (!ticking) {
          ticking = true
          setImmediate(tick)
        }
      }),
  }
}
