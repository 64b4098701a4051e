// Evaluations over unknowns: what cannot be told stays unknown, and where the kernel must know to go on, a stand-in decides.
import { type EvaluateCommand, inputSchemaOf, stepAt } from '../kernel/index.ts'
import { conform, evaluateOpen } from '../language/index.ts'
import { isObject, isUnknown, type Json, type JsonObject, unknown } from '../values/index.ts'
import { openError, ownFailureToTake, questionAt, takesWayRound } from './failing.ts'
import type { EventBody, Walk } from './walk.ts'
import { inWords, nameInWords } from './wording.ts'

export async function evaluate(on: Walk, command: EvaluateCommand): Promise<EventBody> {
  const { id, path, guard, templates } = command
  const own = id === `${path}?start` ? ownFailureToTake(on, path) : undefined
  if (own !== undefined)
    return { kind: 'evaluationFailed', id, failure: { type: own, message: own, retryable: false, applied: 'no' } }
  const roots = withoutWhatOnlyARunTells(command.roots)
  if (guard) {
    const condition = await evaluateOpen(guard, roots)
    if (condition !== true && !isUnknown(condition)) return { kind: 'guardedOff', id }
    if (condition !== true) on.pass.guarded.add(path)
    // A `fail` that only may happen would hide all that comes after it.
    const isFail = stepAt(on.program, on.state, path)?.kind === 'fail'
    if (condition !== true && (isFail || takesWayRound(on, path))) return { kind: 'guardedOff', id }
  }
  const values: Record<string, Json> = {}
  const shown: Record<string, Json> = {}
  for (const { name, template } of templates) {
    const value = await evaluateOpen(template, roots)
    if (value === undefined) continue
    const fitted = name === 'with' ? conformed(on, command, value) : value
    shown[name] = inWords(template, fitted)
    const source = name === 'lock' ? nameInWords(template) : undefined
    values[name] = isUnknown(fitted) ? (source ?? decide(on, command, name, fitted.$unknown)) : fitted
    if (name === 'in') noteStandIn(on, path, fitted)
  }
  on.witness.evaluated(command, shown, on.pass)
  return { kind: 'evaluated', id, values }
}

const withoutWhatOnlyARunTells = ({ run, error, ...roots }: JsonObject): JsonObject => ({
  ...roots,
  ...(isObject(run) ? { run: { ...run, startedAt: unknown('run.startedAt') } } : {}),
  ...(isObject(error) ? { error: openError(error) } : {}),
})

function conformed({ program }: Walk, command: EvaluateCommand, value: Json): Json {
  const wanted = inputSchemaOf(program, command)
  return wanted === undefined ? value : conform(wanted.schema, value).value
}

/** A list of one item that stands for all of another list stands for all itself. */
function noteStandIn(on: Walk, path: string, list: Json): void {
  const isLoop = stepAt(on.program, on.state, path)?.kind === 'foreach'
  if (isLoop && JSON.stringify(list).includes('[*]')) on.pass.each.add(path)
}

/** A stand-in for what the kernel must know to go on. A yield's or an input's value may stay unknown. */
function decide(on: Walk, { id, path }: EvaluateCommand, name: string, source: string): Json {
  const step = id === `${path}?start` ? stepAt(on.program, on.state, path) : undefined
  // An item that stands for all is `vms[*]`, and so is what comes from it; items that are known to differ need keys that do.
  if (id === `${path}?key0` && (on.pass.each.has(path) || source.includes('[*]'))) return '*'
  if (id.startsWith(`${path}?key`)) return `‹${source}›`
  switch (step?.kind) {
    case 'foreach':
      if (name === 'concurrency') return 1
      on.pass.each.add(path)
      return takesWayRound(on, path) ? [] : [unknown(`each of ${source}`)]
    case 'switch':
      return choose(on, path, [...step.cases.map((each) => each.value), ...(step.else ? [`‹${source}›`] : [])])
    case 'wait':
      return step.mode === 'for' ? '1s' : '1970-01-01T00:00:00Z'
    case 'scope':
    case 'fail':
    case 'approve':
      return name === 'onDirtyClose' ? 'fail' : `‹${source}›`
    default:
      return unknown(source)
  }
}

function choose(on: Walk, path: string, ways: readonly string[]): string {
  const question = questionAt(on, path)
  on.pass.chosen.add(path)
  on.offer(question, ways.slice(1))
  return on.taken[question] ?? ways[0] ?? ''
}
