// An answer's bytes → what templates see as `response`, and whether that is what the operation documents.
import type { BytesBody, OpenapiOperation } from '../packs/index.ts'
import { type Json, type JsonObject, validator } from '../values/index.ts'
import { wordProblems } from './call.ts'
import type { HttpAnswer } from './model.ts'

export interface Response {
  readonly status: number
  readonly headers: JsonObject
  /** Absent when the answer had none; text when it was not JSON. */
  readonly body?: Json
  /** The body, where it is documented as bytes and comes as such; it stands in no value. */
  readonly bytes?: Uint8Array
  /** Why the body is not the JSON that was expected. */
  readonly malformed?: string
}

export function readAnswer(operation: OpenapiOperation, { status, headers, body }: HttpAnswer): Response {
  if (body.length === 0) return { status, headers }
  const type = headers['content-type'] ?? ''
  const documented = documentedFor(operation, status)?.bytes
  const isJson = /^application\/(?:[\w.+-]*\+)?json\b/i.test(type)
  // Never as text, whatever it is said to be: a text may be shown, and these bytes may be a secret.
  if (documented && !isJson) {
    const [stated = ''] = type.split(';')
    if (stated.trim().toLowerCase() === documented.mediaType) return { status, headers, bytes: body }
    return { status, headers, malformed: `the answer is ${stated || 'of no stated type'}, not ${documented.mediaType}` }
  }
  const text = new TextDecoder().decode(body)
  if (!isJson) {
    return {
      status,
      headers,
      body: text,
      malformed: type === '' ? 'the answer states no content type' : `the answer is ${type}, not JSON`,
    }
  }
  try {
    return { status, headers, body: parseExactly(text) }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { status, headers, body: text, malformed: `the answer is not valid JSON: ${error.message}` }
  }
}

const LONG_NUMBER = /[:[,]\s*-?\d{16}/

/** Integers that a JavaScript number cannot hold exactly stay the text that they were. */
function parseExactly(text: string): Json {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as Json
  const keep = (_: string, value: Json, context?: { source?: string }): Json =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? (context?.source ?? value) : value
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown) as Json
}

export interface Mismatch {
  readonly message: string
  /** Something between may have answered, so that another try could bring the true answer. */
  readonly passing: boolean
}

const documentedFor = ({ responses }: OpenapiOperation, status: number) =>
  responses[String(status)] ?? responses['2XX'] ?? responses.default

function bytesMismatch({ mediaType, mostBytes }: BytesBody, bytes?: Uint8Array, malformed?: string): Mismatch | undefined {
  if (!bytes) return { message: malformed ?? `the answer is empty, or no ${mediaType}`, passing: true }
  if (bytes.length <= mostBytes) return undefined
  return { message: `the answer has ${bytes.length} bytes, at most ${mostBytes} are taken`, passing: false }
}

/** How a successful answer misses what the operation documents for its status; undefined when it fits. */
export function mismatch(operation: OpenapiOperation, response: Response): Mismatch | undefined {
  const { status, body, bytes, malformed } = response
  const documented = documentedFor(operation, status)
  if (documented?.bytes) return bytesMismatch(documented.bytes, bytes, malformed)
  if (!documented) return { message: `status ${status} is not documented`, passing: false }
  if (!documented.schema) return undefined
  // A 204 has no body even where the vendor documents one.
  if (body === undefined) return status === 204 ? undefined : { message: 'the answer is empty', passing: true }
  if (malformed !== undefined) return { message: malformed, passing: true }
  const problems = validator(documented.schema).problems(body)
  return problems.length === 0 ? undefined : { message: wordProblems('body', problems), passing: false }
}
