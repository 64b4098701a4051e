// How a call that threw is told to the kernel. Text that others wrote loses every secret the call was given. [P11]
import { type Action, ActionFailure, type Effect, type Failure } from '../packs/index.ts'
import { isObject, type Json, type JsonObject, redact, type SchemaProblem, type Secret } from '../values/index.ts'

/** An abort's effect: a read did nothing, anything else may have. */
export function aborted(reason: string, effect: Effect): Failure {
  return { type: 'aborted', message: `ended early: ${reason}`, retryable: true, applied: appliedBy(effect) }
}

/** What a handler threw that it should not have. The stack is kept for `show`. */
export function bug(error: unknown, effect: Effect): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const detail: JsonObject = stack === undefined ? {} : { stack }
  return { type: 'bug', message, detail, retryable: false, applied: appliedBy(effect) }
}

/** A handler's answer that is not what its action promises. */
export function outputInvalid({ name, effect }: Action, problems: readonly SchemaProblem[]): Failure {
  return {
    type: 'outputInvalid',
    message: `${name} answered wrongly: ${worded('output', problems)}`,
    retryable: false,
    applied: appliedBy(effect),
  }
}

export const worded = (root: string, problems: readonly SchemaProblem[]): string =>
  problems.map(({ path, message }) => `${[root, ...path].join('.')} ${message}`).join('; ')

export function failureOf(error: unknown, effect: Effect, secrets: ReadonlySet<Secret>): Failure {
  const failure = error instanceof ActionFailure ? error.failure : bug(error, effect)
  return secrets.size === 0 ? failure : (withoutSecrets(failure as unknown as Json, secrets) as unknown as Failure)
}

const appliedBy = (effect: Effect): Failure['applied'] => (effect === 'read' ? 'no' : 'maybe')

/** The value with the mark in place of every secret that occurs in one of its texts. */
export function withoutSecrets(value: Json, secrets: ReadonlySet<Secret>): Json {
  if (typeof value === 'string') return redact(value, secrets)
  if (Array.isArray(value)) return value.map((item: Json) => withoutSecrets(item, secrets))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item, secrets)]))
}
