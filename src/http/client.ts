// Connections as pools of kept-alive sockets, one pool per origin and certificate. TLS is always verified.
import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import { type Dispatcher, Pool } from 'undici'
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

const SOCKETS_PER_ORIGIN = 16
const BODY_LIMIT_BYTES = 256 * 1024 * 1024
const CONNECT_TIMEOUT_MS = 10_000

type Wire = Pick<Dispatcher, 'dispatch' | 'destroy'>

/** Closed by its caller. Sends nothing by itself. */
export function createHttp({ clock, onExchange, bodyLimitBytes = BODY_LIMIT_BYTES, network }: HttpOptions): Http {
  const pools = new Map<string, Wire>()
  const limits = new Map<string, RateLimit>()
  const sessions = new Map<string, Session>()

  const poolOf = (connection: Connection, origin: string): Wire => {
    const { caCertificate } = connection.settings
    const ca = typeof caCertificate === 'string' ? caCertificate : undefined
    return cached(pools, JSON.stringify([origin, ca]), () =>
      network ? networkDispatcher(network, origin) : createPool(origin, ca),
    )
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
        const answer = await withTimeout(clock, options, (signal) =>
          exchange(poolOf(connection, request.origin), request, { signal, limitBytes: bodyLimitBytes, leaving: options.leaving }),
        )
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

function createPool(origin: string, ca: string | undefined): Pool {
  return new Pool(origin, {
    connections: SOCKETS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    // Time is the injected clock's business, see withTimeout.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: true, ...(ca === undefined ? {} : trusting(ca)) },
  })
}

/** Trusts what the certificate signed, and the certificate itself under any name: self-signed ones seldom carry the right one. */
function trusting(ca: string): Pick<ConnectionOptions, 'ca' | 'checkServerIdentity'> {
  return {
    ca,
    checkServerIdentity: (host, presented) =>
      new X509Certificate(ca).raw.equals(presented.raw) ? undefined : checkServerIdentity(host, presented),
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
