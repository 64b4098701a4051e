// What the language allows at a place, read from its JSON Schema: the keys of a map, the words of a value, and what they mean.
import { runbookSchema } from '../language/index.ts'
import { isObject, type Json, type JsonSchema } from '../values/index.ts'

/** A step on the way through a document: a key, or any item of a list. */
export type Way = readonly (string | typeof ITEM)[]
export const ITEM = Symbol('item')

export interface KnownKey {
  readonly key: string
  readonly schema: JsonSchema
  readonly required: boolean
}

/** The schemas that may apply at the end of a way; several where alternatives are allowed. */
export function schemasAt(way: Way, from: JsonSchema = runbookSchema, root: JsonSchema = from): readonly JsonSchema[] {
  return way.reduce<readonly JsonSchema[]>(
    (schemas, part) => schemas.flatMap((schema) => below(schema, part).flatMap((each) => alternatives(each, root))),
    alternatives(from, root),
  )
}

function below(schema: JsonSchema, part: string | typeof ITEM): readonly (Json | undefined)[] {
  if (part === ITEM) return [schema.items]
  const { properties, additionalProperties } = schema
  return [isObject(properties) && Object.hasOwn(properties, part) ? properties[part] : additionalProperties]
}

/** A schema with its references followed, or each of its alternatives. */
function alternatives(schema: Json | undefined, root: JsonSchema): readonly JsonSchema[] {
  if (!isObject(schema)) return []
  if (typeof schema.$ref === 'string') {
    const found = schema.$ref
      .split('/')
      .slice(1)
      .reduce<Json | undefined>((at, name) => (isObject(at) ? at[name] : undefined), root)
    return isObject(found) ? alternatives({ ...found, ...described(schema) }, root) : []
  }
  const branches = [schema.anyOf, schema.properties === undefined ? schema.oneOf : undefined].flatMap((each) =>
    Array.isArray(each) ? each : [],
  )
  return branches.length === 0
    ? [schema]
    : branches.flatMap((each) => alternatives(isObject(each) ? { ...described(schema), ...each } : each, root))
}

const described = ({ description }: JsonSchema): JsonSchema => (description === undefined ? {} : { description })

export const keysOf = (schema: JsonSchema): readonly KnownKey[] => {
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([key, property]) => ({
    key,
    schema: isObject(property) ? property : {},
    required: required.includes(key),
  }))
}

/** The words that a value can be, where it can be one of a few. */
export function wordsOf(schema: JsonSchema): readonly Json[] {
  if (Array.isArray(schema.enum)) return schema.enum
  if (schema.const !== undefined) return [schema.const]
  return [schema.type].flat().includes('boolean') ? [true, false] : []
}

export const descriptionOf = ({ description, title }: JsonSchema): string | undefined =>
  typeof description === 'string' ? description : typeof title === 'string' ? title : undefined

const stepSchema = schemasAt(['steps', ITEM])[0] ?? {}

/** The verbs of the language: a step has exactly one. */
export const VERBS: readonly string[] = requiredIn(stepSchema.oneOf)

/** Keys that a step may have beside those it has: without a verb all verbs, with one what belongs to it. */
export function keysOfStep(present: readonly string[]): readonly KnownKey[] {
  const verb = VERBS.find((each) => present.includes(each))
  return keysOf(stepSchema).filter(({ key }) => {
    if (VERBS.includes(key)) return verb === undefined
    const owners = ownersOf(key)
    return owners.length === 0 || (verb !== undefined && owners.includes(verb))
  })
}

export const isStep = (way: Way): boolean => way.at(-1) === ITEM && way.at(-2) === 'steps'

/** The verbs that a key stands beside; none for a key of every step. */
function ownersOf(key: string): readonly string[] {
  const { dependentSchemas } = stepSchema
  const needed = isObject(dependentSchemas) ? dependentSchemas[key] : undefined
  return isObject(needed) ? requiredIn(needed.anyOf) : []
}

function requiredIn(branches: Json | undefined): readonly string[] {
  const all = Array.isArray(branches) ? branches : []
  return all
    .flatMap((branch) => (isObject(branch) && Array.isArray(branch.required) ? branch.required : []))
    .filter((each) => typeof each === 'string')
}
