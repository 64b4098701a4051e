// Only what changes nothing is called again and again.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import type { Survey } from './survey.ts'

export function checkPolling({ calls }: Survey): readonly Diagnostic[] {
  return calls.flatMap(({ step, action }) =>
    step.until && action.effect !== 'read' ? [codes.pollNotRead(step.until.span, step.action, action.effect)] : [],
  )
}
