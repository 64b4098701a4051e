// Where a secret is to be had, and the reference that stands for it wherever values are written down: `{ $secret: { env: NAME } }`.
// Only a slot marked `x-secret` takes one.
import { isObject, type Json, type JsonObject, type JsonSchema } from './json.ts'

export type SecretSource = { readonly env: string } | { readonly file: string } | { readonly command: readonly string[] }

export const secretSourceSchema: JsonSchema = {
  title: 'Where the secret is to be had',
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    env: { description: 'Name of an environment variable.', type: 'string', minLength: 1 },
    file: {
      description: 'Path of a file, relative to this one. A line break at its end does not count.',
      type: 'string',
      minLength: 1,
    },
    command: {
      description: 'A program and its arguments; what it prints is the secret. No shell is involved.',
      type: 'array',
      minItems: 1,
      items: { type: 'string' },
    },
  },
}

const referenceSchema: JsonSchema = {
  type: 'object',
  required: ['$secret'],
  additionalProperties: false,
  properties: { $secret: secretSourceSchema },
}

export interface SecretReference extends JsonObject {
  readonly $secret: SecretSource & JsonObject
}

export const isSecretReference = (value: unknown): value is SecretReference =>
  isObject(value) && isObject(value.$secret) && Object.keys(value).length === 1

/** All references inside a value. */
export function secretReferencesIn(value: Json): readonly SecretReference[] {
  if (isSecretReference(value)) return [value]
  if (Array.isArray(value)) return value.flatMap(secretReferencesIn)
  return isObject(value) ? Object.values(value).flatMap(secretReferencesIn) : []
}

export const isSecretSlot = (schema: Json | undefined): boolean => isObject(schema) && schema['x-secret'] === true

/** The value with what stands in the slots for secrets replaced; `name` leads there, such as `login.password`. */
export function mapSecretSlots(
  schema: Json | undefined,
  value: Json,
  replace: (value: Json, name: string) => Json,
  name = '',
): Json {
  if (!isObject(schema)) return value
  if (isSecretSlot(schema)) return replace(value, name)
  if (Array.isArray(value)) return value.map((item, index) => mapSecretSlots(schema.items, item, replace, `${name}[${index}]`))
  if (!isObject(value)) return value
  const properties = isObject(schema.properties) ? schema.properties : {}
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const inner = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties
      return [key, mapSecretSlots(inner, each, replace, name === '' ? key : `${name}.${key}`)]
    }),
  )
}

const SCHEMAS_INSIDE = ['items', 'additionalProperties'] as const

/** The schema with another one in place of each slot for a secret; itself where there is none. */
export function mapSecretSchemas(schema: JsonSchema, replace: (slot: JsonSchema) => JsonSchema): JsonSchema {
  if (isSecretSlot(schema)) return replace(schema)
  const inside = SCHEMAS_INSIDE.flatMap((key): readonly (readonly [string, Json])[] => {
    const inner = schema[key]
    return isObject(inner) ? [[key, mapSecretSchemas(inner, replace)]] : []
  })
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  const mapped = properties.map(([name, each]) => [name, isObject(each) ? mapSecretSchemas(each, replace) : each] as const)
  const same = [
    ...inside.map(([key, each]) => each === schema[key]),
    ...mapped.map(([, each], at) => each === properties[at]?.[1]),
  ]
  if (same.every(Boolean)) return schema
  return { ...schema, ...Object.fromEntries(inside), ...(mapped.length > 0 ? { properties: Object.fromEntries(mapped) } : {}) }
}

const widened = new WeakMap<JsonSchema, JsonSchema>()

/** The schema, which takes a reference as well wherever it takes a secret. */
export function withSecretReferences(schema: JsonSchema): JsonSchema {
  const before = widened.get(schema)
  if (before) return before
  const made = mapSecretSchemas(schema, (slot) => ({ 'x-secret': true, anyOf: [slot, referenceSchema] }))
  widened.set(schema, made)
  return made
}
