// How long the tries of one call may take together. One arithmetic for check, which forbids, and plan, which shows.
import type { RetryPolicy } from './model.ts'

/** Each try takes its time-out, with the pauses between; look-ups after a lost answer do not count. */
export const longestOfTriesMs = (timeoutMs: number, { attempts, ...pauses }: RetryPolicy): number =>
  attempts * timeoutMs + pausesMs(attempts, pauses)

/** The pauses between so many attempts. From where they grow no more they are not added up one by one. */
function pausesMs(attempts: number, { delayMs, factor, maxDelayMs }: Omit<RetryPolicy, 'attempts'>): number {
  let sumMs = 0
  let pauseMs = delayMs
  for (let left = attempts - 1; left > 0; left -= 1) {
    if (pauseMs >= maxDelayMs || factor === 1) return sumMs + left * Math.min(pauseMs, maxDelayMs)
    sumMs += pauseMs
    pauseMs *= factor
  }
  return sumMs
}
