// From request to answer: route, session, document, then a query or the start of a job. What misses the OpenAPI document is kept in words.
import { createHash } from 'node:crypto'
import type { HttpAnswer, HttpRequest } from '../../../http/index.ts'
import { type OpenapiOperation, operationsOf } from '../../../packs/index.ts'
import { type JsonObject, type Secret, validator } from '../../../values/index.ts'
import { type ApiJobs, createApiJobs, type JobFault } from './api-jobs.ts'
import { changes, type OperationCall, queries } from './operations.ts'
import { queried } from './query.ts'
import { scanDatabases } from './site.ts'
import { dateOf, errorOf, Refusal, type World } from './world.ts'

export const FAULTS = ['failJob', 'loseJob', 'forgetJob', 'timeOutJob', 'endSession'] as const
export type FaultKind = (typeof FAULTS)[number]

export interface Answering {
  operationOf(request: HttpRequest): string | undefined
  answer(request: HttpRequest): HttpAnswer
  /** How often each operation was asked for. */
  readonly asked: Readonly<Record<string, number>>
  /** What missed the OpenAPI slice: bugs, of a caller or of this simulator. */
  readonly violations: readonly string[]
  /** Lets the fault strike once, after so many calls of the operation that pass. */
  strike(operation: string, fault: FaultKind, skip: number): void
  heal(): void
  /** Ends every session, as another login may where only one is allowed. */
  endSessions(): void
  readonly openSessions: number
}

export interface Credentials {
  readonly account: string
  readonly password: Secret
}

export function createAnswering(world: World, openapi: JsonObject, credentials: Credentials): Answering {
  const operations = [...operationsOf(openapi).values()]
  const jobs = createApiJobs(world)
  const sessions = new Map<string, number>()
  const asked: Record<string, number> = {}
  const violations: string[] = []
  let waiting: { readonly operation: string; readonly fault: FaultKind; skip: number }[] = []

  const strikeOn = (operation: string): FaultKind | undefined => {
    const struck = waiting.find((each) => each.operation === operation && each.skip-- <= 0)
    waiting = waiting.filter((each) => each !== struck)
    return struck?.fault
  }

  const live = (uuid: string | undefined): boolean => (sessions.get(uuid ?? '') ?? 0) > world.clock.now()

  const logIn = (body: JsonObject): JsonObject => {
    const { accountName, password } = body.logInByAccount as { accountName: string; password: string }
    const digest = createHash('sha512').update(credentials.password.reveal()).digest('hex')
    if (accountName !== credentials.account || password !== digest) throw new Refusal('ID.1000', 'wrong account name or password')
    if ([...sessions.keys()].filter(live).length >= world.behaviour.maxSessions) {
      throw new Refusal('ID.1006', 'there are too many sessions of this account')
    }
    const uuid = world.newId()
    const [now, endsAt] = [world.clock.now(), world.clock.now() + world.behaviour.sessionLifeMs]
    sessions.set(uuid, endsAt)
    return { inventory: { uuid, accountUuid: 'a', userUuid: 'u', createDate: dateOf(now), expiredDate: dateOf(endsAt) } }
  }

  const change = (
    operationId: string,
    call: OperationCall,
    request: HttpRequest,
    session: string,
    fault?: JobFault,
  ): HttpAnswer => {
    const does = changes[operationId]
    if (!does) throw new Error(`the simulator has no operation ${operationId}`)
    const uuid = request.headers['x-job-uuid'] ?? world.newId()
    const runMs = /Backup(Action)?$/.test(operationId) ? world.behaviour.backupRunMs : world.behaviour.jobRunMs
    // The session is looked at behind the door too: a 202 does not say that the call was allowed.
    const allowed = live(session)
    const started = jobs.start(
      uuid,
      allowed ? runMs : 0,
      () => {
        if (!allowed) throw new Refusal('ID.1001', 'the session is not valid')
        return does(world, call)
      },
      allowed ? fault : undefined,
    )
    if (!started) return text(400, `duplicate job uuid ${uuid}`)
    return json(202, { location: `${world.behaviour.ownAddress}/zstack/v1/api-jobs/${uuid}` })
  }

  const answerTo = (operation: OpenapiOperation, call: OperationCall, request: HttpRequest): HttpAnswer => {
    const { operationId, path } = operation
    const fault = strikeOn(operationId)
    if (fault === 'endSession') sessions.clear()
    if (operationId === 'logInByAccount') return json(200, logIn(call.body as JsonObject))
    if (operationId === 'getApiJob') return pollOf(jobs, call)
    const [, session] = /^OAuth (\w+)$/.exec(request.headers.authorization ?? '') ?? []
    if (operationId === 'logOut') {
      sessions.delete(call.path.sessionUuid ?? '')
      return json(200, {})
    }
    if (operationId === 'askNode') return json(200, nodeAnswers(world, call.body as JsonObject))
    if (session === undefined) return text(400, 'the header Authorization is missing, or is not OAuth')
    if (operation.method !== 'GET') return change(operationId, call, request, session, fault as JobFault | undefined)
    if (!live(session)) throw new Refusal('ID.1001', 'the session is not valid')
    if (operationId === 'scanDatabaseBackups') return json(200, scanDatabases(world, call.query.get('url') ?? ''))
    if (path.endsWith('/licenses')) return json(200, baseLicence(world))
    if (path.endsWith('/licenses/addons')) return json(200, addOns(world))
    const rows = queries[operationId]
    if (!rows) throw new Error(`the simulator has no operation ${operationId}`)
    return json(200, queried(rows(world), call.query, world.behaviour.listLimit))
  }

  const find = ({ method, path }: HttpRequest) => {
    const parts = (path.split('?')[0] ?? '').split('/')
    const operation = operations.find((each) => {
      const template = each.path.split('/')
      const fits = template.length === parts.length && template.every((part, i) => part.startsWith('{') || part === parts[i])
      return each.method === method && fits
    })
    return operation && { operation, parts }
  }

  return {
    asked,
    violations,
    operationOf: (request) => find(request)?.operation.operationId,
    answer: (request) => {
      world.clock.settle()
      const found = find(request)
      if (!found) return text(404, 'there is no such call')
      const { operation, parts } = found
      if (world.clock.now() < world.awayUntilMs) {
        // Whatever the node held in memory is gone with it.
        sessions.clear()
        jobs.clear()
        return text(503, 'Service Unavailable')
      }
      asked[operation.operationId] = (asked[operation.operationId] ?? 0) + 1
      const names = operation.path.split('/').map((part, i) => [part.replace(/[{}]/g, ''), parts[i] ?? ''] as const)
      const call: OperationCall = {
        path: Object.fromEntries(names),
        query: new URLSearchParams(request.path.split('?')[1] ?? ''),
        body: request.body === undefined ? undefined : JSON.parse(request.body),
      }
      const wrong = requestProblems(operation, call)
      violations.push(...wrong)
      if (wrong.length > 0) return text(400, wrong.join('; '))
      const answer = answered(() => answerTo(operation, call, request))
      violations.push(...answerProblems(operation, answer))
      return answer
    },
    strike: (operation, fault, skip) => void waiting.push({ operation, fault, skip }),
    heal: () => {
      waiting = []
    },
    endSessions: () => sessions.clear(),
    get openSessions() {
      return [...sessions.keys()].filter(live).length
    },
  }
}

const nodeAnswers = ({ behaviour, clock }: World, body: JsonObject): JsonObject =>
  'getVersion' in body
    ? { version: behaviour.version }
    : { currentTime: { MillionSeconds: Math.floor(clock.now()), Seconds: Math.floor(clock.now() / 1000) } }

function pollOf(jobs: ApiJobs, { path }: OperationCall): HttpAnswer {
  const { status, body } = jobs.poll(path.jobUuid ?? '')
  return typeof body === 'string' ? text(status, body) : json(status, body)
}

function answered(answer: () => HttpAnswer): HttpAnswer {
  try {
    return answer()
  } catch (error) {
    if (error instanceof Refusal) return json(503, { error: errorOf(error) })
    throw error
  }
}

const baseLicence = ({ behaviour }: World) => ({
  inventory: { uuid: 'base', licenseType: behaviour.baseLicence ? 'Paid' : 'Community', expired: !behaviour.baseLicence },
})

const addOns = ({ behaviour: { backupLicence, projectLicence } }: World) => ({
  addons: [
    ...(backupLicence ? [{ uuid: 'addon-1', licenseType: 'AddOn', modules: ['disaster-recovery'], expired: false }] : []),
    ...(projectLicence ? [{ uuid: 'addon-2', licenseType: 'AddOn', modules: ['project-management'], expired: false }] : []),
  ],
})

const json = (status: number, body: object): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8' },
  body: Buffer.from(JSON.stringify(body)),
})

const text = (status: number, body: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(body),
})

function requestProblems({ operationId, parameters, body }: OpenapiOperation, call: OperationCall): string[] {
  const known = parameters.filter(({ in: where }) => where === 'query').map(({ name }) => name)
  const unknown = [...new Set(call.query.keys())].filter((name) => !known.includes(name))
  const wrong = body ? validator(body.schema).problems(call.body ?? null) : []
  return [
    ...unknown.map((name) => `${operationId} was called otherwise than described: query parameter ${name} is not described`),
    ...wrong.map(
      ({ path, message }) => `${operationId} was called otherwise than described: ${['body', ...path].join('.')} ${message}`,
    ),
  ]
}

function answerProblems({ operationId, responses }: OpenapiOperation, { status, headers, body }: HttpAnswer): string[] {
  // HTTP's own refusals are plain text and described nowhere.
  if (headers['content-type'] === 'text/plain') return []
  const schema = responses[String(status)]?.schema
  if (!schema) return [`${operationId} answers otherwise than described: status ${status}`]
  const wrong = validator(schema).problems(JSON.parse(Buffer.from(body).toString('utf8')))
  return wrong.map(
    ({ path, message }) => `${operationId} answers otherwise than described: ${['body', ...path].join('.')} ${message}`,
  )
}
