// Everything a call of the toy pack needs: a scripted server, a clock moved by hand, and the handlers under test.
import { type BodyStore, createHttp, type Exchange, type Login, operationHandlers } from '../../src/http/index.ts'
import { type ActionContext, ActionFailure, type Clock, createCatalogue, type Failure } from '../../src/packs/index.ts'
import { type Json, type JsonObject, Secret } from '../../src/values/index.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { toyPack } from './toy-pack.ts'

/** Pauses up to this pass at once; longer sleeps are time-outs, which end when the test says so. */
const LONG_MS = 30_000

export interface HandClock extends Clock {
  readonly pausesMs: readonly number[]
  /** Ends all time-outs that are under way. */
  timeOut(): void
}

export function handClock(): HandClock {
  let now = 1_700_000_000_000
  const pausesMs: number[] = []
  const sleepers = new Set<() => void>()
  return {
    pausesMs,
    now: () => now,
    timeOut: () => {
      for (const wake of sleepers) wake()
    },
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        if (durationMs >= LONG_MS) {
          sleepers.add(resolve)
          return
        }
        pausesMs.push(durationMs)
        now += durationMs
        setImmediate(resolve)
      }),
  }
}

export const PASSWORD = 'correct horse battery staple'

/** Proves itself with a header; counts how often it was asked to renew. */
export function countingLogin(): Login & { renewals: number } {
  const login = {
    renewals: 0,
    authorize: async () => ({ authorization: `Toy ${login.renewals}` }),
    renew: async () => {
      login.renewals += 1
    },
  }
  return login
}

export interface World {
  readonly server: ScriptedServer
  readonly clock: HandClock
  readonly exchanges: Exchange[]
  readonly login: Login & { renewals: number }
  readonly abort: AbortController
  /** What was kept of bodies, by what stands for them. */
  readonly pictures: Map<string, Uint8Array>
  owned: boolean
  /** Calls an action of the toy pack. */
  call(action: string, input?: JsonObject): Promise<JsonObject>
  /** Calls an action that must fail, and answers how. */
  failure(action: string, input?: JsonObject): Promise<Failure>
  close(): Promise<void>
}

interface WorldOptions {
  readonly server?: ScriptedServer
  readonly url?: string
  readonly settings?: Readonly<Record<string, Json | Secret>>
  readonly login?: Login
  readonly bodyLimitBytes?: number
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const server = options.server ?? (await scriptedServer())
  const clock = handClock()
  const exchanges: Exchange[] = []
  const http = createHttp({
    clock,
    onExchange: (exchange) => exchanges.push(exchange),
    ...(options.bodyLimitBytes === undefined ? {} : { bodyLimitBytes: options.bodyLimitBytes }),
  })
  const login = countingLogin()
  const pictures = new Map<string, Uint8Array>()
  const logins = { 'toy/login': options.login ?? login }
  const handlers = operationHandlers(createCatalogue([await toyPack()]), http, logins, albumOf(pictures))
  const abort = new AbortController()
  const settings = { url: options.url ?? server.url, password: new Secret(PASSWORD), ...options.settings }
  const context: ActionContext = {
    runId: 'run-1',
    path: 'step',
    key: '11111111-1111-4111-8111-111111111111',
    signal: abort.signal,
    clock,
    connection: ({ $target, connection }) => ({ target: $target, type: connection, settings }),
    progress: () => undefined,
    assertOwner: () => {
      if (!world.owned) throw new Error('fenced')
    },
    checkpoint: { load: () => undefined, save: async () => undefined },
  }
  const toy = { $target: 'shelf', connection: 'toy/Connection' }
  const world: World = {
    server,
    clock,
    exchanges,
    login,
    abort,
    pictures,
    owned: true,
    call: async (action, input = {}) => {
      const handler = handlers[`toy/${action}`]
      if (!handler) throw new Error(`no handler ${action}`)
      return handler({ toy, ...input }, context)
    },
    failure: async (action, input) => {
      try {
        const output = await world.call(action, input)
        throw new Error(`expected a failure, got ${JSON.stringify(output)}`)
      } catch (error) {
        if (error instanceof ActionFailure) return error.failure
        throw error
      }
    },
    close: async () => {
      await http[Symbol.asyncDispose]()
      await server.close()
    },
  }
  return world
}

/** Keeps bodies by how many there are. */
const albumOf = (pictures: Map<string, Uint8Array>): BodyStore => ({
  keep: async (bytes) => {
    const picture = `picture-${pictures.size}`
    pictures.set(picture, bytes)
    return { picture }
  },
  read: async ({ picture }) => {
    const bytes = pictures.get(String(picture))
    if (bytes) return bytes
    throw new ActionFailure({ type: 'pictureUnknown', message: 'no such picture', retryable: false, applied: 'no' })
  },
})
