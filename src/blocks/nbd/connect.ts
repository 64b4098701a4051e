// From an address to a client: connects, negotiates, and hands the connection over. On any failure nothing stays open.
import type { TlsSettings } from '../model.ts'
import { createChannel, silence } from './channel.ts'
import { createClient, type NbdClient } from './client.ts'
import { listExports, negotiate } from './handshake.ts'
import { type Endpoint, network } from './network.ts'
import { BASE_ALLOCATION } from './protocol.ts'
import { connectTransport, type Transport } from './transport.ts'

export interface NbdClientOptions {
  readonly tls?: TlsSettings
  /** Metadata contexts to select; `base:allocation` unless said otherwise. */
  readonly contexts?: readonly string[]
  /** Closes the connection and fails what is under way with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long the server may owe an answer without a byte in either direction, and how long connecting may take; 60 s. */
  readonly silenceTimeoutMs?: number
}

const SILENCE_TIMEOUT_MS = 60_000

/** Opens an export. The caller disposes of the client. */
export async function connectNbd(endpoint: Endpoint, exportName: string, options: NbdClientOptions = {}): Promise<NbdClient> {
  const stop = stopper(options.signal)
  const contexts = options.contexts ?? [BASE_ALLOCATION]
  const negotiated = await shakeHands(endpoint, options, stop, (transport) =>
    negotiate(transport, { exportName, contexts, ...identity(endpoint, options) }),
  )
  const channel = createChannel(negotiated, stop, options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS)
  return createClient(negotiated, channel, stop)
}

/** The names of the exports that a server lists. */
export async function listNbdExports(endpoint: Endpoint, options: Omit<NbdClientOptions, 'contexts'> = {}): Promise<string[]> {
  const stop = stopper(options.signal)
  return shakeHands(endpoint, options, stop, (transport) => listExports(transport, identity(endpoint, options)))
}

function stopper(signal: AbortSignal | undefined): AbortController {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true, signal: stop.signal })
  return stop
}

const identity = (endpoint: Endpoint, { tls }: NbdClientOptions) => ({
  ...(tls ? { tls } : {}),
  ...('host' in endpoint ? { host: endpoint.host } : {}),
})

/** Connects and negotiates within the silence time-out; on any failure nothing stays open. */
async function shakeHands<T>(
  endpoint: Endpoint,
  { tls, silenceTimeoutMs = SILENCE_TIMEOUT_MS }: NbdClientOptions,
  stop: AbortController,
  talk: (transport: Transport) => Promise<T>,
): Promise<T> {
  const callOff = network().after(silenceTimeoutMs, () => stop.abort(silence(silenceTimeoutMs)))
  try {
    return await talk(await connectTransport(endpoint, tls === undefined, stop.signal))
  } catch (error) {
    stop.abort(error)
    throw error
  } finally {
    callOff()
  }
}
