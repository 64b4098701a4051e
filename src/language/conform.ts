// Values made to fit a schema: JSONata's sequences into lists by static type, defaults, validation. Unknown values fit everything.
import {
  fillDefaults,
  holdsUnknown,
  isObject,
  isUnknown,
  type Json,
  type JsonSchema,
  type SchemaProblem,
  validator,
  withSecretReferences,
} from '../values/index.ts'
import { plainlyFits } from './plainly-fits.ts'

/**
 * The value with what an array-typed slot needs (one thing → `[thing]`, nothing where it is required → `[]`), the schema's
 * defaults filled in, and the problems that remain. Parts that are unknown are left as they are; a slot for a secret takes a
 * reference to one.
 */
export function conform(schema: JsonSchema, value: Json): { value: Json; problems: readonly SchemaProblem[] } {
  const { value: filled, problems } = fillDefaults(withSecretReferences(schema), coerce(schema, value))
  const whole = holdsUnknown(filled) ? stripUnknowns(filled) : filled
  return { value: whole, problems: aboutTheKnown(problems, whole) }
}

/** The problems of a value as it is. A validator is made only where it could find one: making it takes longer than all else. */
export const problemsOf = (schema: JsonSchema, value: Json): readonly SchemaProblem[] =>
  plainlyFits(schema, value) ? [] : aboutTheKnown(validator(schema).problems(value), value)

function coerce(schema: Json | undefined, value: Json): Json {
  if (!isObject(schema) || isUnknown(value)) return value
  if (schema.type === 'array') {
    const items: readonly Json[] = Array.isArray(value) ? value : [value]
    return schema.items === undefined ? items : items.map((item) => coerce(schema.items, item))
  }
  if (!isObject(value) || !(isObject(schema.properties) || isObject(schema.additionalProperties))) return value
  const properties = isObject(schema.properties) ? schema.properties : {}
  const coerced = Object.entries(value).map(([name, field]): [string, Json] => [
    name,
    coerce(Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties, field),
  ])
  const names = Array.isArray(schema.required) ? schema.required : []
  const absent = names.filter((name): name is string => typeof name === 'string' && !Object.hasOwn(value, name))
  const empty = absent.filter((name) => isEmptyByDefault(properties[name])).map((name): [string, Json] => [name, []])
  return Object.fromEntries([...coerced, ...empty])
}

const isEmptyByDefault = (schema: Json | undefined): boolean =>
  isObject(schema) && schema.type === 'array' && schema.default === undefined

/** Defaults may have been filled into an unknown's own object. */
function stripUnknowns(value: Json): Json {
  if (isUnknown(value)) return { $unknown: value.$unknown }
  if (Array.isArray(value)) return value.map(stripUnknowns)
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, stripUnknowns(field)])) : value
}

/** Keywords that judge a value as a whole, so that one unknown part leaves the answer open. */
const WHOLE = new Set(['anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'contains', 'const', 'enum', 'uniqueItems'])

function aboutTheKnown(problems: readonly SchemaProblem[], value: Json): readonly SchemaProblem[] {
  if (problems.length === 0 || !holdsUnknown(value)) return problems
  const open = problems.filter(({ keyword, path }) => WHOLE.has(keyword) && holdsUnknown(valueAt(value, path) ?? null))
  return problems.filter(
    ({ path }) =>
      !leadsThroughUnknown(value, path) && !open.some((whole) => whole.path.every((part, index) => part === path[index])),
  )
}

function valueAt(value: Json, [first, ...rest]: readonly string[]): Json | undefined {
  if (first === undefined) return value
  const next = Array.isArray(value) ? value[Number(first)] : isObject(value) ? value[first] : undefined
  return next === undefined ? undefined : valueAt(next, rest)
}

const leadsThroughUnknown = (value: Json, path: readonly string[]): boolean =>
  [...path.keys(), path.length].some((length) => isUnknown(valueAt(value, path.slice(0, length))))
