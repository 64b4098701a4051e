// The vocabulary of HTTP calls: requests, answers, logins, and how a call can be lost.
import type { ActionContext, Clock, Connection, ConnectionType, OpenapiOperation } from '../packs/index.ts'
import type { JsonObject, Secret } from '../values/index.ts'

export interface HttpRequest {
  /** Upper case. */
  readonly method: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Path and query exactly as sent, percent-encoded. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Instead of `body`. */
  readonly bytes?: Uint8Array
}

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names; values of repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** How a request ended without an answer. `sent`: its first byte may have left, so it may have taken effect. */
export class TransportFailed extends Error {
  readonly kind: 'notReachable' | 'answerLost' | 'aborted' | 'tooLarge'
  readonly sent: boolean

  constructor(kind: TransportFailed['kind'], message: string, sent: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransportFailed'
    this.kind = kind
    this.sent = sent
  }
}

export type Limits = NonNullable<ConnectionType['limits']>

/** What is kept for a connection as long as its `Http` lives: tokens that a login was given, and what must never be shown. */
export interface Session {
  readonly memory: Map<string, unknown>
  readonly secrets: Set<Secret>
  /** Ends what the login began; called when the `Http` is closed. */
  ending?: () => Promise<void>
}

export interface SendOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Called when the first byte is about to leave; what it throws keeps the request from leaving, and passes through. */
  readonly leaving: () => void
}

export interface Http extends AsyncDisposable {
  readonly clock: Clock
  session(connection: Connection): Session
  /** Waits until the far side's rate limit allows one more request. Rejects with `TransportFailed`. */
  admit(connection: Connection, method: string, limits: Limits | undefined, signal: AbortSignal): Promise<void>
  /** One request, one answer; never repeats, never follows a redirect. Rejects with `TransportFailed`. */
  send(connection: Connection, request: HttpRequest, options: SendOptions): Promise<HttpAnswer>
}

/** For debugging; holds no header, query, body or secret. */
export interface Exchange {
  readonly target: string
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly status?: number
  readonly lost?: TransportFailed['kind']
  readonly durationMs: number
}

/** What a login may use: the call's own connection, time and signal. */
export interface LoginHttp {
  readonly clock: Clock
  readonly session: Session
  readonly origin: string
  /** Path prefix of the connection's url, without a slash at its end. */
  readonly prefix: string
  /** Sends a request of the login's own, such as one for a token. Rejects with `TransportFailed`. */
  send(request: HttpRequest): Promise<HttpAnswer>
}

/** How a platform proves who is calling. A login keeps no state of its own: what it must remember goes into the session. */
export interface Login {
  /** Headers to add. The request is exactly what will be sent. Throws `ActionFailure` when the platform accepts no credentials. */
  authorize(request: HttpRequest, connection: Connection, http: LoginHttp): Promise<Readonly<Record<string, string>>>
  /** Whether an answer says that the credentials are not taken any more. Absent: those with status 401 do. */
  refused?(answer: HttpAnswer): boolean
  /** After such an answer: forget what was remembered; the request is then authorized and sent once more. Absent: the answer stands. */
  renew?(connection: Connection, http: LoginHttp): Promise<void>
  /** Ends what was begun with this connection, such as a session that is counted; what it throws is not looked at. */
  end?(connection: Connection, http: LoginHttp): Promise<void>
  /** How calls are put over this connection, where that is not as its operations are described. */
  binding?(connection: Connection): Binding | undefined
}

/** Puts calls into another form, and answers back into the form that the operations describe. */
export interface Binding {
  /** Before credentials are added. Throws `ActionFailure` where the call cannot be put. */
  request(request: HttpRequest, operation: OpenapiOperation, connection: Connection, http: LoginHttp): Promise<HttpRequest>
  answer(answer: HttpAnswer, operation: OpenapiOperation): HttpAnswer
}

/**
 * Where bodies that are bytes are kept between two calls. What stands for them goes into values, and so into journals, logs and plans; the
 * bytes never do: they may be a secret.
 */
export interface BodyStore {
  /** Durable when it answers; the same bytes may be kept twice. `place` is what the action says in `bodyInto`. Throws `ActionFailure`. */
  keep(bytes: Uint8Array, place: JsonObject, context: ActionContext): Promise<JsonObject>
  /** `place` is what the action says in `bodyFrom`. Throws `ActionFailure`. */
  read(place: JsonObject, context: ActionContext): Promise<Uint8Array>
}

/** By the name that connection types state in `auth`: `sangfor-scp/login`. */
export type Logins = Readonly<Record<string, Login>>
