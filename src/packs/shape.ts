// A document against its JSON Schema: problems in the reader's words, each at its place.
import type { Diagnostic } from '../diagnostics/index.ts'
import { toJson, type YamlNode } from '../language/index.ts'
import { isObject, type JsonSchema, type SchemaProblem, validator } from '../values/index.ts'
import * as codes from './codes.ts'
import { keySpanAt, type Path, spanAt } from './place.ts'

export interface ShapeProblem {
  readonly path: Path
  readonly diagnostic: Diagnostic
  /** The rest of the place can be understood all the same. */
  readonly harmless: boolean
}

/** Every way in which a document misses its schema. */
export function shapeProblems(root: YamlNode, schema: JsonSchema): readonly ShapeProblem[] {
  return deepest(validator(schema).problems(toJson(root))).map((problem) => toShapeProblem(root, schema, problem))
}

const COMBINATORS = new Set(['if', 'anyOf', 'oneOf', 'allOf', 'not', 'propertyNames'])

/** One problem a place, and none that only says that something below it is wrong. */
export function deepest(problems: readonly SchemaProblem[]): readonly SchemaProblem[] {
  const seen = new Set<string>()
  return problems.filter((problem) => {
    const id = JSON.stringify([problem.path, problem.property])
    const echo =
      COMBINATORS.has(problem.keyword) && problems.some((other) => other !== problem && startsWith(other.path, problem.path))
    if (echo || seen.has(id)) return false
    seen.add(id)
    return true
  })
}

const startsWith = (path: Path, head: Path): boolean => head.every((part, index) => path[index] === part)

function toShapeProblem(root: YamlNode, schema: JsonSchema, problem: SchemaProblem): ShapeProblem {
  const { path, keyword, property } = problem
  if ((keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') && property !== undefined) {
    const diagnostic = codes.keyUnknown(keySpanAt(root, [...path, property]), property, knownKeys(schema, path))
    return { path, diagnostic, harmless: true }
  }
  if (keyword === 'required' && property !== undefined) {
    return { path, diagnostic: codes.keyMissing(spanAt(root, path), property), harmless: false }
  }
  const place = path.join('.') || 'the document'
  return { path, diagnostic: codes.valueInvalid(spanAt(root, path), place, wordProblem(problem)), harmless: false }
}

/** What is wrong with a value, to follow its name. */
export function wordProblem({ message, keyword, property, allowed }: SchemaProblem): string {
  if (keyword === 'required' && property !== undefined) return `lacks the key ${JSON.stringify(property)}`
  if (allowed)
    return `must be ${allowed.length === 1 ? '' : 'one of '}${allowed.map((value) => JSON.stringify(value)).join(', ')}`
  return message
    .replace(/^must be (?=object|array|integer)/, 'must be an ')
    .replace(/^must be (?=string|number|boolean)/, 'must be a ')
}

/** The keys that a schema knows at a path; follows `properties`, `additionalProperties` and `items`. */
function knownKeys(schema: JsonSchema, path: Path): readonly string[] {
  let at: JsonSchema | undefined = schema
  for (const part of path) {
    if (at === undefined) return []
    const { properties, additionalProperties, items } = at as Record<string, unknown>
    const property: unknown = isObject(properties) ? properties[part] : undefined
    const next: unknown = property ?? (isObject(additionalProperties) ? additionalProperties : items)
    at = isObject(next) ? next : undefined
  }
  return at !== undefined && isObject(at.properties) ? Object.keys(at.properties) : []
}
