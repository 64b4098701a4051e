// `retry` stands only where it can ever be used: what may have taken effect is repeated only where that is safe.
import type { Diagnostic } from '../../diagnostics/index.ts'
import type { ActionView, CatalogueView } from '../catalogue.ts'
import { retryUnsafe } from '../codes/index.ts'
import type { Survey } from './survey.ts'

export const checkRetries = ({ calls, catalogue }: Survey): readonly Diagnostic[] =>
  calls.flatMap(({ step, action }) =>
    step.retry && step.retry.attempts > 1 && !isEverRepeated(action, catalogue)
      ? [retryUnsafe(step.actionSpan, step.action)]
      : [],
  )

function isEverRepeated({ effect, idempotent, resource, failures = {} }: ActionView, catalogue: CatalogueView): boolean {
  if (effect === 'read' || idempotent !== false) return true
  if (effect === 'acquire' && catalogue.resource(resource ?? '')?.find !== undefined) return true
  return Object.values(failures).some(({ retryable, applied }) => retryable && applied === 'no')
}
