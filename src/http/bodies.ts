// Bodies that are bytes: read before a request leaves, kept after an answer came. They never become a value.
import type { Template } from '../language/index.ts'
import { isObject, type JsonObject } from '../values/index.ts'
import { type Call, failure, inDoubt } from './call.ts'
import { evaluated } from './evaluated.ts'
import type { BodyStore, HttpRequest } from './model.ts'
import type { RequestValues } from './request.ts'

/** The request with its body; as it is where none is to be read. Throws `inputInvalid`, and whatever the store throws. */
export async function withBytes(call: Call, { operation, bodyFrom }: RequestValues, request: HttpRequest): Promise<HttpRequest> {
  const { bytes } = operation
  if (!bytes || bodyFrom === undefined) return request
  const refuse = (message: string) => failure(call, 'inputInvalid', `${operation.operationId}: ${message}`, { applied: 'no' })
  if (!isObject(bodyFrom)) throw refuse('bodyFrom is no object')
  const kept = await storeOf(call).read(bodyFrom, call.context)
  if (kept.length > bytes.mostBytes) throw refuse(`the body has ${kept.length} bytes, at most ${bytes.mostBytes} are taken`)
  return { ...request, headers: { ...request.headers, 'content-type': bytes.mediaType }, bytes: kept }
}

/** What the answer's bytes are read by again. */
export async function keptBody(call: Call, into: Template, bytes: Uint8Array): Promise<JsonObject> {
  const applied = inDoubt(call)
  const place = await evaluated(call, applied, into, { input: call.input })
  if (!isObject(place)) throw failure(call, 'inputInvalid', `${call.action.name}: bodyInto is no object`, { applied })
  return storeOf(call).keep(bytes, place, call.context)
}

function storeOf({ action, bodies }: Call): BodyStore {
  if (!bodies) throw new Error(`${action.name} takes or gives bytes, and nothing is there to keep them`)
  return bodies
}
