// How an exploration lets steps fail: in a pass of their own where a catch waits for it, and after all that can go on beside them.
import { actionNamed, type CallCommand, enclosingSteps, stepAt } from '../kernel/index.ts'
import { type JsonObject, unknown } from '../values/index.ts'
import type { EventBody, Walk } from './walk.ts'

/** The same question at the same place of the runbook: each way is taken once, however many items a loop has. */
export function questionAt({ state }: Walk, path: string): string {
  const step = state.steps[path]
  return `${state.blocks[step?.block ?? '']?.place ?? ''}/${step?.id}`
}

/** The failure of its action that this call takes in this pass: one pass for each that a catch around it waits for. */
export function failureToTake(on: Walk, { path, action }: CallCommand): string | undefined {
  const { failures } = actionNamed(on.program, action)
  return take(
    on,
    path,
    `${questionAt(on, path)} fails`,
    caughtTypes(on, path).filter((type) => failures[type] !== undefined),
  )
}

/** Any failure. */
const ANY = 'failed'

/**
 * The failure that a scope takes in this pass by itself, at its first step: what its catch waits for and no action declares comes of
 * time, people, leases, crashes or expressions, and may come anywhere inside.
 */
export function ownFailureToTake(on: Walk, path: string): string | undefined {
  const { state, program } = on
  const block = state.blocks[state.steps[path]?.block ?? '']
  if (block?.step === undefined || block.variant !== 'body' || block.next > 0) return undefined
  const scope = stepAt(program, state, block.step)
  if (scope?.kind !== 'scope' || !scope.catch) return undefined
  const isDeclared = (type: string): boolean =>
    Object.values(program.actions).some(({ failures }) => failures[type] !== undefined)
  const own = (scope.catch.on ?? [ANY]).filter((type) => !isDeclared(type))
  return take(on, path, `${questionAt(on, block.step)} fails by itself`, own)
}

function take(on: Walk, path: string, question: string, ways: readonly string[]): string | undefined {
  if (ways.length === 0) return undefined
  on.offer(question, [...new Set(ways)])
  on.offerAlone(question, path, [...new Set(ways)])
  return on.taken[question] ?? on.taken[alone(question, path)]
}

export const alone = (question: string, path: string): string => `${question} at ${path}`

/** What a catch sees of an error: only a run can tell how it came. */
export const openError = (error: JsonObject): JsonObject => ({
  type: error.type === ANY || error.type === undefined ? unknown('error.type') : error.type,
  message: unknown('error.message'),
  path: unknown('error.path'),
  detail: unknown('error.detail'),
})

export const isCaught = (on: Walk, path: string, type: string): boolean =>
  caughtTypes(on, path).some((each) => each === ANY || each === type)

/** Types of failures that a catch around the step waits for. */
function caughtTypes({ state, program }: Walk, path: string): readonly string[] {
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
    case 'evaluationFailed':
      return state.evaluations[event.id]?.path
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

/**
 * What fails for certain hides all that comes after it. Where it stands in a step whose condition is unknown, or in a loop over an
 * unknown list, a run may come round it: a later pass leaves that step out, or takes the list for empty.
 */
export function offerWaysRound(on: Walk, path: string): void {
  for (const around of [path, ...enclosingSteps(on.state, path)])
    if (on.pass.guarded.has(around) || on.pass.each.has(around)) on.offer(`${questionAt(on, around)} comes round`, ['round'])
}

export const takesWayRound = (on: Walk, path: string): boolean => on.taken[`${questionAt(on, path)} comes round`] !== undefined

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
