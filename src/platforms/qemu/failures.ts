// What goes wrong between Holdfast and QEMU, in the words of the pack.
import { ActionFailure, type Failure } from '../../packs/index.ts'
import { MonitorFailed } from './monitor.ts'

/** `changed`: whether a command that changes something had been sent. Anything unknown is a bug and stays one. */
export function asFailure(error: unknown, changed: boolean): unknown {
  if (!(error instanceof MonitorFailed)) return error
  const { message, errorClass } = error
  const applied = changed ? 'maybe' : 'no'
  switch (error.reason) {
    case 'unreachable':
    case 'busy':
      return failure({ type: 'unreachable', message, retryable: true, applied })
    case 'unusable':
      return failure({ type: 'unreachable', message, retryable: false, applied })
    case 'lost':
      return failure({ type: 'answerLost', message, retryable: true, applied })
    case 'refused':
      return failure({ type: 'refused', message, detail: { class: errorClass ?? '' }, retryable: false, applied })
  }
}

export const failure = (what: Failure): ActionFailure => new ActionFailure(what)

/** Nothing of what was to be let go is there. */
export const gone = (what: string): ActionFailure =>
  failure({ type: 'gone', message: `${what} is not there`, retryable: false, applied: 'no' })

/** The answer to the making of what this builds upon was lost half-way, and what is there was taken over. */
export const halfMade = (what: string): ActionFailure =>
  failure({ type: 'halfMade', message: `there is ${what}`, retryable: false, applied: 'no' })
