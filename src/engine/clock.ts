// Clocks: the system's, and one that runs faster so that a rehearsal of hours takes seconds.
import type { Clock } from '../packs/index.ts'

/** The longest that one `setTimeout` can wait. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1

const originMs = Date.now() - performance.now()

/**
 * The time at which the process started, and what has passed since. Setting the host's clock does not move it: a clock set ahead
 * by an hour would end every time-out at once, and take for final that what was asked for a moment ago did not appear.
 */
export const systemClock: Clock = { now: () => Math.round(originMs + performance.now()), sleep }

/** A clock that runs `rate` times as fast since `startedAt`; several processes that are given the same agree on the time. */
export function fastClock(rate: number, startedAt: number = Date.now()): Clock {
  return {
    now: () => startedAt + Math.floor((Date.now() - startedAt) * rate),
    sleep: (durationMs, signal) => sleep(durationMs / rate, signal),
  }
}

/** Resolves or rejects as the work does, and after so long at the latest. */
export async function waitAtMost(clock: Clock, longestMs: number, work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController()
  try {
    await Promise.race([work, clock.sleep(longestMs, waiting.signal).catch(() => {})])
  } finally {
    waiting.abort()
  }
}

async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  let restMs = durationMs
  while (restMs > LONGEST_SLEEP_MS) {
    await pause(LONGEST_SLEEP_MS, signal)
    restMs -= LONGEST_SLEEP_MS
  }
  await pause(restMs, signal)
}

function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = (): void => {
      clearTimeout(timeout)
      reject(signal?.reason)
    }
    const timeout = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, durationMs)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
