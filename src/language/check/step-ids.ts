// Ids are unique among the steps that can see each other: in one block, and along the blocks around it. The run itself has one, too.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { earlierStep, type Survey } from './survey.ts'

/** The path of the run itself, as plans, journals and ledgers tell it. */
const RUN = 'run'

export function checkStepIds({ visits }: Survey): readonly Diagnostic[] {
  return visits.flatMap(({ step, sight }) => {
    const enclosing = sight.around.slice(0, -1).find(({ id }) => id === step.id)
    const taken = earlierStep(sight, step.id) ?? enclosing
    if (step.id === RUN && sight.around.length <= 1) return [codes.stepCalledRun(step.idSpan)]
    return taken ? [codes.stepIdTaken(step.idSpan, step.id, taken.idSpan)] : []
  })
}
