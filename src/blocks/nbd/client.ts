// The client's side of the transmission phase: one connection to one export, many requests in flight.
// It does not repeat what failed and does not reconnect; `reconnecting.ts` does.
import type { TlsSettings } from '../model.ts'
import { NbdError, protocolError, requestError } from './error.ts'
import { listExports, type Negotiated, negotiate } from './handshake.ts'
import {
  BASE_ALLOCATION,
  type BlockSizes,
  COMMAND,
  COMMAND_FLAG,
  DEFAULT_MAX_PAYLOAD_BYTES,
  MAX_EFFECT_BYTES,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  TRANSMISSION,
  writeUInt64,
} from './protocol.ts'
import { createReplies, type Pending } from './replies.ts'
import { connectTransport, deliver, type Endpoint, type Transport } from './transport.ts'

export interface NbdClientOptions {
  readonly tls?: TlsSettings
  /** Metadata contexts to select; `base:allocation` unless said otherwise. */
  readonly contexts?: readonly string[]
  /** Closes the connection and fails what is under way with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long the server may owe an answer without a byte in either direction, and how long connecting may take; 60 s. */
  readonly silenceTimeoutMs?: number
}

/** What one metadata context says of a range. */
export interface BlockStatus {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly flags: number
}

/** Every call fails with an `NbdError`, or with the reason of the signal that ended the connection. */
export interface NbdClient extends AsyncDisposable {
  readonly sizeBytes: number
  readonly readOnly: boolean
  readonly blockSizes: BlockSizes
  /** The metadata contexts that the server agreed to. */
  readonly contexts: readonly string[]
  readonly canFlush: boolean
  readonly canTrim: boolean
  readonly canZero: boolean
  /** Whether several connections see the same content (`NBD_FLAG_CAN_MULTI_CONN`). */
  readonly canMultiConnect: boolean
  /** Fills `into`; do not touch it before this settles. */
  read(offsetBytes: number, into: Buffer): Promise<void>
  /** `durable` asks for `NBD_CMD_FLAG_FUA`, which the server must offer with flush. */
  write(offsetBytes: number, data: Buffer, durable?: boolean): Promise<void>
  /** `NBD_CMD_WRITE_ZEROES`; the server may make a hole. */
  zero(offsetBytes: number, lengthBytes: number): Promise<void>
  /** `NBD_CMD_TRIM`: a hint; what is read afterwards is not said. */
  trim(offsetBytes: number, lengthBytes: number): Promise<void>
  flush(): Promise<void>
  /** At least one status, in order from the offset; perhaps less or more than asked for. */
  blockStatus(context: string, offsetBytes: number, lengthBytes: number): Promise<readonly BlockStatus[]>
}

const SILENCE_TIMEOUT_MS = 60_000

/** Opens an export. The caller disposes of the client. */
export async function connectNbd(endpoint: Endpoint, exportName: string, options: NbdClientOptions = {}): Promise<NbdClient> {
  const stop = stopper(options.signal)
  const contexts = options.contexts ?? [BASE_ALLOCATION]
  const negotiated = await shakeHands(endpoint, options, stop, (transport) =>
    negotiate(transport, { exportName, contexts, ...identity(endpoint, options) }),
  )
  return createClient(negotiated, stop, options.silenceTimeoutMs ?? SILENCE_TIMEOUT_MS)
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
  const timer = setTimeout(() => stop.abort(silence(silenceTimeoutMs)), silenceTimeoutMs)
  try {
    return await talk(await connectTransport(endpoint, tls === undefined, stop.signal))
  } catch (error) {
    stop.abort(error)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

const silence = (timeoutMs: number): NbdError =>
  new NbdError('silent', `The server neither sent nor took a byte for ${timeoutMs} ms`)

function createClient(negotiated: Negotiated, stop: AbortController, silenceTimeoutMs: number): NbdClient {
  const { transport, sizeBytes, flags, blockSizes, contexts } = negotiated
  const requests = new Map<number, Pending>()
  let lastCookie = 0
  let over: { readonly reason: unknown } | undefined

  transport.receiver = createReplies(
    requests,
    negotiated.structuredReplies,
    (error) => stop.abort(error),
    (reason) => {
      over = { reason }
      clearInterval(watch)
      const open = [...requests.values()]
      requests.clear()
      for (const request of open) request.reject(reason)
    },
  )

  // A turn without a byte in either direction while something is owed is silence; so the time-out takes one to two turns.
  let seenBytes = -1
  const watch = setInterval(() => {
    const owed = requests.size > 0
    if (owed && transport.movedBytes === seenBytes) stop.abort(silence(silenceTimeoutMs))
    seenBytes = owed ? transport.movedBytes : -1
  }, silenceTimeoutMs)
  watch.unref()

  deliver(transport.receiver, negotiated.rest)

  function send(command: number, commandFlags: number, offsetBytes: number, lengthBytes: number, data?: Buffer): number {
    lastCookie += 1
    const message = Buffer.allocUnsafe(REQUEST_BYTES)
    message.writeUInt32BE(REQUEST_MAGIC, 0)
    message.writeUInt16BE(commandFlags, 4)
    message.writeUInt16BE(command, 6)
    writeUInt64(message, lastCookie, 8)
    writeUInt64(message, offsetBytes, 16)
    message.writeUInt32BE(lengthBytes, 24)
    transport.write(message)
    if (data) transport.write(data)
    return lastCookie
  }

  interface Request {
    readonly command: number
    readonly flags?: number
    readonly offsetBytes: number
    readonly lengthBytes: number
    readonly data?: Buffer
    readonly into?: Buffer
    readonly statuses?: Map<number, Buffer>
  }

  function call({ command, flags: commandFlags = 0, offsetBytes, lengthBytes, data, into, statuses }: Request): Promise<void> {
    return new Promise((resolve, reject) => {
      if (over) return reject(over.reason)
      const cookie = send(command, commandFlags, offsetBytes, lengthBytes, data)
      requests.set(cookie, {
        command,
        offsetBytes,
        lengthBytes,
        ...(into ? { into } : {}),
        ...(statuses ? { statuses } : {}),
        resolve,
        reject,
      })
    })
  }

  /** "Size constraints", and the bounds of the export: what would be refused anyway is not sent. */
  function check(offsetBytes: number, lengthBytes: number): void {
    const { minimumBytes } = blockSizes
    if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
      throw requestError(`${lengthBytes} bytes at ${offsetBytes} lie outside of the export's ${sizeBytes}`)
    }
    if (offsetBytes % minimumBytes !== 0 || lengthBytes % minimumBytes !== 0) {
      throw requestError(`${lengthBytes} bytes at ${offsetBytes} are not aligned to the server's blocks of ${minimumBytes}`)
    }
  }

  function checkWritable(feature: number, name: string): void {
    if ((flags & TRANSMISSION.readOnly) !== 0) throw requestError('The export is read-only')
    if (feature !== 0 && (flags & feature) === 0) throw requestError(`The server does not offer ${name}`)
  }

  /** Cuts what is too long for one request and waits for all parts. */
  async function inParts(
    offsetBytes: number,
    lengthBytes: number,
    most: number,
    part: (from: number, length: number) => Promise<void>,
  ) {
    check(offsetBytes, lengthBytes)
    if (lengthBytes === 0) return
    if (lengthBytes <= most) return part(0, lengthBytes)
    const parts: Promise<void>[] = []
    for (let from = 0; from < lengthBytes; from += most) parts.push(part(from, Math.min(most, lengthBytes - from)))
    // The buffer belongs to the caller again when this settles, so no part may still be under way.
    for (const result of await Promise.allSettled(parts)) if (result.status === 'rejected') throw result.reason
  }

  const mostPayload = downTo(Math.min(blockSizes.maximumBytes, DEFAULT_MAX_PAYLOAD_BYTES), blockSizes.minimumBytes)

  return {
    sizeBytes,
    readOnly: (flags & TRANSMISSION.readOnly) !== 0,
    blockSizes,
    contexts: [...contexts.values()],
    canFlush: (flags & TRANSMISSION.sendFlush) !== 0,
    canTrim: (flags & TRANSMISSION.sendTrim) !== 0,
    canZero: (flags & TRANSMISSION.sendWriteZeroes) !== 0,
    canMultiConnect: (flags & TRANSMISSION.canMultiConn) !== 0,

    read: (offsetBytes, into) =>
      inParts(offsetBytes, into.length, mostPayload, (from, lengthBytes) =>
        call({
          command: COMMAND.read,
          offsetBytes: offsetBytes + from,
          lengthBytes,
          into: lengthBytes === into.length ? into : into.subarray(from, from + lengthBytes),
        }),
      ),

    write: async (offsetBytes, data, durable = false) => {
      checkWritable(durable ? TRANSMISSION.sendFua : 0, 'durable writes')
      await inParts(offsetBytes, data.length, mostPayload, (from, lengthBytes) =>
        call({
          command: COMMAND.write,
          flags: durable ? COMMAND_FLAG.fua : 0,
          offsetBytes: offsetBytes + from,
          lengthBytes,
          data: data.subarray(from, from + lengthBytes),
        }),
      )
    },

    zero: async (offsetBytes, lengthBytes) => {
      checkWritable(TRANSMISSION.sendWriteZeroes, 'writing zeroes')
      await inParts(offsetBytes, lengthBytes, MAX_EFFECT_BYTES, (from, length) =>
        call({ command: COMMAND.writeZeroes, offsetBytes: offsetBytes + from, lengthBytes: length }),
      )
    },

    trim: async (offsetBytes, lengthBytes) => {
      checkWritable(TRANSMISSION.sendTrim, 'trimming')
      await inParts(offsetBytes, lengthBytes, MAX_EFFECT_BYTES, (from, length) =>
        call({ command: COMMAND.trim, offsetBytes: offsetBytes + from, lengthBytes: length }),
      )
    },

    flush: async () => {
      if ((flags & TRANSMISSION.sendFlush) === 0) throw requestError('The server does not offer flush')
      await call({ command: COMMAND.flush, offsetBytes: 0, lengthBytes: 0 })
    },

    blockStatus: async (context, offsetBytes, lengthBytes) => {
      check(offsetBytes, lengthBytes)
      const id = [...contexts].find(([, name]) => name === context)?.[0]
      if (id === undefined) throw requestError(`The server does not offer the metadata context ${context}`)
      const statuses = new Map<number, Buffer>()
      const most = Math.min(lengthBytes, MAX_EFFECT_BYTES)
      await call({ command: COMMAND.blockStatus, offsetBytes, lengthBytes: most, statuses })
      const descriptors = statuses.get(id)
      const list = descriptors ? readDescriptors(descriptors, offsetBytes) : undefined
      if (list) return list
      const error = protocolError('a block status that lacks a context or holds an empty extent')
      stop.abort(error)
      throw error
    },

    [Symbol.asyncDispose]: async () => {
      if (!over) send(COMMAND.disconnect, 0, 0, 0)
      await transport.end()
      stop.abort(new NbdError('disconnected', 'The connection was closed'))
    },
  }
}

const downTo = (size: number, multiple: number): number => Math.floor(size / multiple) * multiple

/** `NBD_REPLY_TYPE_BLOCK_STATUS`: 32 bits length, 32 bits flags each; undefined when a length is 0. */
function readDescriptors(descriptors: Buffer, startBytes: number): BlockStatus[] | undefined {
  const list: BlockStatus[] = []
  let offsetBytes = startBytes
  for (let at = 0; at < descriptors.length; at += 8) {
    const lengthBytes = descriptors.readUInt32BE(at)
    if (lengthBytes === 0) return undefined
    list.push({ offsetBytes, lengthBytes, flags: descriptors.readUInt32BE(at + 4) })
    offsetBytes += lengthBytes
  }
  return list
}
