// Whether a value is of a type, and the type of some data as a schema of it would tell: what the tests of the inference need.
import { fromSchema } from '../../src/language/types/from-schema.ts'
import { ABSENT, ownProperty, type Type } from '../../src/language/types/type.ts'
import { isObject, type Json, type JsonSchema } from '../../src/values/index.ts'

/** Undefined is "no value"; lists may hold holes, which are no items. */
export function conforms(value: unknown, type: Type): boolean {
  if (value === undefined) return type.absent !== undefined
  if (type.any) return true
  if (value === null) return type.null === true
  switch (typeof value) {
    case 'boolean':
      return type.boolean === true
    case 'number':
      return type.number === 'number' || (type.number === 'integer' && Number.isInteger(value))
    case 'string':
      return type.string === true || (type.string?.includes(value) ?? false)
    case 'function':
      return type.function === true
    default:
      break
  }
  if (Array.isArray(value)) {
    const { array } = type
    const items = value.filter((item) => item !== undefined)
    return array !== undefined && items.length >= array.min && items.every((item) => conforms(item, array.items))
  }
  if ('_jsonata_function' in (value as object) || '_jsonata_lambda' in (value as object)) return type.function === true
  const { object } = type
  if (!object) return false
  const names = new Set([...Object.keys(value as object), ...Object.keys(object.properties)])
  return [...names].every((name) => conforms((value as Record<string, unknown>)[name], ownProperty(object, name)))
}

/** What all of these have in common; undefined is no data at all. */
export function typeOfData(data: readonly (Json | undefined)[]): Type {
  const there = data.filter((each) => each !== undefined)
  return there.length === 0 ? ABSENT : fromSchema(schemaOf(there))
}

/** The JSON Schema that all of these values have in common: a property that one of them lacks is not required. */
export function schemaOf(values: readonly Json[]): JsonSchema {
  const schemas: JsonSchema[] = []
  const lists = values.filter((value): value is readonly Json[] => Array.isArray(value))
  const objects = values.filter(isObject)
  if (values.some((value) => value === null)) schemas.push({ type: 'null' })
  if (values.some((value) => typeof value === 'boolean')) schemas.push({ type: 'boolean' })
  if (values.some((value) => typeof value === 'string')) schemas.push({ type: 'string' })
  const numbers = values.filter((value) => typeof value === 'number')
  if (numbers.length > 0) schemas.push({ type: numbers.every(Number.isInteger) ? 'integer' : 'number' })
  if (lists.length > 0) {
    const minItems = Math.min(...lists.map(({ length }) => length))
    schemas.push({ type: 'array', items: schemaOf(lists.flat()), minItems })
  }
  if (objects.length > 0) {
    const names = [...new Set(objects.flatMap(Object.keys))]
    const required = names.filter((name) => objects.every((object) => Object.hasOwn(object, name)))
    const properties = Object.fromEntries(
      names.map((name) => [
        name,
        schemaOf(objects.flatMap((object) => (Object.hasOwn(object, name) ? [object[name] ?? null] : []))),
      ]),
    )
    schemas.push({ type: 'object', additionalProperties: false, required, properties })
  }
  return schemas.length === 1 && schemas[0] ? schemas[0] : { anyOf: schemas }
}
