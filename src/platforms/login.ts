// What the logins of platforms have in common: how a refused one fails, and how an answer is read that may be no JSON.
import { ActionFailure } from '../packs/index.ts'
import { isObject, type JsonObject } from '../values/index.ts'

/** `hint` says what to check in a target of that platform. */
export const refusedLogin =
  (hint: string) =>
  (message: string, retryable = false): ActionFailure =>
    new ActionFailure({ type: 'notAuthenticated', message, hint, retryable, applied: 'no' })

/** The object that the body is; an empty one where it is none. */
export function objectIn(body: Uint8Array): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
