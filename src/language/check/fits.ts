// Whether what an expression yields, and each part among which it chooses, fits the schema of the place that it goes to.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import type { JsonSchema } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import { problemsOf } from '../conform.ts'
import { rangeOf, spanWithin } from '../expressions/index.ts'
import type { ExpressionTemplate } from '../model.ts'
import { wordProblem } from '../schema-diagnostics.ts'
import { branchesOf, fromSchema, mismatch, type Type, UNKNOWN } from '../types/index.ts'
import type { From } from './inference.ts'

/** `type`: what the whole yields. `name`: of the place. */
export function misfits(
  template: ExpressionTemplate,
  type: Type,
  { roots, facts }: From,
  schema: JsonSchema,
  name: string,
): readonly Diagnostic[] {
  const { source, span } = template
  const wanted = fromSchema(schema)
  const wrong = mismatch(type, wanted)
  if (wrong) return [codes.typeMismatch(span, wrong.needed, wrong.has, wrong)]
  return branchesOf(source, { root: { object: { properties: roots, rest: UNKNOWN } }, facts }).flatMap((branch) => {
    const at = (): Span => spanWithin(template, ...rangeOf(branch.node, source))
    const unfit = mismatch(branch.type, wanted)
    if (unfit) return [codes.typeMismatch(at(), unfit.needed, unfit.has, unfit)]
    // One thing becomes a list where a list is wanted.
    const [problem] = branch.literal === undefined || wanted.array ? [] : problemsOf(schema, branch.literal)
    return problem ? [codes.argumentInvalid(at(), name, wordProblem(problem))] : []
  })
}
