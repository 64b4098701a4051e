// What cannot be undone is approved of before: what destroys, and what a step deletes that the engine would not release.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { destroyUnapproved } from '../codes/index.ts'
import type { Step } from '../model.ts'
import { conditionsIn } from '../types/index.ts'
import { earlierSteps, type Sight, type Survey } from './survey.ts'

export const checkApprovals = ({ calls }: Survey): readonly Diagnostic[] =>
  calls.flatMap(({ step, action, sight }) =>
    (action.effect !== 'destroy' && action.effect !== 'release') ||
    earlierSteps(sight).some((each) => each.kind === 'approve' && hasRun(each, sight))
      ? []
      : [destroyUnapproved(step.actionSpan, step.action, action.effect)],
  )

/** Whether a step has certainly run by then: it has no condition, or only such as hold here. */
const hasRun = (step: Step, { held }: Sight): boolean =>
  step.if === undefined || (step.if.kind === 'expression' && conditionsIn(step.if.source).every((each) => held.includes(each)))
