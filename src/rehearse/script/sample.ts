// The least that a schema allows: what a scripted far side answers where a script says nothing. Deterministic.
import { isObject, type Json, type JsonObject, type JsonSchema } from '../../values/index.ts'

export function sampleOf(schema: JsonSchema): Json {
  if ('const' in schema) return schema.const as Json
  if (Array.isArray(schema.enum)) return schema.enum[0] as Json
  if ('default' in schema) return schema.default as Json
  const [first] = [schema.oneOf, schema.anyOf].flatMap((choices) => (Array.isArray(choices) ? choices : []))
  if (isObject(first)) return sampleOf(first)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case 'string':
      return 'x'.repeat(Math.max(1, numberIn(schema, 'minLength', 1)))
    case 'integer':
    case 'number':
      return numberIn(schema, 'minimum', 0)
    case 'boolean':
      return false
    case 'array':
      return Array.from({ length: numberIn(schema, 'minItems', 0) }, () => sampleOf(isObject(schema.items) ? schema.items : {}))
    case 'null':
      return null
    default:
      return sampleObject(schema)
  }
}

function sampleObject(schema: JsonSchema): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  return Object.fromEntries(required.map((name) => [name, sampleOf(isObject(properties[name]) ? properties[name] : {})]))
}

const numberIn = (schema: JsonSchema, keyword: string, otherwise: number): number => {
  const value = schema[keyword]
  return typeof value === 'number' ? value : otherwise
}
