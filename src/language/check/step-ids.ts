// Ids are unique among the steps that can see each other: in one block, and along the blocks around it.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import { earlierStep, type Survey } from './survey.ts'

export function checkStepIds({ visits }: Survey): readonly Diagnostic[] {
  return visits.flatMap(({ step, sight }) => {
    const enclosing = sight.around.slice(0, -1).find(({ id }) => id === step.id)
    const taken = earlierStep(sight, step.id) ?? enclosing
    return taken ? [codes.stepIdTaken(step.idSpan, step.id, taken.idSpan)] : []
  })
}
