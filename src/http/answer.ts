// An answer's bytes → what templates see as `response`, and whether that is what the operation documents.
import type { OpenapiOperation } from '../packs/index.ts'
import { type Json, type JsonObject, validator } from '../values/index.ts'
import { wordProblems } from './call.ts'
import type { HttpAnswer } from './model.ts'

export interface Response {
  readonly status: number
  readonly headers: JsonObject
  /** Absent when the answer had none; text when it was not JSON. */
  readonly body?: Json
  /** Why the body is not the JSON that was expected. */
  readonly malformed?: string
}

export function readAnswer({ status, headers, body }: HttpAnswer): Response {
  if (body.length === 0) return { status, headers }
  const text = new TextDecoder().decode(body)
  const type = headers['content-type'] ?? ''
  if (!/^application\/(?:[\w.+-]*\+)?json\b/i.test(type)) {
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

/** How a successful answer misses what the operation documents for its status; undefined when it fits. */
export function mismatch(operation: OpenapiOperation, response: Response): Mismatch | undefined {
  const { status, body, malformed } = response
  const documented = operation.responses[String(status)] ?? operation.responses['2XX'] ?? operation.responses.default
  if (!documented) return { message: `status ${status} is not documented`, passing: false }
  if (!documented.schema) return undefined
  // A 204 has no body even where the vendor documents one.
  if (body === undefined) return status === 204 ? undefined : { message: 'the answer is empty', passing: true }
  if (malformed !== undefined) return { message: malformed, passing: true }
  const problems = validator(documented.schema).problems(body)
  return problems.length === 0 ? undefined : { message: wordProblems('body', problems), passing: false }
}
