// The requests that a call of a REST action would send when all goes well, for plans: built from the same templates as those
// of runs, over values that may be unknown. Nothing is sent, no login is performed, no secret is in reach.
import { conform, evaluateOpen, type Roots } from '../language/index.ts'
import { type Action, type Catalogue, type OpenapiOperation, type Operation, operationsOf, type Pack } from '../packs/index.ts'
import { isObject, isUnknown, type Json, type JsonObject, unknown } from '../values/index.ts'
import { filledPath, type RequestValues, Unsendable, valuesBy } from './request.ts'

export interface ForeseenRequest {
  /** `call` is the effect itself; the others only read: following its task, further pages, reading back what it made. */
  readonly purpose: 'call' | 'poll' | 'page' | 'readBack'
  /** Operator's name of the target it goes to. */
  readonly target: string
  readonly method: string
  /** Below the target's url; unknown parts as ‹where from›. */
  readonly path: string
  readonly query: JsonObject
  readonly headers: JsonObject
  readonly body?: Json
  /** Login that adds its own headers, which are secret. */
  readonly login?: string
}

/** None for handlers, whose wire is their own, and where the pack was loaded without its operations. */
export async function foreseenRequests(
  catalogue: Catalogue,
  action: Action,
  input: JsonObject,
): Promise<readonly ForeseenRequest[]> {
  const pack = catalogue.packs[action.name.slice(0, action.name.indexOf('/'))]
  if (action.does.kind !== 'operation' || !pack?.openapi) return []
  return requestsOf({ catalogue, pack, action, input, operations: operationsOf(pack.openapi) }, action.does)
}

interface Foreseeing {
  readonly catalogue: Catalogue
  readonly pack: Pack
  readonly action: Action
  readonly input: JsonObject
  readonly operations: ReadonlyMap<string, OpenapiOperation>
}

async function requestsOf(on: Foreseeing, does: Operation): Promise<readonly ForeseenRequest[]> {
  const { pack, input } = on
  const roots = { input, attempt: { key: unknown('attempt.key') } }
  const call = await foresee(on, 'call', does.operationId, does.request, roots)
  const completion = does.completes === undefined ? undefined : pack.completions[does.completes]
  const following = { id: unknown('task id'), input }
  return [
    ...call,
    ...(completion ? await foresee(on, 'poll', completion.operationId, completion.request, following) : []),
    ...(does.pages === undefined ? [] : call.map((first) => ({ ...first, purpose: 'page' as const }))),
    ...(await readBackOf(on, does)),
  ]
}

/** Its input is taken by name from the result, of which nothing is known yet, else from the call's own input. */
async function readBackOf(
  { catalogue, input }: Foreseeing,
  { readBack, result }: Operation,
): Promise<readonly ForeseenRequest[]> {
  const action = readBack && catalogue.action(readBack.action)
  if (!action || !isObject(action.input.properties)) return []
  const soFar = await evaluateOpen(result, {
    input,
    response: unknown('response'),
    task: unknown('task'),
    readBack: unknown('readBack'),
  })
  const known: JsonObject = { ...input, ...(isObject(soFar) && !isUnknown(soFar) ? soFar : {}) }
  const names = Object.keys(action.input.properties).filter((name) => known[name] !== undefined)
  const given = Object.fromEntries(names.map((name): [string, Json] => [name, known[name] ?? null]))
  const requests = await foreseenRequests(catalogue, action, given)
  return requests.slice(0, 1).map((first) => ({ ...first, purpose: 'readBack' }))
}

async function foresee(
  { catalogue, action, input, operations }: Foreseeing,
  purpose: ForeseenRequest['purpose'],
  operationId: string,
  request: Operation['request'],
  roots: Roots,
): Promise<readonly ForeseenRequest[]> {
  const operation = operations.get(operationId)
  const { target, login } = addressOf(catalogue, action, input)
  if (!operation || target === undefined) return []
  const values = await valuesBy((template) => evaluateOpen(template, roots), operation, request)
  try {
    return [{ purpose, target, ...written(values), ...(login === undefined ? {} : { login }) }]
  } catch (error) {
    // The run would refuse it too, and say why; nothing would leave.
    if (error instanceof Unsendable) return []
    throw error
  }
}

function written({ operation, path, query, headers, body, bodyFrom }: RequestValues) {
  const mark = (value: Json): string | undefined => (isUnknown(value) ? `‹${value.$unknown}›` : undefined)
  const sent = operation.body && body !== undefined ? conform(operation.body.schema, body).value : undefined
  return {
    method: operation.method,
    path: filledPath(operation.path, path, mark),
    query,
    headers,
    ...(sent === undefined ? {} : { body: sent }),
    ...(bodyFrom === undefined ? {} : { body: `‹bytes of ${operation.bytes?.mediaType}›` }),
  }
}

function addressOf(
  catalogue: Catalogue,
  { input: { properties } }: Action,
  input: JsonObject,
): { target?: string; login?: string } {
  for (const [slot, schema] of Object.entries(isObject(properties) ? properties : {})) {
    const type = isObject(schema) ? schema['x-connection'] : undefined
    const given = input[slot]
    if (typeof type !== 'string' || !isObject(given) || typeof given.$target !== 'string') continue
    const { auth } = catalogue.connection(type) ?? {}
    return { target: given.$target, ...(auth === undefined ? {} : { login: auth }) }
  }
  return {}
}
