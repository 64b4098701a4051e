// REST actions as handlers: templates → request → answer → task, pages, read-back → output. Nothing here knows a platform.
import { conform, type TargetRef } from '../language/index.ts'
import {
  type Action,
  type ActionContext,
  ActionFailure,
  type ActionHandler,
  type Catalogue,
  type Handlers,
  type Operation,
  type Pack,
} from '../packs/index.ts'
import { isObject, type Json, type JsonObject, parseDuration, Secret, validator } from '../values/index.ts'
import { keptBody } from './bodies.ts'
import { type Call, failure, inDoubt, wordProblems } from './call.ts'
import { evaluated } from './evaluated.ts'
import { allItems, ask, followTask, operationNamed, readBack } from './follow.ts'
import type { BodyStore, Http, Login, Logins } from './model.ts'
import { requestValues } from './request.ts'

/**
 * A handler for every action of the catalogue that is an OpenAPI operation. Throws when a login that a connection type names is
 * not registered, or when a pack was loaded without its operations. `bodies` is needed by actions that take or give bytes.
 */
export function operationHandlers(catalogue: Catalogue, http: Http, logins: Logins, bodies?: BodyStore): Handlers {
  const handlers: Record<string, ActionHandler> = {}
  for (const pack of Object.values(catalogue.packs)) {
    for (const action of Object.values(pack.actions)) {
      const { does } = action
      if (does.kind !== 'operation') continue
      if (!pack.openapi) throw new Error(`pack ${pack.name} was loaded without its operations`)
      const prepare = preparation(catalogue, pack, action, { http, logins, ...(bodies === undefined ? {} : { bodies }) })
      handlers[action.name] = async (input, context) => {
        const secrets = new Set<Secret>()
        const plain = reveal(input, secrets) as JsonObject
        checkInput(action, plain)
        const call = prepare(plain, context)
        for (const secret of secrets) http.session(call.connection).secrets.add(secret)
        return perform(call, does, handlers)
      }
    }
  }
  return handlers
}

const DEFAULT_REQUEST_TIMEOUT_MS = 60_000

interface Means {
  readonly http: Http
  readonly logins: Logins
  readonly bodies?: BodyStore
}

function preparation(catalogue: Catalogue, pack: Pack, action: Action, { http, logins, bodies }: Means) {
  const [slot, typeName] = connectionSlot(pack, action)
  const type = catalogue.connection(typeName)
  const login = type?.auth === undefined ? undefined : loginNamed(logins, type.auth, typeName)
  return (input: JsonObject, context: ActionContext): Call => {
    const connection = context.connection(targetIn(action, input, slot))
    const { requestTimeout } = connection.settings
    const stated = typeof requestTimeout === 'string' ? parseDuration(requestTimeout) : undefined
    return {
      action,
      pack,
      input,
      context,
      connection,
      http,
      ...(login === undefined ? {} : { login }),
      ...(bodies === undefined ? {} : { bodies }),
      ...(type?.limits === undefined ? {} : { limits: type.limits }),
      timeoutMs: Math.min(action.timeoutMs, stated ?? DEFAULT_REQUEST_TIMEOUT_MS),
    }
  }
}

/** Requests are made of texts: here a secret is put on the wire. */
function reveal(value: Json | Secret, secrets: Set<Secret>): Json {
  if (value instanceof Secret) {
    secrets.add(value)
    return value.reveal()
  }
  if (Array.isArray(value)) return value.map((item: Json) => reveal(item, secrets))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, reveal(each, secrets)]))
}

function checkInput(action: Action, input: JsonObject): void {
  const problems = validator(action.input).problems(input)
  if (problems.length > 0) throw invalid(wordProblems('input', problems))
}

function targetIn(action: Action, input: JsonObject, slot: string): TargetRef {
  const target = input[slot]
  if (isObject(target) && typeof target.$target === 'string' && typeof target.connection === 'string') {
    return { $target: target.$target, connection: target.connection }
  }
  throw invalid(`input.${slot} of ${action.name} must be a target`)
}

const invalid = (message: string) => new ActionFailure({ type: 'inputInvalid', message, retryable: false, applied: 'no' })

/** The one of its own pack. */
function connectionSlot(pack: Pack, action: Action): readonly [slot: string, type: string] {
  const properties = isObject(action.input.properties) ? action.input.properties : {}
  for (const [slot, schema] of Object.entries(properties)) {
    const type = isObject(schema) ? schema['x-connection'] : undefined
    if (typeof type === 'string' && type.startsWith(`${pack.name}/`)) return [slot, type]
  }
  throw new Error(`${action.name} has no input marked x-connection`)
}

function loginNamed(logins: Logins, name: string, connection: string): Login {
  const login = logins[name]
  if (!login) throw new Error(`${connection} needs the login ${name}, which no platform registers`)
  return login
}

async function perform(call: Call, does: Operation, handlers: Handlers): Promise<JsonObject> {
  const { pack, input, context } = call
  const asked = { input, attempt: { key: context.key } }
  const values = await requestValues(call, operationNamed(call, does.operationId), does.request, asked)
  const { bytes, ...response } = await ask(call, values)
  const kept = bytes && does.bodyInto && (await keptBody(call, does.bodyInto, bytes))
  const completion = does.completes === undefined ? undefined : pack.completions[does.completes]
  const task = completion && (await followTask(call, completion, response))
  const paging = does.pages === undefined ? undefined : pack.pagings[does.pages]
  const items = paging && (await allItems(call, paging, values, response))
  const answered = {
    ...asked,
    response,
    ...(kept === undefined ? {} : { kept }),
    ...(task === undefined ? {} : { task }),
    ...(items === undefined ? {} : { items }),
  }
  const shown = await readBack(call, does, answered, handlers)
  return output(call, does, shown === undefined ? answered : { ...answered, readBack: shown })
}

async function output(call: Call, does: Operation, roots: Readonly<Record<string, unknown>>): Promise<JsonObject> {
  const applied = inDoubt(call)
  const result = (await evaluated(call, applied, does.result, roots)) ?? {}
  const { value, problems } = conform(call.action.output, result)
  if (problems.length > 0 || !isObject(value)) {
    throw failure(call, 'outputInvalid', wordProblems('output', problems) || 'output is not an object', { applied })
  }
  return value
}
