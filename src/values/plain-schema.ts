// Which schemas are valid at a glance. Loading and feeding ajv takes longer than all else that checking a runbook does, and
// nearly every schema that people write says only simple things. What this does not know, ajv judges.
import { isObject, type Json } from './json.ts'

type Judge = (value: Json) => boolean

const isText: Judge = (value) => typeof value === 'string'
const isCount: Judge = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0
const isNumber: Judge = (value) => typeof value === 'number'
const isNames: Judge = (value) => Array.isArray(value) && value.every(isText) && new Set(value).size === value.length
const isScalar: Judge = (value) => value === null || typeof value !== 'object'
const isSchema: Judge = (value) => typeof value === 'boolean' || isPlainSchema(value)
const isAnything: Judge = () => true

const TYPES: readonly Json[] = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']

const KEYWORDS: Readonly<Record<string, Judge>> = {
  type: (value) => TYPES.includes(value),
  title: isText,
  description: isText,
  default: isAnything,
  enum: (value) => Array.isArray(value) && value.length > 0 && value.every(isScalar) && new Set(value).size === value.length,
  const: isScalar,
  required: isNames,
  properties: (value) => isObject(value) && Object.values(value).every(isSchema),
  additionalProperties: isSchema,
  items: isSchema,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: (value) => typeof value === 'boolean',
  minLength: isCount,
  maxLength: isCount,
  minimum: isNumber,
  maximum: isNumber,
}

/** True when the schema is valid for sure; false when that takes a validator. */
export const isPlainSchema = (schema: Json): boolean =>
  isObject(schema) &&
  Object.entries(schema).every(([keyword, value]) => Object.hasOwn(KEYWORDS, keyword) && KEYWORDS[keyword]?.(value) === true)
