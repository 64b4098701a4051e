// How an exploration lets steps fail: in a pass of their own where a catch waits for it, and after all that can go on beside them.
import { actionNamed, enclosingSteps, type Program, stepAt } from '../kernel/index.ts'
import type { EventBody, Walk } from './walk.ts'

/** The same question at the same place of the runbook: each way is taken once, however many items a loop has. */
export function questionAt({ state }: Walk, path: string): string {
  const step = state.steps[path]
  return `${state.blocks[step?.block ?? '']?.place ?? ''}/${step?.id}`
}

/** The failure that this pass takes here, if any; leaves the others that a catch waits for to later passes. */
export function failureToTake(on: Walk, path: string, canFail: (type: string) => boolean): string | undefined {
  const question = `${questionAt(on, path)} fails`
  const ways = [...new Set(caughtTypes(on, path))].filter((type) => type === ANY || canFail(type))
  if (ways.length > 0) on.offer(question, ways)
  return on.taken[question]
}

/** Any failure. */
export const ANY = 'failed'

/** What an action declares, and what the engine and the network may say of every call. */
export const mayFailWith =
  (program: Program, action: string) =>
  (type: string): boolean =>
    actionNamed(program, action).failures[type] !== undefined ||
    Object.values(program.actions).every(({ failures }) => failures[type] === undefined)

/** Types of failures that a catch around the step waits for. */
export function caughtTypes({ state, program }: Walk, path: string): readonly string[] {
  return enclosingSteps(state, path).flatMap((around) => {
    const step = stepAt(program, state, around)
    return step?.kind === 'scope' && step.catch && !path.startsWith(`${around}!catch`) ? (step.catch.on ?? [ANY]) : []
  })
}

/** The step that this lets fail. */
export function failedBy({ state, program }: Walk, event: EventBody): string | undefined {
  switch (event.kind) {
    case 'callFailed':
      return state.calls[event.call]?.path
    case 'approvalAnswered':
      return event.decision.kind === 'denied' ? event.approval : undefined
    case 'evaluated': {
      const evaluation = state.evaluations[event.id]
      const step = evaluation?.kind === 'step' ? stepAt(program, state, evaluation.path) : undefined
      const fails =
        step?.kind === 'fail' ||
        (step?.kind === 'switch' && !step.else && step.cases.every(({ value }) => value !== event.values.on))
      return fails ? evaluation?.path : undefined
    }
    default:
      return undefined
  }
}

/** How far inside a failure is dealt with, by a catch or by collecting it; what is dealt with far inside stops less beside it. */
export function reachOf({ state, program }: Walk, path: string): number {
  const around = enclosingSteps(state, path)
  const handler = around.findIndex((each) => {
    const step = stepAt(program, state, each)
    if (step?.kind === 'scope') return step.catch !== undefined && !path.startsWith(`${each}!catch`)
    return (step?.kind === 'foreach' || step?.kind === 'parallel') && step.onError === 'collect'
  })
  return handler === -1 ? 0 : around.length - handler
}
