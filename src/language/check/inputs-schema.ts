// The runbook's inputs are an object schema that a validator can use.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { validator } from '../../values/index.ts'
import * as codes from '../codes.ts'
import type { Survey } from './survey.ts'

export function checkInputsSchema({ runbook: { inputs, inputsSpan } }: Survey): readonly Diagnostic[] {
  if (!inputs || !inputsSpan) return []
  if (inputs.type !== 'object') return [codes.inputsSchemaInvalid(inputsSpan, 'its type must be object')]
  try {
    validator(inputs)
    return []
  } catch (error) {
    return [codes.inputsSchemaInvalid(inputsSpan, error instanceof Error ? error.message : String(error))]
  }
}
