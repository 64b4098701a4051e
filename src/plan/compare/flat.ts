// The steps of a plan in one list, each before what is inside it.
import type { PlanStep } from '../model.ts'

export interface Placed {
  readonly step: PlanStep
  /** Path of the step around it. */
  readonly parent?: string
}

export const flat = (steps: readonly PlanStep[], parent?: string): readonly Placed[] =>
  steps.flatMap((step) => [{ step, ...(parent === undefined ? {} : { parent }) }, ...flat(step.steps, step.path)])
