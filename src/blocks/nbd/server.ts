// An NBD server: listens, and gives each client its export. It knows nothing of what the exports hold.
import { once } from 'node:events'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { Secret } from '../../values/index.ts'
import { closeSoon } from './close-soon.ts'
import type { NbdExport, ResolveExport } from './export.ts'
import { type Client, haggle } from './haggling.ts'
import { createIncoming } from './incoming.ts'
import { serveRequests } from './transmission.ts'

export interface NbdServerOptions {
  /** A TCP address (port 0: any free one) or the path of a unix socket that is created. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly path: string }
  /** Makes TLS mandatory. All PEM; with `clientAuthority` clients must show a certificate signed by it. */
  readonly tls?: { readonly certificate: string; readonly key: Secret; readonly clientAuthority?: string }
  readonly resolve: ResolveExport
  /** What `NBD_OPT_LIST` tells; nothing unless given. */
  readonly list?: () => Promise<readonly string[]>
}

/** Disposing cuts all connections and waits until no export is in use. */
export interface NbdServer extends AsyncDisposable {
  /** 0 on a unix socket. */
  readonly port: number
}

/** A client has this long to finish the handshake, or to say the next thing in it. */
const HANDSHAKE_IDLE_MS = 60_000

/** Resolves when the server listens; fails as `net.Server` does. */
export async function serveNbd(options: NbdServerOptions): Promise<NbdServer> {
  const sockets = new Set<net.Socket>()
  const sessions = new Set<Promise<void>>()
  const server = net.createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket)
    socket.setTimeout(HANDSHAKE_IDLE_MS, () => socket.destroy())
    const { tls: settings } = options
    const session = serveClient(socket, options, {
      ...(settings ? { startTls: (plain) => secure(socket, plain, tlsOptions(settings)) } : {}),
      onAgreed: () => socket.setTimeout(0),
    }).finally(() => {
      socket.destroy()
      sockets.delete(socket)
      sessions.delete(session)
    })
    sessions.add(session)
  })
  server.listen(options.listen)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(sessions)
    },
  }
}

/** Serves one client over a stream that somebody else opened; resolves when it has left and the stream is closed. Never throws. */
export async function serveNbdOver(stream: Duplex, options: Pick<NbdServerOptions, 'resolve' | 'list'>): Promise<void> {
  await serveClient(stream, options, {})
  stream.destroy()
}

interface Handshaking {
  readonly startTls?: (plain: StreamClient) => Promise<Client | undefined>
  readonly onAgreed?: () => void
}

/** One client from its connection to its end; never throws. */
async function serveClient(
  stream: Duplex,
  { resolve, list = async () => [] }: Pick<NbdServerOptions, 'resolve' | 'list'>,
  { startTls, onAgreed }: Handshaking,
): Promise<void> {
  const client = createClientOn(stream)
  try {
    const agreed = await haggle(client, { resolve, list, ...(startTls ? { startTls: () => startTls(client) } : {}) })
    if (!agreed) return await closeSoon(stream)
    onAgreed?.()
    await whileThere(agreed.disk, stream, () => serveRequests(agreed))
  } catch {
    // The export could not be resolved or listed: the client sees the connection end.
  }
}

async function whileThere({ gone }: NbdExport, stream: Duplex, serve: () => Promise<void>): Promise<void> {
  const cut = () => {
    stream.destroy()
  }
  if (gone?.aborted) return cut()
  gone?.addEventListener('abort', cut)
  try {
    await serve()
  } finally {
    gone?.removeEventListener('abort', cut)
  }
}

interface StreamClient extends Client {
  /** Stops reading, so that another may read; false when plain bytes are left that nobody may trust. */
  detach(): boolean
}

function createClientOn(stream: Duplex): StreamClient {
  // An error is followed by 'close', which ends what waits.
  stream.on('error', () => {})
  const incoming = createIncoming(stream)
  return {
    incoming,
    send: (...parts) =>
      new Promise((resolve) => {
        if (stream.destroyed) return resolve()
        stream.cork()
        parts.forEach((part, index) => {
          stream.write(part, index === parts.length - 1 ? () => resolve() : undefined)
        })
        stream.uncork()
      }),
    detach: () => {
      incoming.close()
      return stream.readableLength === 0
    },
  }
}

/** A server for this one socket: Node verifies clients' certificates in `tls.Server` only, which takes injected connections. */
function secure(socket: net.Socket, plain: StreamClient, options: tls.TlsOptions): Promise<Client | undefined> {
  if (!plain.detach()) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const gate = tls.createServer(options)
    gate.once('secureConnection', (secured) => resolve(createClientOn(secured)))
    gate.once('tlsClientError', () => resolve(undefined))
    socket.once('close', () => resolve(undefined))
    gate.emit('connection', socket)
  })
}

function tlsOptions({ certificate, key, clientAuthority }: NonNullable<NbdServerOptions['tls']>): tls.TlsOptions {
  return {
    cert: certificate,
    key: key.reveal(),
    minVersion: 'TLSv1.2',
    ...(clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }),
  }
}
