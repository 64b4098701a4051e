// A switch over an enum has a case for each value, and no other.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { kindsOf } from '../types/index.ts'
import { typeOf } from './inference.ts'
import type { Survey } from './survey.ts'

export function checkCases({ visits }: Survey): readonly Diagnostic[] {
  return visits.flatMap(({ step, sight }) => {
    if (step.kind !== 'switch') return []
    const type = typeOf(step.on, sight)
    const values = type.string
    if (!Array.isArray(values) || kindsOf(type).length > 1) return []
    const cases = step.cases.map(({ value }) => value)
    const missing = values.filter((value) => !cases.includes(value))
    return [
      ...step.cases
        .filter(({ value }) => !values.includes(value))
        .map(({ value, valueSpan }) => codes.caseUnknown(valueSpan, value, values)),
      ...(missing.length > 0 && !step.else ? [codes.caseMissing(step.on.span, missing)] : []),
    ]
  })
}
