// JSON Schema 2020-12 through ajv. The only user of ajv: everyone else sees a validator and a list of problems.
import { createRequire } from 'node:module'
import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js'
import { isObject, type Json, type JsonSchema } from './json.ts'
import { unknownKeywords } from './keywords.ts'
import { isPlainSchema } from './plain-schema.ts'
import type { SchemaProblem } from './schema-problem.ts'

export interface Validator {
  /** All problems, none when the value conforms. */
  problems(value: unknown): readonly SchemaProblem[]
}

/**
 * Keywords that Holdfast adds to JSON Schema; they say what a value is for and never make one invalid:
 * `x-connection` the connection type a slot takes, `x-resource` the resource types whose handle it takes, `x-secret` a marked value,
 * `x-selector` what is changed, so that leaving it empty would mean everything, `x-path` a file or folder, relative to the
 * configuration that names it.
 */
const KEYWORDS = ['x-connection', 'x-resource', 'x-secret', 'x-selector', 'x-path'] as const

// Loaded at first use: many commands need no schema, and loading takes as long as starting Node.
let plain: Ajv2020 | undefined
let filling: Ajv2020 | undefined

function createAjv({ useDefaults = false, validateSchema = false } = {}): Ajv2020 {
  const load = createRequire(import.meta.url)
  const ajvModule: typeof import('ajv/dist/2020.js') = load('ajv/dist/2020.js')
  const formats: typeof import('ajv-formats') = load('ajv-formats')
  // A schema that is wrong still fails to compile; `schemaProblems` tells where.
  const ajv = new ajvModule.Ajv2020({
    allErrors: true,
    strict: false,
    verbose: true,
    logger: false,
    // What is compiled here runs a few times: making it shorter takes a third of the time.
    code: { optimize: false },
    useDefaults,
    validateSchema,
  })
  formats.default(ajv)
  for (const keyword of KEYWORDS) ajv.addKeyword(keyword)
  return ajv
}

/** What is wrong with a schema itself; `path` leads to the place. */
export function schemaProblems(schema: JsonSchema): readonly SchemaProblem[] {
  if (isPlainSchema(schema)) return []
  try {
    validator(schema)
    return unknownKeywords(schema)
  } catch (error) {
    const strict = createAjv({ validateSchema: true })
    strict.validateSchema(schema)
    const found = (strict.errors ?? []).filter(({ keyword }) => keyword !== 'anyOf' && keyword !== '$dynamicRef')
    const message = error instanceof Error ? error.message : String(error)
    return found.length > 0 ? found.map(toProblem) : [{ path: [], keyword: 'schema', message }]
  }
}

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
  plain ??= createAjv()
  const made = compile(plain, schema)
  cache.set(schema, made)
  return made
}

const filledCache = new WeakMap<JsonSchema, Validator>()

/** A deep copy of the value with the schema's defaults filled in, and the problems that remain. */
export function fillDefaults(schema: JsonSchema, value: Json): { value: Json; problems: readonly SchemaProblem[] } {
  let filler = filledCache.get(schema)
  if (!filler) {
    filling ??= createAjv({ useDefaults: true })
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
