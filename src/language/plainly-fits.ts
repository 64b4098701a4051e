// Whether a value fits a schema, where that can be told at a glance: making a validator takes longer than all else that check does.
import { isObject, isUnknown, type Json, type JsonSchema } from '../values/index.ts'

type Judge = (limit: Json, value: Json, schema: JsonSchema) => boolean

const isScalar = (value: Json): boolean => value === null || typeof value !== 'object'
const isWithin = (limit: Json, size: number | undefined, fits: (size: number, limit: number) => boolean): boolean =>
  size === undefined || (typeof limit === 'number' && fits(size, limit))
const least = (size: number, limit: number): boolean => size >= limit
const most = (size: number, limit: number): boolean => size <= limit

const numberOf = (value: Json): number | undefined => (typeof value === 'number' ? value : undefined)
const lengthOf = (value: Json): number | undefined => (typeof value === 'string' ? [...value].length : undefined)
const countOf = (value: Json): number | undefined => (Array.isArray(value) ? value.length : undefined)

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  string: (value) => typeof value === 'string',
  array: (value) => Array.isArray(value),
  object: isObject,
}

const anything: Judge = () => true

const JUDGES: Readonly<Record<string, Judge>> = {
  title: anything,
  description: anything,
  default: anything,
  type: (type, value) => typeof type === 'string' && TYPES[type]?.(value) === true,
  enum: (words, value) => Array.isArray(words) && isScalar(value) && words.includes(value),
  const: (word, value) => isScalar(value) && value === word,
  minimum: (limit, value) => isWithin(limit, numberOf(value), least),
  maximum: (limit, value) => isWithin(limit, numberOf(value), most),
  minLength: (limit, value) => isWithin(limit, lengthOf(value), least),
  maxLength: (limit, value) => isWithin(limit, lengthOf(value), most),
  minItems: (limit, value) => isWithin(limit, countOf(value), least),
  maxItems: (limit, value) => isWithin(limit, countOf(value), most),
  items: (items, value) => !Array.isArray(value) || value.every((item) => plainlyFits(items, item)),
  required: (names, value) =>
    !isObject(value) || (Array.isArray(names) && names.every((name) => Object.hasOwn(value, String(name)))),
  properties: (properties, value) =>
    !isObject(value) ||
    (isObject(properties) &&
      Object.entries(properties).every(
        ([name, schema]) => !Object.hasOwn(value, name) || plainlyFits(schema, value[name] ?? null),
      )),
  additionalProperties: (more, value, { properties = {} }) =>
    !isObject(value) ||
    (isObject(properties) &&
      Object.entries(value).every(([name, field]) => Object.hasOwn(properties, name) || plainlyFits(more, field))),
}

/** True when the value fits for sure; false when that takes a validator. What is unknown fits whatever may be there at all. */
export function plainlyFits(schema: Json, value: Json): boolean {
  if (typeof schema === 'boolean') return schema
  if (isUnknown(value)) return true
  if (!isObject(schema)) return false
  return Object.entries(schema).every(
    ([keyword, limit]) =>
      keyword.startsWith('x-') || (Object.hasOwn(JUDGES, keyword) && JUDGES[keyword]?.(limit, value, schema) === true),
  )
}
