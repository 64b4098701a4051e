// The ways in which a call can fail, from the manifest. Failures that the kernel cannot tell apart are explored once.
import type { Program } from '../kernel/index.ts'
import type { Action, Failure, FailureType } from '../packs/index.ts'
import { everyStep } from './document.ts'

const told = (
  type: string,
  { message, retryable, applied }: Pick<FailureType, 'message' | 'retryable' | 'applied'>,
): Failure => ({
  type,
  message,
  retryable,
  applied,
})

export const NOT_REACHABLE = told('notReachable', { message: 'the platform cannot be reached', retryable: true, applied: 'no' })
const ANSWER_LOST = { message: 'the answer never came', retryable: true }

/** What an action may answer instead of a success: all its declared failures, and those of the network. */
export const failuresOf = ({ failures, effect }: Action): readonly Failure[] => [
  ...Object.entries(failures).map(([type, declared]) => told(type, declared)),
  told('answerLost', { ...ANSWER_LOST, applied: effect === 'read' ? 'no' : 'maybe' }),
  NOT_REACHABLE,
]

export const abortedBy = ({ effect }: Action): Failure =>
  told('aborted', { message: 'it was ended early', retryable: true, applied: effect === 'read' ? 'no' : 'maybe' })

const classes = new WeakMap<Program, Map<string, readonly Failure[]>>()

/** One failure of each kind that the kernel treats differently: by its flags, and by its name where a list names it. */
export function kindsOfFailure(program: Program, action: Action): readonly Failure[] {
  const known = classes.get(program) ?? new Map<string, readonly Failure[]>()
  classes.set(program, known)
  const seen = known.get(action.name)
  if (seen) return seen
  const types = namedTypes(program)
  const byKind = new Map<string, Failure>()
  for (const failure of failuresOf(action)) {
    const kind = [failure.retryable, failure.applied, types.has(failure.type) ? failure.type : ''].join(' ')
    if (!byKind.has(kind)) byKind.set(kind, failure)
  }
  const kinds = [...byKind.values()]
  known.set(action.name, kinds)
  return kinds
}

const named = new WeakMap<Program, ReadonlySet<string>>()

/** Failure types that some list of the runbook or of a manifest mentions, and the two that the kernel itself looks for. */
export function namedTypes(program: Program): ReadonlySet<string> {
  const known = named.get(program)
  if (known) return known
  const resources = Object.values(program.resources).flatMap(({ release, lease }) => [...release.gone, ...(lease?.lost ?? [])])
  const caught = [...everyStep(program.root)].flatMap((step) => (step.kind === 'scope' ? (step.catch?.on ?? []) : []))
  const types = new Set([...resources, ...caught, 'crashed', 'aborted'])
  named.set(program, types)
  return types
}

const asking = new WeakMap<Program, boolean>()

/** Whether a condition, a choice or an assertion of the runbook looks into an error: then all of every failure counts. */
export function asksAboutErrors(program: Program): boolean {
  const known = asking.get(program)
  if (known !== undefined) return known
  const asks = [...everyStep(program.root)].some((step) => {
    const templates = [step.if, step.kind === 'switch' ? step.on : undefined, step.kind === 'foreach' ? step.in : undefined]
    const that = step.kind === 'uses' ? step.with.entries.filter(({ name }) => name === 'that').map(({ value }) => value) : []
    return [...templates, ...that].some((template) => template !== undefined && /error/.test(JSON.stringify(template)))
  })
  asking.set(program, asks)
  return asks
}
