// Requests and answers held against the OpenAPI document, in words.
import type { OpenapiOperation } from '../../../packs/index.ts'
import { type JsonObject, validator } from '../../../values/index.ts'

export interface ReceivedRequest {
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Lower-case names. */
  readonly header: Readonly<Record<string, string | undefined>>
  readonly body: unknown
}

export interface Answer {
  readonly status: number
  readonly body?: JsonObject
  /** Of a body that is no JSON. */
  readonly bytes?: Buffer
}

/** How a request misses what the document says of its operation. */
export function requestProblems({ parameters, body }: OpenapiOperation, request: ReceivedRequest): string[] {
  const problems: string[] = []
  for (const { name, in: where, required, schema } of parameters) {
    const text = request[where][where === 'header' ? name.toLowerCase() : name]
    if (text === undefined) {
      if (required) problems.push(`${where} parameter ${name} is missing`)
      continue
    }
    const value = schema.type === 'integer' && /^\d+$/.test(text) ? Number(text) : text
    for (const { message } of validator(schema).problems(value)) problems.push(`${where} parameter ${name} ${message}`)
  }
  const known = parameters.filter(({ in: where }) => where === 'query').map(({ name }) => name)
  const unknown = Object.keys(request.query).filter((name) => !known.includes(name))
  problems.push(...unknown.map((name) => `query parameter ${name} is not described`))
  if (body?.required && request.body === undefined) problems.push('the body is missing')
  if (body && request.body !== undefined) problems.push(...bodyProblems(body.schema, request.body))
  return problems
}

/** How an answer misses what the document says of it. */
export function answerProblems({ responses }: OpenapiOperation, { status, body, bytes }: Answer): string[] {
  const described = responses[String(status)]
  if (!described) return [`status ${status} is not described`]
  if (bytes) return bytes.length <= (described.bytes?.mostBytes ?? -1) ? [] : ['no such bytes are described']
  if (!described.schema) return body === undefined ? [] : ['no body is described']
  return bodyProblems(described.schema, body)
}

const bodyProblems = (schema: JsonObject, body: unknown): string[] =>
  validator(schema)
    .problems(body)
    .map(({ path, message }) => `${['body', ...path].join('.')} ${message}`)
