// JSON Schema 2020-12 through ajv. The only user of ajv: everyone else sees a validator and a list of problems.
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { isObject, type Json, type JsonSchema } from './json.ts'

/** One way in which a value misses its schema. `path` leads to the place; `property` is the key that is missing or too much. */
export interface SchemaProblem {
  readonly path: readonly string[]
  readonly keyword: string
  readonly message: string
  readonly property?: string
  readonly allowed?: readonly Json[]
  /** Of a minimum, maximum, length or count. */
  readonly limit?: number
  /** Of an unknown property: those that its object knows. */
  readonly known?: readonly string[]
}

export interface Validator {
  /** All problems, none when the value conforms. */
  problems(value: unknown): readonly SchemaProblem[]
}

/**
 * Keywords that Holdfast adds to JSON Schema; they say what a value is for and never make one invalid:
 * `x-connection` the connection type a slot takes, `x-resource` the resource types whose handle it takes, `x-secret` a marked value.
 */
const KEYWORDS = ['x-connection', 'x-resource', 'x-secret', 'x-expression'] as const

function createAjv(useDefaults: boolean): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, strict: false, verbose: true, useDefaults, validateFormats: true })
  addFormats.default(ajv)
  ajv.addFormat('media-range', true)
  for (const keyword of KEYWORDS) ajv.addKeyword(keyword)
  return ajv
}

const plain = createAjv(false)
const filling = createAjv(true)

function compile(ajv: Ajv2020, schema: JsonSchema): Validator {
  const validate = ajv.compile(schema)
  return {
    problems: (value) => (validate(value) ? [] : (validate.errors ?? []).map(toProblem)),
  }
}

const cache = new WeakMap<JsonSchema, Validator>()

/** Compiles a schema once; the same schema object gives the same validator. Throws on a schema that is not valid itself. */
export function validator(schema: JsonSchema): Validator {
  const known = cache.get(schema)
  if (known) return known
  const made = compile(plain, schema)
  cache.set(schema, made)
  return made
}

const filledCache = new WeakMap<JsonSchema, Validator>()

/** A deep copy of the value with the schema's defaults filled in, and the problems that remain. */
export function fillDefaults(schema: JsonSchema, value: Json): { value: Json; problems: readonly SchemaProblem[] } {
  let filler = filledCache.get(schema)
  if (!filler) {
    filler = compile(filling, schema)
    filledCache.set(schema, filler)
  }
  const filled = structuredClone(value) as Json
  return { value: filled, problems: filler.problems(filled) }
}

function toProblem(error: ErrorObject): SchemaProblem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const { missingProperty, additionalProperty, unevaluatedProperty, allowedValues, allowedValue, limit } = error.params as Record<
    string,
    never
  >
  const property: string | undefined = missingProperty ?? additionalProperty ?? unevaluatedProperty
  const allowed: readonly Json[] | undefined = allowedValues ?? (allowedValue === undefined ? undefined : [allowedValue])
  return {
    path,
    keyword: error.keyword,
    message: error.message ?? error.keyword,
    ...(property === undefined ? {} : { property }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(limit === undefined ? {} : { limit }),
    ...(property !== undefined && isObject(error.parentSchema?.properties)
      ? { known: Object.keys(error.parentSchema.properties) }
      : {}),
  }
}
