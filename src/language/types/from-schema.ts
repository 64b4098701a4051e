// JSON Schema → type. What a schema says in words that are not followed makes the type wider, never narrower.
import { isObject, type Json, type JsonSchema } from '../../values/index.ts'
import { joinedSchema } from './all-of.ts'
import { type ObjectType, optional, present, type Type, UNKNOWN, union, unionOf } from './type.ts'

export interface SchemaReading {
  /** Defaults are filled in, so that a property with one is always there. */
  readonly defaults: boolean
}

const caches = { filled: new WeakMap<JsonSchema, Type>(), plain: new WeakMap<JsonSchema, Type>() }

/**
 * The type of a value that conforms. A schema with `properties` names all of them, unless `additionalProperties` or a keyword
 * that may add some says otherwise: so a misspelt name is found.
 */
export function fromSchema(schema: JsonSchema, { defaults }: SchemaReading = { defaults: false }): Type {
  const cache = defaults ? caches.filled : caches.plain
  const known = cache.get(schema)
  if (known) return known
  const type = read(schema, { root: schema, defaults, depth: 0 })
  cache.set(schema, type)
  return type
}

interface Reading extends SchemaReading {
  readonly root: JsonSchema
  readonly depth: number
}

const ANY: Type = { any: true }
const DEPTH_LIMIT = 24
/** Keywords beside `properties` that may stand for further ones. */
const ADDING = ['$ref', '$dynamicRef', 'anyOf', 'oneOf', 'allOf', 'if', 'patternProperties', 'dependentSchemas'] as const

function read(schema: Json | undefined, reading: Reading): Type {
  if (!isObject(schema) || reading.depth > DEPTH_LIMIT) return ANY
  const type = readPlain(schema, reading)
  return schema['x-secret'] === true ? { ...type, secret: true } : type
}

function readPlain(schema: JsonSchema, reading: Reading): Type {
  const deeper = { ...reading, depth: reading.depth + 1 }
  if (typeof schema.$ref === 'string') {
    const target = resolve(reading.root, schema.$ref)
    return target ? read(target, deeper) : ANY
  }
  if (Array.isArray(schema.allOf)) return read(joinedSchema(withTargets(schema, reading.root)), deeper)
  if (Array.isArray(schema.enum)) return unionOf(schema.enum.map(fromValue))
  if (schema.const !== undefined) return fromValue(schema.const)
  const types = typesOf(schema)
  if (types) return unionOf(types.map((type) => ofKind(type, schema, deeper)))
  const branches = schema.anyOf ?? schema.oneOf
  return Array.isArray(branches) && branches.length > 0 ? unionOf(branches.map((each) => read(each, deeper))) : ANY
}

/** The schema without its `allOf`, and the parts of that, each reference among them followed. */
function withTargets({ allOf, ...own }: JsonSchema, root: JsonSchema): readonly JsonSchema[] {
  const parts = Array.isArray(allOf) ? allOf.filter(isObject) : []
  return [own, ...parts.map((part) => (typeof part.$ref === 'string' ? (resolve(root, part.$ref) ?? part) : part))]
}

function typesOf(schema: JsonSchema): readonly Json[] | undefined {
  if (schema.type !== undefined) return [schema.type].flat()
  return isObject(schema.properties) ? ['object'] : schema.items === undefined ? undefined : ['array']
}

function ofKind(kind: Json, schema: JsonSchema, reading: Reading): Type {
  switch (kind) {
    case 'null':
      return { null: true }
    case 'boolean':
      return { boolean: true }
    case 'number':
    case 'integer':
      return { number: kind }
    case 'string':
      return { string: true }
    case 'array':
      return {
        array: {
          items: Array.isArray(schema.prefixItems) ? ANY : present(read(schema.items, reading)),
          min: countOf(schema.minItems),
        },
      }
    case 'object':
      return { object: objectFrom(schema, reading) }
    default:
      return ANY
  }
}

const countOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)

function objectFrom(schema: JsonSchema, reading: Reading): ObjectType {
  const given = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  const properties = Object.fromEntries(
    Object.entries(given).map(([name, property]) => {
      const type = present(read(property, reading))
      const filled = reading.defaults && isObject(property) && property.default !== undefined
      return [name, required.includes(name) || filled ? type : optional(type)]
    }),
  )
  const rest = restOf(schema, reading)
  // A name that is required and not described is there all the same.
  for (const name of required) {
    if (rest && typeof name === 'string' && !Object.hasOwn(properties, name)) properties[name] = present(rest)
  }
  return { properties, ...(rest ? { rest } : {}), ...marksOf(schema) }
}

function restOf(schema: JsonSchema, reading: Reading): Type | undefined {
  const { additionalProperties } = schema
  if (ADDING.some((keyword) => keyword in schema)) return UNKNOWN
  if (isObject(additionalProperties)) return union(read(additionalProperties, reading), { absent: 'unknown' })
  if (additionalProperties === false) return undefined
  return additionalProperties === true || !isObject(schema.properties) ? UNKNOWN : undefined
}

function marksOf(schema: JsonSchema): Pick<ObjectType, 'connections' | 'resources'> {
  const connection = schema['x-connection']
  const resources = [schema['x-resource']].flat().filter((each): each is string => typeof each === 'string')
  return {
    ...(typeof connection === 'string' ? { connections: [connection] } : {}),
    ...(resources.length > 0 ? { resources } : {}),
  }
}

/** The type of exactly this value. */
export function fromValue(value: Json): Type {
  if (value === null) return { null: true }
  switch (typeof value) {
    case 'boolean':
      return { boolean: true }
    case 'number':
      return { number: Number.isInteger(value) ? 'integer' : 'number' }
    case 'string':
      return { string: [value] }
    default:
      if (Array.isArray(value)) return { array: { items: unionOf(value.map(fromValue)), min: value.length } }
      return {
        object: { properties: Object.fromEntries(Object.entries(value).map(([name, field]) => [name, fromValue(field)])) },
      }
  }
}

/** `#/$defs/name`, within the same schema only. */
function resolve(root: JsonSchema, reference: string): JsonSchema | undefined {
  if (!reference.startsWith('#')) return undefined
  let found: Json | undefined = root
  for (const part of reference.split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return isObject(found) ? found : undefined
}
