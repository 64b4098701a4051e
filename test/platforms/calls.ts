// Calls of actions without a run: what a handler is given, and how it failed.
import { systemClock } from '../../src/engine/index.ts'
import { type ActionContext, ActionFailure, type Failure, type Handlers } from '../../src/packs/index.ts'
import type { JsonObject } from '../../src/values/index.ts'

type Told = Pick<ActionContext, 'connection'> & Partial<ActionContext>

export const contextOf = (told: Told): ActionContext => ({
  runId: 'run-1',
  path: 'test',
  key: '11111111-1111-4111-8111-111111111111',
  signal: new AbortController().signal,
  clock: systemClock,
  progress: () => undefined,
  assertOwner: () => undefined,
  checkpoint: { load: () => undefined, save: async () => undefined },
  ...told,
})

export function callAction(handlers: Handlers, action: string, input: JsonObject, told: Told): Promise<JsonObject> {
  const handler = handlers[action]
  if (!handler) throw new Error(`no action ${action}`)
  return handler(input, contextOf({ path: action, ...told }))
}

/** Of the n-th call of a test. */
export const keyOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** The failure that a call must end in. */
export const failureOf = (call: Promise<JsonObject>): Promise<Failure> =>
  call.then(
    (output) => Promise.reject(new Error(`it succeeded with ${JSON.stringify(output)}`)),
    (error: unknown) => (error instanceof ActionFailure ? error.failure : Promise.reject(error)),
  )
