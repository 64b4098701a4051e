// What holds of every step where a runbook says nothing.
import type { RetryPolicy } from './model.ts'

/** Passing faults of a network or a busy platform are ridden out for about half a minute. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, delayMs: 1000, factor: 2, maxDelayMs: 30_000 }

/** Failure types that any step can end in, besides those that its action declares. */
export const ENGINE_FAILURES = [
  'inputInvalid',
  'outputInvalid',
  'expressionFailed',
  'timedOut',
  'stalled',
  'aborted',
  'leaseLost',
  'maxHoldExceeded',
  'notReachable',
  'answerLost',
  'unexpectedAnswer',
  'taskFailed',
  'dirtyClose',
  'assertionFailed',
  'usedAfterRelease',
  'stillInUse',
  'notReleased',
  'noCase',
  'loopKeyInvalid',
  'loopKeyRepeated',
  'approvalTimedOut',
  'denied',
  'cancelled',
  'crashed',
  'bug',
] as const
