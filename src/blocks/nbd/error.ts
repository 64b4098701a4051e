// What can go wrong with an NBD peer, as one typed error. It says whether the same call may succeed when repeated.
import { ERRNO, type Errno } from './protocol.ts'

/**
 * - `unreachable` no connection; `disconnected` the connection ended early; `silent` no byte came in time
 * - `tlsUnavailable` the server offers no TLS; `tlsFailed` handshake or verification failed; `tlsRequired` the server insists on TLS
 * - `exportUnknown` no such export; `refused` the server declined the export or an option it cannot do without
 * - `protocol` the peer broke the specification; the connection is closed at once ("Termination of the session")
 * - `server` an error reply; `errno` names it
 * - `request` the caller asked for what this export cannot do: out of range, misaligned, read-only
 */
export type NbdErrorKind =
  | 'unreachable'
  | 'disconnected'
  | 'silent'
  | 'tlsUnavailable'
  | 'tlsFailed'
  | 'tlsRequired'
  | 'exportUnknown'
  | 'refused'
  | 'protocol'
  | 'server'
  | 'request'

export class NbdError extends Error {
  override readonly name = 'NbdError'
  readonly kind: NbdErrorKind
  /** True when repeating the call, perhaps on a new connection, may help. */
  readonly transient: boolean
  declare readonly errno?: Errno

  constructor(kind: NbdErrorKind, message: string, options: { cause?: unknown; transient?: boolean; errno?: Errno } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.transient = options.transient ?? TRANSIENT_KINDS.has(kind)
    if (options.errno) this.errno = options.errno
  }
}

const TRANSIENT_KINDS: ReadonlySet<NbdErrorKind> = new Set(['unreachable', 'disconnected', 'silent'])
/** A medium that fails over, a server short of memory or in restart. The others stay true however often one asks. */
const TRANSIENT_ERRNOS: ReadonlySet<Errno> = new Set(['EIO', 'ENOMEM', 'ESHUTDOWN'])
const NAMES = new Map<number, Errno>(Object.entries(ERRNO).map(([name, value]) => [value, name as Errno]))

/** "Error values": an error that is not in the list counts as EINVAL. */
export function serverError(what: string, error: number, text: string): NbdError {
  const errno = NAMES.get(error) ?? 'EINVAL'
  const message = `${what}: the NBD server answered ${errno}${text ? ` (${text})` : ''}`
  return new NbdError('server', message, { errno, transient: TRANSIENT_ERRNOS.has(errno) })
}

export const protocolError = (message: string): NbdError =>
  new NbdError('protocol', `The NBD server broke the protocol: ${message}`)

export const requestError = (message: string): NbdError => new NbdError('request', message)

/** Whether a failed read, or write at an absolute offset, is worth repeating. */
export const isTransient = (error: unknown): boolean => error instanceof NbdError && error.transient
