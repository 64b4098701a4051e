// Templates of a call. An expression that cannot be evaluated is a failure of the call, not a bug of the engine.
import { ExpressionFailed, evaluateTemplate, type Roots, type Template } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import type { Json } from '../values/index.ts'
import { type Call, failure } from './call.ts'

/** Throws `expressionFailed`; `applied` says what is then known of the call's effect. */
export async function evaluated(
  call: Call,
  applied: Failure['applied'],
  template: Template,
  roots: Roots,
): Promise<Json | undefined> {
  try {
    return await evaluateTemplate(template, roots)
  } catch (error) {
    if (!(error instanceof ExpressionFailed)) throw error
    throw failure(call, 'expressionFailed', `${call.action.name}: ${error.message}`, { applied }, error)
  }
}
