// Templates → a request that fits its OpenAPI operation. What does not fit is refused before anything is sent.
import { conform, type Roots, type Template } from '../language/index.ts'
import type { Named, OpenapiOperation, OpenapiParameter, Operation } from '../packs/index.ts'
import { isObject, type Json, type JsonObject, validator } from '../values/index.ts'
import { type Call, failure, wordProblems } from './call.ts'
import { evaluated } from './evaluated.ts'
import type { HttpRequest } from './model.ts'

/** A request whose values are known; paging replaces its query and builds it anew. */
export interface RequestValues {
  readonly operation: OpenapiOperation
  readonly path: JsonObject
  readonly query: JsonObject
  readonly headers: JsonObject
  readonly body?: Json
  /** What the bytes are read by that are the body. */
  readonly bodyFrom?: Json
}

export const requestValues = (call: Call, operation: OpenapiOperation, request: Operation['request'], roots: Roots) =>
  valuesBy((template) => evaluated(call, 'no', template, roots), operation, request)

/** The request's values as `evaluate` tells them; where it answers unknowns they are unknown. */
export async function valuesBy(
  evaluate: (template: Template) => Promise<Json | undefined>,
  operation: OpenapiOperation,
  request: Operation['request'],
): Promise<RequestValues> {
  const values = async (named: readonly Named[]): Promise<JsonObject> => {
    const fields: [string, Json][] = []
    for (const { name, value } of named) {
      const given = await evaluate(value)
      if (given !== undefined && given !== null) fields.push([name, given])
    }
    return Object.fromEntries(fields)
  }
  const body = request.body && (await evaluate(request.body))
  const bodyFrom = request.bodyFrom && (await evaluate(request.bodyFrom))
  return {
    operation,
    path: await values(request.path),
    query: await values(request.query),
    headers: await values(request.headers),
    ...(body === undefined ? {} : { body }),
    ...(bodyFrom === undefined ? {} : { bodyFrom }),
  }
}

/** Throws `inputInvalid` when the values do not fit the operation. */
export function buildRequest(call: Call, { operation, path, query, headers, body }: RequestValues): HttpRequest {
  const refuse = (message: string) => failure(call, 'inputInvalid', `${operation.operationId}: ${message}`, { applied: 'no' })
  const check = (where: OpenapiParameter['in'], given: JsonObject): void => {
    for (const parameter of operation.parameters) {
      if (parameter.in !== where) continue
      const value = givenFor(given, parameter)
      if (value === undefined && parameter.required) throw refuse(`${where}.${parameter.name} has no value`)
      const problems = value === undefined ? [] : validator(parameter.schema).problems(value)
      if (problems.length > 0) throw refuse(wordProblems(`${where}.${parameter.name}`, problems))
    }
  }
  check('path', path)
  check('query', query)
  check('header', headers)
  const sentBody = operation.body && body !== undefined ? conform(operation.body.schema, body) : undefined
  if (sentBody && sentBody.problems.length > 0) throw refuse(wordProblems('body', sentBody.problems))
  if (operation.body?.required && !sentBody && !operation.bytes) throw refuse('body has no value')

  const base = baseOf(call)
  try {
    return {
      method: operation.method,
      origin: base.origin,
      path: `${prefixOf(base)}${filledPath(operation.path, path)}${queryString(query)}`,
      headers: {
        accept: acceptedBy(operation),
        ...(sentBody ? { 'content-type': 'application/json' } : {}),
        ...headerLines(headers),
      },
      ...(sentBody ? { body: JSON.stringify(sentBody.value) } : {}),
    }
  } catch (error) {
    if (error instanceof Unsendable) throw refuse(error.message)
    throw error
  }
}

const acceptedBy = ({ responses }: OpenapiOperation): string => {
  const types = Object.values(responses).flatMap(({ bytes }) => (bytes ? [bytes.mediaType] : []))
  return [...new Set([...types, 'application/json'])].join(', ')
}

const givenFor = (given: JsonObject, { name, in: where }: OpenapiParameter): Json | undefined =>
  where === 'header' ? Object.entries(given).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] : given[name]

/** Address of the far side: the connection's setting `url`. */
export function baseOf(call: Call): URL {
  const { url } = call.connection.settings
  const base = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (base?.protocol === 'https:' || base?.protocol === 'http:') return base
  const message = `target ${call.connection.target} has no usable url`
  throw failure(call, 'inputInvalid', message, { applied: 'no', hint: 'Set url to an address such as https://platform.example.' })
}

export const prefixOf = ({ pathname }: URL): string => pathname.replace(/\/+$/, '')

/** A value that cannot stand where a request would hold it. */
export class Unsendable extends Error {}

/** The operation's path with its values in it. Throws where one cannot stand in a path. */
export const filledPath = (template: string, values: JsonObject, write: (value: Json) => string | undefined = () => undefined) =>
  template.replace(/\{([^{}]+)\}/g, (_, name: string) => write(values[name] ?? null) ?? pathSegment(name, told(values[name])))

function pathSegment(name: string, value: string): string {
  // A dot segment would be taken as a step up the path.
  if (value === '' || value === '.' || value === '..') throw new Unsendable(`path.${name} cannot be ${JSON.stringify(value)}`)
  // The colon is legal in a path and part of some ids; some platforms sign it unescaped.
  return encodeURIComponent(value).replaceAll('%3A', ':')
}

/** Lists repeat their parameter (OpenAPI style `form`, exploded). */
function queryString(query: JsonObject): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item) => `${encodeURIComponent(name)}=${encodeURIComponent(told(item))}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function headerLines(headers: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const line = told(value)
      if (!/^[\t\x20-\x7e]*$/.test(line)) throw new Unsendable(`header.${name} holds characters that a header cannot carry`)
      return [name.toLowerCase(), line]
    }),
  )
}

function told(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  if (isObject(value) || Array.isArray(value))
    throw new Unsendable(`${JSON.stringify(value)} cannot stand in an address or header`)
  const text = String(value)
  if (!text.isWellFormed()) throw new Unsendable(`${JSON.stringify(text)} is no valid text`)
  return text
}
