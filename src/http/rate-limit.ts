// A token bucket: a minute's calls may come at once, after that they come evenly. Waiting calls keep their order.
import type { Clock } from '../packs/index.ts'

export interface RateLimit {
  /** Resolves when one more call may leave; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<void>
}

const MINUTE_MS = 60_000

export function createRateLimit(perMinute: number, clock: Clock): RateLimit {
  let tokens = perMinute
  let refilledAt = clock.now()
  return {
    async take(signal) {
      signal.throwIfAborted()
      const now = clock.now()
      tokens = Math.min(perMinute, tokens + ((now - refilledAt) / MINUTE_MS) * perMinute)
      refilledAt = now
      // Below zero the token is taken in advance: the debt says how long to wait, and those who come later owe more.
      tokens -= 1
      if (tokens >= 0) return
      try {
        await clock.sleep((-tokens * MINUTE_MS) / perMinute, signal)
      } catch (error) {
        tokens += 1
        throw error
      }
    },
  }
}
