// Bytes to and from an NBD server: TCP, unix socket, any duplex stream, or TLS on top of those. It knows no message of the protocol.
// A plain socket receives straight into memory that the receiver names, so payloads are not copied. TLS comes in chunks of its own.
import { X509Certificate } from 'node:crypto'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { TlsSettings } from '../model.ts'
import { closeSoon } from './close-soon.ts'
import { NbdError } from './error.ts'
import { type Endpoint, network } from './network.ts'

/** Takes what arrives. The transport asks for space, puts bytes at its start, and says how many. */
export interface Receiver {
  /** Where the next bytes may go; never empty. */
  space(): Buffer
  filled(count: number): void
  /** Nothing more will come: the reason of the signal that stopped the transport, or an `NbdError`. */
  ended(reason: unknown): void
}

export interface Transport {
  /** May be replaced at any time; bytes already on their way reach the new one. */
  receiver: Receiver
  /** Bytes received, and bytes that the kernel took for sending, so far: it grows while the other side lives. */
  readonly movedBytes: number
  /** Writes of one turn of the event loop leave together. */
  write(data: Buffer): void
  /** Sends what was written, then closes. */
  end(): Promise<void>
  /** The same connection inside TLS ("TLS support"); this transport is of no more use. */
  startTls(settings: TlsSettings, host: string | undefined): Promise<Transport>
}

/**
 * Connects; fails with `unreachable`. `direct` receives without copying where it can, and excludes `startTls`.
 * `stop` is the way to break the connection, at any time.
 */
export async function connectTransport(endpoint: Endpoint, direct: boolean, stop: AbortSignal): Promise<Transport> {
  const { connect } = network()
  if ('open' in endpoint) return streamTransport(await endpoint.open(stop), stop)
  return connect ? streamTransport(await connect(endpoint, stop), stop) : socketTransport(endpoint, direct, stop)
}

/** Over a stream that somebody else opened, and that is this transport's from now on. */
function streamTransport(stream: Duplex, stop: AbortSignal): Transport {
  destroyOn(stop, stream)
  // Who has said all answers nothing any more; a socket closes by itself then.
  stream.once('end', () => stream.destroy())
  return transportOver(stream, createInlet(), false, stop)
}

function socketTransport(endpoint: net.NetConnectOpts, direct: boolean, stop: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const inlet = createInlet()
    const onread = { buffer: inlet.buffer, callback: inlet.callback }
    const socket = net.connect({ ...endpoint, noDelay: true, keepAlive: true, ...(direct ? { onread } : {}) })
    destroyOn(stop, socket)
    let cause: Error | undefined
    const onError = (error: Error) => {
      cause = error
    }
    const onClose = () =>
      reject(stop.aborted ? stop.reason : new NbdError('unreachable', `No connection: ${reasonOf(cause)}`, { cause }))
    socket.once('error', onError)
    socket.once('close', onClose)
    socket.once('connect', () => {
      socket.off('error', onError)
      socket.off('close', onClose)
      resolve(transportOver(socket, inlet, direct, stop))
    })
  })
}

function destroyOn(stop: AbortSignal, stream: Duplex): void {
  const destroy = () => stream.destroy()
  if (stop.aborted) destroy()
  else stop.addEventListener('abort', destroy, { once: true })
}

type Inlet = ReturnType<typeof createInlet>

/** Where bytes enter: remembers whom the offered space belongs to, so that a receiver may be replaced between two arrivals. */
function createInlet() {
  let owner: Receiver | undefined
  let space: Buffer = Buffer.alloc(0)
  const inlet = {
    receiver: undefined as Receiver | undefined,
    receivedBytes: 0,
    buffer: (): Buffer => {
      owner = inlet.receiver
      space = owner ? owner.space() : Buffer.allocUnsafe(FIRST_BYTES)
      return space
    },
    callback: (count: number): boolean => {
      inlet.receivedBytes += count
      const { receiver } = inlet
      if (receiver && receiver === owner) receiver.filled(count)
      else if (receiver) deliver(receiver, space.subarray(0, count))
      return true
    },
    data: (chunk: Buffer): void => {
      inlet.receivedBytes += chunk.length
      if (inlet.receiver) deliver(inlet.receiver, chunk)
    },
    record: (chunk: Buffer): void => {
      inlet.data(chunk)
      giveBack(chunk)
    },
  }
  return inlet
}

/**
 * Frees the memory that came with one record of TLS now. The collector would find 64,000 of them a gigabyte, each a small object
 * to it and 16 KiB to the machine, and take a quarter of the time of reading to do so.
 */
function giveBack({ buffer, length }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
}

/** Space offered to a connection before anyone listens to it. */
const FIRST_BYTES = 4096

/** Copies bytes that lie elsewhere into a receiver. */
export function deliver(receiver: Receiver, bytes: Buffer): void {
  for (let from = 0; from < bytes.length; ) {
    const space = receiver.space()
    const count = Math.min(space.length, bytes.length - from)
    bytes.copy(space, 0, from, from + count)
    from += count
    receiver.filled(count)
  }
}

function transportOver(stream: Duplex, inlet: Inlet, direct: boolean, stop: AbortSignal): Transport {
  let cause: Error | undefined
  let writtenBytes = 0
  let corked = false
  const uncork = () => {
    corked = false
    stream.uncork()
  }
  const onClose = () => inlet.receiver?.ended(stop.aborted ? stop.reason : connectionLost(cause))
  stream.on('error', (error: Error) => {
    cause = error
  })
  stream.on('close', onClose)
  const onData = stream instanceof tls.TLSSocket ? inlet.record : inlet.data
  if (!direct) stream.on('data', onData)

  return {
    get receiver() {
      return inlet.receiver as Receiver
    },
    set receiver(receiver) {
      inlet.receiver = receiver
      if (stream.closed) onClose()
    },
    get movedBytes() {
      return inlet.receivedBytes + writtenBytes - stream.writableLength
    },
    write: (data) => {
      if (!corked) {
        corked = true
        stream.cork()
        process.nextTick(uncork)
      }
      writtenBytes += data.length
      stream.write(data)
    },
    end: () => closeSoon(stream),
    startTls: (settings, host) => {
      stream.off('data', onData)
      stream.off('close', onClose)
      return secure(stream, verification(settings, host), stop)
    },
  }
}

function secure(stream: Duplex, options: tls.ConnectionOptions, stop: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const secured = tls.connect({ ...options, socket: stream })
    destroyOn(stop, secured)
    let cause: Error | undefined
    const onError = (error: Error) => {
      cause = error
      stream.destroy()
    }
    const onClose = () => reject(stop.aborted ? stop.reason : tlsFailure(cause))
    secured.once('error', onError)
    secured.once('close', onClose)
    secured.once('secureConnect', () => {
      secured.off('error', onError)
      secured.off('close', onClose)
      resolve(transportOver(secured, createInlet(), false, stop))
    })
  })
}

/** Verification cannot be switched off: the certificate chains up to the given one and bears the name, or is the given one. */
function verification(settings: TlsSettings, host: string | undefined): tls.ConnectionOptions {
  const name = settings.serverName ?? host
  const given = readCertificate(settings.caCertificate)
  return {
    ca: given.toString(),
    rejectUnauthorized: true,
    // Accepts a given certificate that is no authority: a server certificate pinned by itself.
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.2',
    ...(name === undefined ? {} : { host: name }),
    ...(name === undefined || net.isIP(name) ? {} : { servername: name }),
    ...(settings.clientCertificate === undefined ? {} : { cert: settings.clientCertificate }),
    ...(settings.clientKey === undefined ? {} : { key: settings.clientKey }),
    checkServerIdentity: (checked, certificate) =>
      certificate.raw.equals(given.raw) ? undefined : tls.checkServerIdentity(checked, certificate),
  }
}

function readCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64'))
  } catch (cause) {
    throw new NbdError('tlsFailed', 'The given certificate is neither PEM nor base64 DER', { cause })
  }
}

/** With TLS 1.3 a server refuses a client's certificate after the handshake, as the client sees it. */
function connectionLost(cause: Error | undefined): NbdError {
  const byTls = cause !== undefined && 'code' in cause && String(cause.code).startsWith('ERR_SSL')
  return new NbdError(byTls ? 'tlsFailed' : 'disconnected', `The connection ended${cause ? `: ${reasonOf(cause)}` : ''}`, {
    cause,
  })
}

/** What ended a TLS handshake may have been the network. */
function tlsFailure(cause: Error | undefined): NbdError {
  const byNetwork = cause === undefined || 'syscall' in cause || ('code' in cause && cause.code === 'ECONNRESET')
  return byNetwork ? connectionLost(cause) : new NbdError('tlsFailed', `TLS failed: ${reasonOf(cause)}`, { cause })
}

function reasonOf(cause: Error | undefined): string {
  if (!cause) return 'the server closed the connection'
  // Connecting to a name with several addresses fails with one error for each.
  if (cause instanceof AggregateError) return cause.errors.map((error: Error) => error.message).join('; ')
  return cause.message
}
