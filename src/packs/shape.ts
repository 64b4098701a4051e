// Problems of a document with its JSON Schema, thinned out: those that only say that something below them is wrong are left out.
import type { SchemaProblem } from '../values/index.ts'

const COMBINATORS = new Set(['if', 'anyOf', 'oneOf', 'allOf', 'not', 'propertyNames'])

/** One problem for each place, the deepest ones. */
export function deepest(problems: readonly SchemaProblem[]): readonly SchemaProblem[] {
  const seen = new Set<string>()
  return problems.filter((problem) => {
    const id = JSON.stringify([problem.path, problem.property])
    const echo = COMBINATORS.has(problem.keyword) && problems.some((other) => other !== problem && leadsTo(problem, other))
    if (echo || seen.has(id)) return false
    seen.add(id)
    return true
  })
}

const leadsTo = (problem: SchemaProblem, other: SchemaProblem): boolean =>
  problem.path.every((part, index) => other.path[index] === part)
