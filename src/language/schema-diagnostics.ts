// Schema problems of a document as diagnostics with places. For manifests, configuration and other YAML files.
import { type Diagnostic, didYouMean } from '../diagnostics/index.ts'
import { type JsonSchema, type SchemaProblem, validator } from '../values/index.ts'
import { closestNode, toJson, type YamlNode } from './syntax/index.ts'

/** Codes are `<prefix>_KEY_UNKNOWN`, `<prefix>_KEY_MISSING` and `<prefix>_INVALID`; `${ … }` counts as the text that it is. */
export function schemaDiagnostics(node: YamlNode, schema: JsonSchema, prefix: string): readonly Diagnostic[] {
  return validator(schema)
    .problems(toJson(node))
    .filter(({ keyword }) => !ECHOES.has(keyword))
    .map((problem) => toDiagnostic(problem, node, prefix))
}

/** These repeat what a keyword inside them has said already. */
const ECHOES = new Set(['if', 'propertyNames'])

function toDiagnostic(problem: SchemaProblem, root: YamlNode, prefix: string): Diagnostic {
  const node = closestNode(root, problem.path)
  const where = problem.path.length === 0 ? 'the document' : problem.path.join('.')
  const head = node.kind === 'map' ? (node.entries[0]?.keySpan ?? node.span) : node.span
  if (problem.keyword === 'additionalProperties' || problem.keyword === 'unevaluatedProperties') {
    const key = problem.property ?? ''
    const entry = node.kind === 'map' ? node.entries.find((each) => each.key === key) : undefined
    const guess = didYouMean(key, problem.known ?? [])
    return {
      code: `${prefix}_KEY_UNKNOWN`,
      severity: 'error',
      message: `${where} has no key ${JSON.stringify(key)}`,
      span: entry?.keySpan ?? head,
      ...(guess === undefined ? {} : { hint: `Did you mean ${guess}?` }),
    }
  }
  if (problem.keyword === 'required') {
    return {
      code: `${prefix}_KEY_MISSING`,
      severity: 'error',
      message: `${where} lacks the key ${JSON.stringify(problem.property)}`,
      span: head,
    }
  }
  return { code: `${prefix}_INVALID`, severity: 'error', message: `${where} ${wordProblem(problem)}`, span: head }
}

/** What is wrong, to follow the name of the value. */
export function wordProblem({ keyword, message, allowed, limit }: SchemaProblem): string {
  switch (keyword) {
    case 'enum':
    case 'const':
      return allowed ? `must be ${allowed.map((each) => JSON.stringify(each)).join(' or ')}` : message
    case 'minimum':
      return `must be ${limit} or more`
    case 'maximum':
      return `must be ${limit} or less`
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'false schema':
      return 'must not be given here'
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} items`
    default:
      return message
  }
}
