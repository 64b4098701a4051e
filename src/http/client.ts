// Connections as pools of kept-alive sockets, one pool per origin and certificate.
import type { Dispatcher } from 'undici'
import type { Clock, Connection } from '../packs/index.ts'
import { Secret } from '../values/index.ts'
import { exchange, TimedOut } from './exchange.ts'
import { type Network, networkDispatcher } from './in-process.ts'
import {
  type Exchange,
  type Http,
  type HttpRequest,
  type Limits,
  type SendOptions,
  type Session,
  TransportFailed,
} from './model.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import { withoutSecrets } from './redact.ts'

export interface HttpOptions {
  readonly clock: Clock
  /** Told of every request, once it ended. */
  readonly onExchange?: (exchange: Exchange) => void
  /** An answer above this is refused. Default 256 MiB: nothing that a runbook needs is that large. */
  readonly bodyLimitBytes?: number
  /** Instead of sockets. */
  readonly network?: Network
}

const BODY_LIMIT_BYTES = 256 * 1024 * 1024

type Wire = Pick<Dispatcher, 'dispatch' | 'destroy'>

/** Closed by its caller. Sends nothing by itself. */
export function createHttp({ clock, onExchange, bodyLimitBytes = BODY_LIMIT_BYTES, network }: HttpOptions): Http {
  const pools = new Map<string, Wire>()
  const limits = new Map<string, RateLimit>()
  const sessions = new Map<string, Session>()

  /** Sockets come with the first request: many runs send none, and loading undici is the longest part of a start. */
  const poolOf = async (connection: Connection, origin: string): Promise<Wire> => {
    const { caCertificate } = connection.settings
    const ca = typeof caCertificate === 'string' ? caCertificate : undefined
    const make = network
      ? () => networkDispatcher(network, origin)
      : await import('./pool.ts').then(
          ({ createPool }) =>
            () =>
              createPool(origin, ca),
        )
    return cached(pools, JSON.stringify([origin, ca]), make)
  }

  const sessionOf = (connection: Connection): Session => {
    const session = cached(sessions, idOf(connection), () => ({ memory: new Map(), secrets: new Set<Secret>() }))
    for (const value of Object.values(connection.settings)) if (value instanceof Secret) session.secrets.add(value)
    return session
  }

  const limitOf = (connection: Connection, method: string, stated: Limits | undefined): RateLimit | undefined => {
    const kind = method === 'GET' ? 'getPerMinute' : 'otherPerMinute'
    const perMinute = stated?.[kind]
    if (perMinute === undefined) return undefined
    return cached(limits, `${kind} ${idOf(connection)}`, () => createRateLimit(perMinute, clock))
  }

  const observe = (
    connection: Connection,
    request: HttpRequest,
    startedAt: number,
    end: Pick<Exchange, 'status' | 'lost'>,
  ): void => {
    const { method, origin } = request
    const [path = ''] = request.path.split('?')
    const shown = withoutSecrets(path, sessionOf(connection).secrets)
    onExchange?.({ target: connection.target, method, origin, path: String(shown), durationMs: clock.now() - startedAt, ...end })
  }

  return {
    clock,
    session: sessionOf,
    async admit(connection, method, stated, signal) {
      try {
        await limitOf(connection, method, stated)?.take(signal)
      } catch (cause) {
        if (!signal.aborted) throw cause
        throw new TransportFailed('aborted', `${method} was stopped before it was sent`, false, { cause })
      }
    },
    async send(connection, request, options) {
      const startedAt = clock.now()
      try {
        const answer = await withTimeout(clock, options, async (signal) => {
          const pool = await poolOf(connection, request.origin)
          return exchange(pool, request, { signal, limitBytes: bodyLimitBytes, leaving: options.leaving })
        })
        observe(connection, request, startedAt, { status: answer.status })
        return answer
      } catch (error) {
        if (error instanceof TransportFailed) observe(connection, request, startedAt, { lost: error.kind })
        throw error
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...sessions.values()].map((session) => session.ending?.()))
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

const idOf = ({ type, target, settings }: Connection): string => JSON.stringify([type, target, settings.url])

async function withTimeout<Result>(
  clock: Clock,
  { signal, timeoutMs }: SendOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timeout = new AbortController()
  const done = new AbortController()
  clock.sleep(timeoutMs, done.signal).then(
    () => timeout.abort(new TimedOut(`no answer within ${timeoutMs} ms`)),
    () => undefined,
  )
  try {
    return await work(AbortSignal.any([signal, timeout.signal]))
  } finally {
    done.abort()
  }
}

function cached<Value>(cache: Map<string, Value>, key: string, make: () => Value): Value {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}
