// Evaluations: pure, so they are done at once; only their results are recorded.
import { type EvaluateCommand, inputSchemaOf, type Program } from '../kernel/index.ts'
import { conform, ExpressionFailed, evaluateTemplate, type Template } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import { bug, worded } from './failures.ts'
import type { Happening } from './happening.ts'

export async function evaluate(program: Program, command: EvaluateCommand): Promise<Happening> {
  const { id } = command
  try {
    const values = await valuesOf(program, command)
    return values === undefined ? { kind: 'guardedOff', id } : { kind: 'evaluated', id, values }
  } catch (error) {
    return { kind: 'evaluationFailed', id, failure: evaluationFailure(error) }
  }
}

/** Undefined when the guard says no. */
async function valuesOf(program: Program, command: EvaluateCommand): Promise<JsonObject | undefined> {
  const { guard, templates, roots } = command
  if (guard !== undefined && !(await isTrue(guard, roots, 'the condition'))) return undefined
  const values: Record<string, Json> = {}
  for (const { name, template } of templates) {
    const value = await evaluateTemplate(template, roots)
    if (value !== undefined) values[name] = value
  }
  const wanted = inputSchemaOf(program, command)
  if (wanted) {
    const { value, problems } = conform(wanted.schema, values.with ?? {})
    if (problems.length > 0) throw new InputUnfit(`the input does not fit ${wanted.of}: ${worded('with', problems)}`)
    values.with = value
  }
  return values
}

/** Whether it holds. Throws ExpressionFailed, also where the value is neither true nor false. */
export async function isTrue(template: Template, roots: JsonObject, what: string): Promise<boolean> {
  const value = await evaluateTemplate(template, roots)
  if (typeof value === 'boolean') return value
  const shown = value === undefined ? 'absent' : JSON.stringify(value).slice(0, 100)
  throw new ExpressionFailed(`${what} is ${shown}, neither true nor false`, template.span)
}

class InputUnfit extends Error {}

/** Also for a bug of ours: the run must still unwind. */
export function evaluationFailure(error: unknown): Failure {
  if (error instanceof InputUnfit) return { type: 'inputInvalid', message: error.message, retryable: false, applied: 'no' }
  if (!(error instanceof ExpressionFailed)) return bug(error, 'read')
  const { file, start, end } = error.span
  return { type: 'expressionFailed', message: error.message, detail: { file, start, end }, retryable: false, applied: 'no' }
}
