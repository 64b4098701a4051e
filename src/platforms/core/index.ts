// Handlers of the core pack. They touch nothing outside the run.
import { ActionFailure, type Handlers } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'

export const coreHandlers: Handlers = {
  'core/assert': async (input: JsonObject) => {
    if (input.that === true) return {}
    throw new ActionFailure({ type: 'assertionFailed', message: String(input.message), retryable: false, applied: 'no' })
  },
}
