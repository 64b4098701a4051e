// Slows transfers down to a rate; one throttle may be shared by many.
import { sleep } from './sleep.ts'

export interface Throttle {
  /** Waits until that many bytes may pass. */
  take(bytes: number, signal?: AbortSignal): Promise<void>
}

export interface ThrottleClock {
  now(): number
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

const CLOCK: ThrottleClock = { now: () => performance.now(), sleep }

export function createThrottle(bytesPerSecond: number, clock: ThrottleClock = CLOCK): Throttle {
  let freeAtMs = 0
  return {
    take: async (bytes, signal) => {
      const nowMs = clock.now()
      const startMs = Math.max(nowMs, freeAtMs)
      freeAtMs = startMs + (bytes / bytesPerSecond) * 1000
      if (startMs > nowMs) await clock.sleep(startMs - nowMs, signal)
    },
  }
}
