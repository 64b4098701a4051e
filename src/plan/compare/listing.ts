// What a plan says a run may do: each call and each obligation of a run must be in it. [P10]
import type { CallCommand, Obligation } from '../../kernel/index.ts'
import type { Hold, Plan, PlanStep } from '../model.ts'
import { flat } from './flat.ts'
import { type PlannedPath, plannedPaths } from './paths.ts'

export type MadeCall = Pick<CallCommand, 'path' | 'purpose' | 'action'>

export interface Listing {
  readonly steps: ReadonlyMap<string, PlanStep>
  readonly holds: ReadonlyMap<string, Hold>
  /** The planned path of a step that ran. */
  readonly stepOf: PlannedPath
  readonly holdOf: PlannedPath
  lists(call: MadeCall): boolean
  /** Acquired where, as what and owned by whom it was planned. */
  holdsAs(obligation: Pick<Obligation, 'id' | 'type' | 'owner'>): boolean
}

export function listingOf(plan: Plan): Listing {
  const steps = new Map(flat(plan.steps).map(({ step }) => [step.path, step]))
  const holds = new Map(plan.holds.map((hold) => [hold.path, hold]))
  const stepOf = plannedPaths(steps.keys())
  const holdOf = plannedPaths(holds.keys())
  return {
    steps,
    holds,
    stepOf,
    holdOf,
    lists: ({ path, purpose, action }) => {
      if (purpose === 'step') return steps.get(stepOf(path) ?? '')?.action === action
      const hold = holds.get(holdOf(path) ?? '')
      if (purpose === 'release') return hold?.release === action
      return purpose === 'renew' ? hold?.leaseEveryMs !== undefined : hold !== undefined
    },
    holdsAs: ({ id, type, owner }) => {
      const hold = holds.get(holdOf(id) ?? '')
      return hold !== undefined && hold.type === type && plannedPaths([hold.owner])(owner) !== undefined
    },
  }
}
