// Evaluations over unknowns: what only a run can tell is taken every way, free of charge. Answers are kept, because the same
// question comes up in thousands of states.
import {
  type EvaluateCommand,
  type Event,
  inputSchemaOf,
  type Path,
  type Program,
  type RunState,
  shareState,
  stepAt,
} from '../kernel/index.ts'
import { conform, evaluateOpen, type Step } from '../language/index.ts'
import { holdsUnknown, isObject, isUnknown, type Json, unknown } from '../values/index.ts'
import { identityOf } from './identity.ts'
import type { Subject } from './model.ts'

export type EventBody = Event extends infer E ? (E extends Event ? Omit<E, 'at'> : never) : never

/** The ways in which evaluations can come out. */
export interface Unknowns {
  /** Works out a question that is new. Resolves at once where it is not. */
  prepare(command: EvaluateCommand, state: RunState): Promise<void> | undefined
  /** The ways that `prepare` found. */
  ways(command: EvaluateCommand): readonly EventBody[]
  /** In one of them the step fails at once: `fail`, a `switch` of which no case fits, a wait for what is no time. */
  mayFail(command: EvaluateCommand): boolean
  /** Paths of loops and sources of lists of which nobody can tell one item from another. Grows while questions are worked out. */
  readonly lists: ReadonlySet<string>
}

interface Answers {
  readonly ways: readonly EventBody[]
  readonly mayFail: boolean
}

export function createUnknowns(subject: Subject): Unknowns {
  const known = new Map<string, Answers>()
  const asked: Asked = { ...subject, lists: new Set() }
  const answersTo = (command: EvaluateCommand): Answers => {
    const answers = known.get(questionOf(command))
    if (!answers) throw new Error(`nobody prepared ${command.id}`)
    return answers
  }
  return {
    lists: asked.lists,
    prepare(command, state) {
      const question = questionOf(command)
      if (known.has(question)) return undefined
      return waysOf(asked, command, state).then((ways) => {
        known.set(question, { ways, mayFail: ways.some((way) => failsAtOnce(subject, state, command.path, way)) })
      })
    },
    ways: (command) => answersTo(command).ways,
    mayFail: (command) => answersTo(command).mayFail,
  }
}

/** Tried on a copy, as if nobody had stopped the step: the same question is asked again when nobody has. */
function failsAtOnce({ program, apply }: Subject, state: RunState, path: Path, way: EventBody): boolean {
  const copy = shareState(state)
  const frame = copy.steps[path]
  if (frame?.stopping !== undefined) {
    const { stopping: _, ...going } = frame
    copy.steps[path] = going
  }
  return apply(program, copy, { ...way, at: state.now }).some(
    (command) =>
      command.kind === 'report' &&
      command.report.kind === 'stepEnded' &&
      command.report.path === path &&
      command.report.outcome === 'failed',
  )
}

const questions = new WeakMap<EvaluateCommand, string>()

/** Two evaluations with the same id and roots come out the same. */
function questionOf(command: EvaluateCommand): string {
  const known = questions.get(command) ?? newQuestionOf(command)
  questions.set(command, known)
  return known
}

function newQuestionOf({ id, roots }: EvaluateCommand): string {
  const parts = [id]
  for (const [name, value] of Object.entries(roots)) {
    if (name === 'run') continue
    if (name !== 'steps' || !isObject(value)) parts.push(name, identityOf(value))
    else for (const [step, output] of Object.entries(value)) parts.push(step, identityOf(output))
  }
  return parts.join(' ')
}

interface Asked {
  readonly program: Program
  readonly items: number
  readonly lists: Set<string>
}

async function waysOf(asked: Asked, command: EvaluateCommand, state: RunState): Promise<readonly EventBody[]> {
  const { program } = asked
  const { id, path, guard, templates, roots } = command
  const ways: EventBody[] = []
  if (guard) {
    const condition = await evaluateOpen(guard, roots)
    if (condition !== true) ways.push({ kind: 'guardedOff', id })
    if (condition !== true && !isUnknown(condition)) return ways
  }
  const step = id === `${path}?start` ? stepAt(program, state, path) : undefined
  const values: Record<string, Json> = {}
  let cases: readonly string[] | undefined
  for (const { name, template } of templates) {
    const value = await evaluateOpen(template, roots)
    if (value === undefined) continue
    if (isUnknown(value) && step?.kind === 'switch') {
      cases = [...step.cases.map((each) => each.value), ...(step.else ? [`‹${value.$unknown}›`] : [])]
    } else values[name] = isUnknown(value) ? standIn(asked, step, command, name, value.$unknown) : value
  }
  const wanted = inputSchemaOf(program, command)
  if (wanted && isObject(values.with) && !holdsUnknown(values.with)) values.with = conform(wanted.schema, values.with).value
  if (cases) ways.unshift(...cases.map((on): EventBody => ({ kind: 'evaluated', id, values: { ...values, on } })))
  else ways.unshift({ kind: 'evaluated', id, values })
  return ways
}

/** What the kernel must know to go on. Everything else may stay unknown. */
function standIn(
  { items, lists }: Asked,
  step: Step | undefined,
  { id, path }: EvaluateCommand,
  name: string,
  source: string,
): Json {
  const key = id.startsWith(`${path}?key`) ? id.slice(`${path}?key`.length) : undefined
  if (key !== undefined) {
    lists.add(path)
    return String(Number(key) + 1)
  }
  // Locks whose names only a run can tell are taken for different ones: that lets more happen at the same time.
  if (id === `${path}?lock` || (step?.kind === 'scope' && name === 'lock')) return `‹${source} at ${path}›`
  if (step?.kind === 'foreach' && name === 'in') {
    lists.add(source)
    return Array.from({ length: items }, (_, item) => unknown(`${source}[${item + 1}]`))
  }
  if (step?.kind === 'foreach' && name === 'concurrency') return items
  if (step?.kind === 'wait') return step.mode === 'for' ? '1s' : '1970-01-01T00:00:00Z'
  if (step?.kind === 'scope') return 'fail'
  if (step?.kind === 'fail' || step?.kind === 'approve') return `‹${source}›`
  return unknown(source)
}
