// Drives the pack's true actions against the simulator. The platform's time stands still, and moves when an action waits:
// nothing here takes longer than the calls themselves.
import { systemClock } from '../../../src/engine/index.ts'
import { createHttp, operationHandlers } from '../../../src/http/index.ts'
import { type Clock, createCatalogue, type Failure } from '../../../src/packs/index.ts'
import { sangforScp } from '../../../src/platforms/sangfor-scp/index.ts'
import { amzDate, authorization } from '../../../src/platforms/sangfor-scp/signature.ts'
import {
  type ScpSimulator,
  type ScpSimulatorOptions,
  startScpSimulator,
} from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import type { Json, JsonObject, Secret } from '../../../src/values/index.ts'
import { callAction, failureOf, keyOf } from '../calls.ts'
import { loadPacks } from '../runbooks.ts'

export const CLOUD = { $target: 'cloud', connection: 'sangfor-scp/Connection' }
export const MIB = 2 ** 20

const [loaded] = await loadPacks('sangfor-scp')
if (!loaded) throw new Error('one was asked for')
export const scpPack = loaded.pack

export interface Harness extends AsyncDisposable {
  readonly scp: ScpSimulator
  /** Calls `sangfor-scp/<action>`; the cloud is filled in. */
  call(action: string, input?: JsonObject, options?: { readonly key?: string }): Promise<JsonObject>
  /** One signed request, past Holdfast's own client. Time does not move. */
  send(method: string, path: string, options?: RawOptions): Promise<RawAnswer>
  /** The failure that the call must end in. */
  failureOf(action: string, input?: JsonObject): Promise<Failure>
}

export interface RawOptions {
  readonly body?: JsonObject | Buffer
  /** `X-Client-Token`. */
  readonly clientToken?: string
  /** Instead of a signature. */
  readonly token?: string
}

export interface RawAnswer {
  readonly status: number
  readonly text: string
  /** Empty when the answer had no body, or one of bytes. */
  readonly json: { readonly data?: Record<string, unknown>; readonly [name: string]: unknown }
}

export interface HarnessOptions extends ScpSimulatorOptions {
  readonly login?: 'accessKey' | 'token'
  readonly settings?: Readonly<Record<string, Json | Secret>>
}

export async function startHarness({ login = 'accessKey', settings = {}, ...options }: HarnessOptions = {}): Promise<Harness> {
  const scp = await startScpSimulator({ seed: 'test', rate: 0, startAt: Date.UTC(2026, 0, 5, 8), ...options })
  const http = createHttp({ clock: systemClock })
  const catalogue = createCatalogue([scpPack])
  const handlers = { ...operationHandlers(catalogue, http, sangforScp.logins), ...sangforScp.handlers }
  const chosen = login === 'token' ? scp.tokenSettings : scp.settings
  const clock: Clock = {
    now: () => scp.clock.now(),
    sleep: async (durationMs) => scp.clock.advance(durationMs),
  }
  let calls = 0
  const call: Harness['call'] = async (name, input = {}, { key } = {}) => {
    calls += 1
    return callAction(
      handlers,
      `sangfor-scp/${name}`,
      { ...(name === 'disk.maps' ? {} : { cloud: CLOUD }), ...input },
      {
        key: key ?? keyOf(calls),
        clock,
        connection: () => ({ target: 'cloud', type: CLOUD.connection, settings: { ...chosen, ...settings } }),
      },
    )
  }
  return {
    scp,
    call,
    send: (method, path, rawOptions) => send(scp, method, path, rawOptions),
    failureOf: (name, input) => failureOf(call(name, input)),
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]()
      await scp[Symbol.asyncDispose]()
    },
  }
}

/** What `steps.<id>.handle` would be. */
export const handleOf = (type: string, output: JsonObject): JsonObject => ({
  ...output,
  resource: `sangfor-scp/${type}`,
  obligation: 'test',
})

/** One signed request to a simulated platform, past Holdfast. */
export async function send(
  scp: ScpSimulator,
  method: string,
  path: string,
  { body, clientToken, token }: RawOptions = {},
): Promise<RawAnswer> {
  const sent = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const signed = { host: new URL(scp.url).host, 'x-amz-date': amzDate(scp.clock.now()) }
  const key = {
    accessKey: String(scp.settings.accessKey),
    secretKey: scp.settings.secretKey as Secret,
    region: 'r',
    service: 's',
  }
  const [pathOnly = ''] = path.split('?')
  const answer = await fetch(`${scp.url}${path}`, {
    method,
    headers: {
      'x-amz-date': signed['x-amz-date'],
      authorization:
        token === undefined
          ? authorization({ method, path: pathOnly, headers: signed, body: sent ?? '' }, key)
          : `Token ${token}`,
      ...(sent === undefined ? {} : { 'content-type': Buffer.isBuffer(sent) ? 'application/octet-stream' : 'application/json' }),
      ...(clientToken === undefined ? {} : { 'x-client-token': clientToken }),
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const answered = await answer.text()
  const isJson = answered !== '' && answer.headers.get('content-type')?.includes('json') === true
  return { status: answer.status, text: answered, json: isJson ? JSON.parse(answered) : {} }
}
