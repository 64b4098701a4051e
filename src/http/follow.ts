// What happens after the first answer: tasks are followed, pages fetched, changes read back. All of it only reads.
import type { Roots } from '../language/index.ts'
import {
  ActionFailure,
  type Completion,
  type Handlers,
  type OpenapiOperation,
  type Operation,
  operationsOf,
  type Paging,
} from '../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../values/index.ts'
import { mismatch, type Response, readAnswer } from './answer.ts'
import { withBytes } from './bodies.ts'
import { type Call, failure, inDoubt } from './call.ts'
import { evaluated } from './evaluated.ts'
import { declaredFailure, judge } from './judge.ts'
import { buildRequest, type RequestValues, requestValues } from './request.ts'
import { send } from './send.ts'

/** Sends a request and judges the answer. */
export async function ask(call: Call, values: RequestValues): Promise<Response> {
  const request = await withBytes(call, values, buildRequest(call, values))
  const response = readAnswer(values.operation, await send(call, request, values.operation))
  await judge(call, values.operation, response)
  return response
}

export function operationNamed({ pack }: Call, operationId: string): OpenapiOperation {
  const operation = pack.openapi && operationsOf(pack.openapi).get(operationId)
  if (!operation) throw new Error(`pack ${pack.name} was checked, yet has no operation ${operationId}`)
  return operation
}

// ---- tasks --------------------------------------------------------------------------------------------------------

/** The completed task; undefined when the answer names none. */
export async function followTask(call: Call, completion: Completion, response: Response): Promise<Json | undefined> {
  const applied = inDoubt(call)
  const id = await evaluated(call, applied, completion.id, { response, input: call.input })
  if (id === undefined || id === null || id === '') return undefined
  const operation = operationNamed(call, completion.operationId)
  const values = await requestValues(call, operation, completion.request, { id, input: call.input })
  return untilSeen(call, completion.everyMs, async () => {
    const polled = await look(call, (reading) => askOfTask(reading, values))
    const task = await evaluated(call, applied, completion.task, { response: polled, id, input: call.input })
    const roots = { task, response: polled }
    if ((await evaluated(call, applied, completion.failed, roots)) === true) throw await taskFailure(call, task)
    return (await evaluated(call, applied, completion.done, roots)) === true ? (task ?? null) : undefined
  })
}

/** A refusal that the operation documents by its very status tells of the task, and is not for the call itself. */
async function askOfTask(reading: Call, values: RequestValues): Promise<Response> {
  const { operation } = values
  const response = readAnswer(operation, await send(reading, buildRequest(reading, values), operation))
  const documented = operation.responses[String(response.status)]?.schema !== undefined
  if (!documented || mismatch(operation, response)) await judge(reading, operation, response)
  return response
}

async function taskFailure(call: Call, task: Json | undefined): Promise<ActionFailure> {
  const detail: JsonObject = { task: task ?? null }
  const declared = await declaredFailure(call, { task, input: call.input }, detail)
  return declared ?? failure(call, 'taskFailed', 'the task that was started for this call failed', { applied: 'no', detail })
}

// ---- reading back -------------------------------------------------------------------------------------------------

/** Calls the read action until the change shows; its inputs are taken by name from the result so far, else from the input. */
export async function readBack(call: Call, does: Operation, roots: Roots, handlers: Handlers): Promise<Json | undefined> {
  const { readBack: rule } = does
  if (!rule) return undefined
  const handler = handlers[rule.action]
  const properties = call.pack.actions[rule.action.slice(call.pack.name.length + 1)]?.input.properties
  if (!handler || !isObject(properties)) throw new Error(`the packs were checked, yet there is no action ${rule.action}`)
  const soFar = await resultSoFar(call, does, roots)
  const known: JsonObject = { ...call.input, ...soFar }
  const input = Object.fromEntries(Object.entries(known).filter(([name]) => Object.hasOwn(properties, name)))
  return untilSeen(call, rule.everyMs, async () => {
    const result = await look(call, () => handler(input, call.context))
    return (await evaluated(call, inDoubt(call), rule.until, { result, input: call.input })) === true ? result : undefined
  })
}

/** Parts of the result may need what is yet to be read back. */
async function resultSoFar(call: Call, does: Operation, roots: Roots): Promise<JsonObject> {
  try {
    const result = await evaluated(call, inDoubt(call), does.result, roots)
    return isObject(result) ? result : {}
  } catch (error) {
    if (error instanceof ActionFailure) return {}
    throw error
  }
}

// ---- looking again and again --------------------------------------------------------------------------------------

/** Looks that may fail in a row before what they look at counts as lost. */
const MAX_FAILED_LOOKS = 10

class LookFailed extends Error {
  readonly failure: ActionFailure

  constructor(cause: ActionFailure) {
    super(cause.message, { cause })
    this.failure = cause
  }
}

/** Reads for a call whose effect has been asked for already. */
async function look<Result>(call: Call, read: (reading: Call) => Promise<Result>): Promise<Result> {
  try {
    return await read({ ...call, action: { ...call.action, effect: 'read', failures: {} } })
  } catch (error) {
    if (error instanceof ActionFailure) throw new LookFailed(error)
    throw error
  }
}

/** What has taken long is looked at less often: a fiftieth of the time so far, at most a minute. A day's task is asked about 1,600 times, not 43,200. */
const PART_OF_TIME = 50
const LONGEST_PAUSE_MS = 60_000

/** Until `seen` yields something. Passing trouble is looked past; bounded by the call's signal. */
async function untilSeen<Result>(call: Call, everyMs: number, seen: () => Promise<Result | undefined>): Promise<Result> {
  const { clock } = call.context
  const since = clock.now()
  let failedLooks = 0
  for (;;) {
    try {
      const result = await seen()
      if (result !== undefined) return result
      failedLooks = 0
    } catch (error) {
      if (!(error instanceof LookFailed)) throw error
      failedLooks += 1
      if (!error.failure.failure.retryable || failedLooks === MAX_FAILED_LOOKS) throw lostSight(call, error.failure)
    }
    await pause(call, Math.max(everyMs, Math.min(Math.round((clock.now() - since) / PART_OF_TIME), LONGEST_PAUSE_MS)))
  }
}

function lostSight(call: Call, { failure: last }: ActionFailure): ActionFailure {
  const applied = inDoubt(call)
  if (last.type === 'aborted') return failure(call, 'aborted', last.message, { applied })
  return failure(call, 'answerLost', `what became of the call cannot be seen: ${last.message}`, {
    applied,
    retryable: last.retryable,
    detail: { last: last.type, ...last.detail },
  })
}

async function pause(call: Call, pauseMs: number): Promise<void> {
  const { clock, signal } = call.context
  try {
    await clock.sleep(pauseMs, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    throw failure(call, 'aborted', 'stopped while the platform was still at work', { applied: inDoubt(call) }, error)
  }
}

// ---- pages --------------------------------------------------------------------------------------------------------

/** The items of all pages, the first answer's included. */
export async function allItems(call: Call, paging: Paging, values: RequestValues, first: Response): Promise<readonly Json[]> {
  const applied = inDoubt(call)
  const items: Json[] = []
  let page = values
  let response = first
  for (;;) {
    const found = await evaluated(call, applied, paging.items, { response, input: call.input })
    if (found !== undefined && found !== null) for (const item of Array.isArray(found) ? found : [found]) items.push(item)
    const request = { query: page.query, ...(page.body === undefined ? {} : { body: page.body }) }
    const next = await evaluated(call, applied, paging.next, { response, request, input: call.input })
    if (!isObject(next) || Object.keys(next).length === 0) return items
    const following = withNext(page, next)
    if (JSON.stringify([following.query, following.body]) === JSON.stringify([page.query, page.body])) {
      const { operationId } = values.operation
      throw failure(call, 'unexpectedAnswer', `the next page of ${operationId} is the page itself`, {
        applied,
        detail: { query: page.query },
      })
    }
    page = following
    response = await ask(call, page)
  }
}

/** What the next page is asked by goes where the operation has it: into the query, else into the body. */
function withNext(page: RequestValues, next: JsonObject): RequestValues {
  const isQuery = ([name]: [string, Json]): boolean =>
    page.operation.parameters.some((parameter) => parameter.in === 'query' && parameter.name === name)
  const fields = Object.entries(next)
  const query = { ...page.query, ...Object.fromEntries(fields.filter(isQuery)) }
  const inBody = fields.filter((field) => !isQuery(field))
  if (inBody.length === 0 || !isObject(page.body)) return { ...page, query }
  return { ...page, query, body: { ...page.body, ...Object.fromEntries(inBody) } }
}
