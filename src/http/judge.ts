// Is an answer a success, and if not, which of the declared failures? The vendor's status, code and text are kept verbatim.
import { ExpressionFailed, evaluateTemplate, type Roots } from '../language/index.ts'
import type { ActionFailure, Failure, OpenapiOperation } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import { mismatch, type Response } from './answer.ts'
import { type Call, failure, inDoubt } from './call.ts'

/** Throws the failure that an answer means; returns when the answer is what the operation documents. */
export async function judge(call: Call, operation: OpenapiOperation, response: Response): Promise<void> {
  const detail = detailOf(operation, response)
  const declared = await declaredFailure(call, { response, input: call.input }, detail)
  if (declared) throw declared
  const success = response.status >= 200 && response.status < 300
  if (!success) throw unexpected(call, operation, response, detail)
  const missed = mismatch(operation, response)
  if (missed) {
    const message = `${operation.operationId} answered otherwise than documented: ${missed.message}`
    throw failure(call, 'unexpectedAnswer', message, { applied: inDoubt(call), retryable: missed.passing, detail })
  }
}

/** The first of the action's failures whose `when` holds; its own come before the pack's. */
export async function declaredFailure(call: Call, roots: Roots, detail: JsonObject): Promise<ActionFailure | undefined> {
  for (const [type, { when, message, hint, retryable, applied }] of Object.entries(call.action.failures)) {
    if (!when) continue
    try {
      if ((await evaluateTemplate(when, roots)) !== true) continue
    } catch (error) {
      // An answer of a shape that the expression did not reckon with is not this failure.
      if (error instanceof ExpressionFailed) continue
      throw error
    }
    return failure(call, type, message, { applied, retryable, detail, ...(hint === undefined ? {} : { hint }) })
  }
  return undefined
}

function unexpected(call: Call, { operationId }: OpenapiOperation, { status }: Response, detail: JsonObject): ActionFailure {
  const told = status >= 300 && status < 400 ? 'redirects are not followed' : 'no declared failure fits'
  return failure(call, 'unexpectedAnswer', `${operationId} answered with status ${status}; ${told}`, {
    applied: appliedBy(call, status),
    retryable: status >= 500 || status === 429,
    detail,
  })
}

/** Below 500 the far side refused; above, nobody knows how far it came. */
const appliedBy = (call: Call, status: number): Failure['applied'] => (status >= 500 ? inDoubt(call) : 'no')

const DETAIL_TEXT_LIMIT = 4096

function detailOf({ operationId, method }: OpenapiOperation, { status, body }: Response): JsonObject {
  const shown = typeof body === 'string' && body.length > DETAIL_TEXT_LIMIT ? `${body.slice(0, DETAIL_TEXT_LIMIT)}…` : body
  const small = JSON.stringify(shown ?? null).length <= DETAIL_TEXT_LIMIT * 2
  const kept = shown !== undefined && !small ? `${JSON.stringify(shown).slice(0, DETAIL_TEXT_LIMIT)}…` : shown
  return { operation: operationId, method, status, ...(kept === undefined ? {} : { body: kept }) }
}
