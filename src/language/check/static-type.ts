// What is known of a value before the run: a JSON Schema, or nothing at all. Inference gives up rather than guess.
import { isObject, type Json, type JsonSchema } from '../../values/index.ts'
import { purePathNames, resultType } from '../expressions/index.ts'
import type { Field, Template } from '../model.ts'

/** Undefined: it may be anything. */
export type StaticType = JsonSchema | undefined

/** An object with exactly these properties. */
export const record = (properties: Readonly<Record<string, StaticType>>): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(Object.entries(properties).map(([name, type]) => [name, type ?? {}])),
})

export const listOf = (items: StaticType): JsonSchema => ({ type: 'array', items: items ?? {} })

export const TEXT: JsonSchema = { type: 'string' }
export const TRUTH: JsonSchema = { type: 'boolean' }

/** Keywords whose meaning for properties is not followed. */
const OPAQUE = ['$ref', 'anyOf', 'oneOf', 'allOf', 'not', 'if', 'patternProperties', 'enum', 'const'] as const

export type Property =
  | { readonly kind: 'found'; readonly type: StaticType }
  | { readonly kind: 'missing'; readonly known: readonly string[] }

/** What `value.name` is. Paths map over lists, as in JSONata. A schema with `properties` names them all, unless it says otherwise. */
export function propertyOf(type: StaticType, name: string): Property {
  const anything: Property = { kind: 'found', type: undefined }
  if (type === undefined) return anything
  if (OPAQUE.some((keyword) => keyword in type)) return isScalar(type) ? { kind: 'missing', known: [] } : anything
  if (type.type === 'array') return propertyOf(schemaOrNothing(type.items), name)
  if (isScalar(type)) return { kind: 'missing', known: [] }
  const { properties, additionalProperties } = type
  if (!isObject(properties)) return anything
  if (Object.hasOwn(properties, name)) return { kind: 'found', type: schemaOrNothing(properties[name]) }
  if (additionalProperties === undefined || additionalProperties === false)
    return { kind: 'missing', known: Object.keys(properties) }
  return { kind: 'found', type: schemaOrNothing(additionalProperties) }
}

const isScalar = ({ type }: JsonSchema): boolean =>
  type === 'string' || type === 'boolean' || type === 'number' || type === 'integer'

/** A schema that says nothing is no knowledge. */
const schemaOrNothing = (schema: Json | undefined): StaticType =>
  isObject(schema) && Object.keys(schema).length > 0 ? schema : undefined

export const itemsOf = (type: StaticType): StaticType => (type?.type === 'array' ? schemaOrNothing(type.items) : undefined)

/** One of several: the properties of all, with a type where all agree. */
export function eitherOf(types: readonly StaticType[]): StaticType {
  if (types.some((type) => !isObject(type?.properties))) return undefined
  const merged: Record<string, StaticType> = {}
  for (const type of types) {
    for (const [name, schema] of Object.entries(isObject(type?.properties) ? type.properties : {})) {
      const known = merged[name]
      const agrees = !Object.hasOwn(merged, name) || JSON.stringify(known) === JSON.stringify(schema)
      merged[name] = agrees ? schemaOrNothing(schema) : undefined
    }
  }
  return record(merged)
}

/** Types of roots, by name. */
export type RootTypes = Readonly<Record<string, StaticType>>

/** Of an expression only what its path or its outermost operator tells. */
export function typeOf(template: Template, roots: RootTypes): StaticType {
  switch (template.kind) {
    case 'literal':
      return literalType(template.value)
    case 'list':
      return listOf(undefined)
    case 'map':
      return fieldsType(template.entries, roots)
    case 'expression': {
      const path = purePathNames(template.source)
      if (path) return typeAtPath(path, roots)
      const type = resultType(template.source)
      return type && { type }
    }
  }
}

export const fieldsType = (fields: readonly Field[], roots: RootTypes): JsonSchema =>
  record(Object.fromEntries(fields.map(({ name, value }) => [name, typeOf(value, roots)])))

function typeAtPath([root = '', ...names]: readonly string[], roots: RootTypes): StaticType {
  let type: StaticType = Object.hasOwn(roots, root) ? roots[root] : undefined
  for (const name of names) {
    // Through a list the path yields one thing or several.
    const property: Property = type?.type === 'array' ? { kind: 'found', type: undefined } : propertyOf(type, name)
    type = property.kind === 'found' ? property.type : undefined
  }
  return type
}

function literalType(value: Json): StaticType {
  if (typeof value === 'string') return TEXT
  if (typeof value === 'boolean') return TRUTH
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'integer' : 'number' }
  return undefined
}
