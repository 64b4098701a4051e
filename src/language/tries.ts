// How long the tries of one call may take together. One arithmetic for check, which forbids, and plan, which shows.
import type { RetryPolicy } from './model.ts'

/** Each try takes its time-out, with the pauses between; look-ups after a lost answer do not count. */
export const longestOfTriesMs = (timeoutMs: number, { attempts, ...pauses }: RetryPolicy): number =>
  attempts * timeoutMs + pausesMs(attempts, pauses)

/** The pauses between so many attempts: those that grow, and then those that are as long as they get. */
function pausesMs(attempts: number, { delayMs, factor, maxDelayMs }: Omit<RetryPolicy, 'attempts'>): number {
  const pauses = attempts - 1
  if (delayMs === 0 || delayMs >= maxDelayMs || factor === 1) return pauses * Math.min(delayMs, maxDelayMs)
  const growing = Math.min(pauses, Math.ceil(Math.log(maxDelayMs / delayMs) / Math.log(factor)))
  return (delayMs * (factor ** growing - 1)) / (factor - 1) + (pauses - growing) * maxDelayMs
}
