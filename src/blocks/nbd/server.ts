// An NBD server: listens, and gives each client its export. It knows nothing of what the exports hold.
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import type { Secret } from '../../values/index.ts'
import { closeSoon } from './close-soon.ts'
import type { NbdExport, ResolveExport } from './export.ts'
import { type Client, haggle } from './haggling.ts'
import { createIncoming } from './incoming.ts'
import { type Listening, network, type SocketEndpoint } from './network.ts'
import { serveRequests } from './transmission.ts'

export interface NbdServerOptions {
  /** A TCP address (port 0: any free one) or the path of a unix socket that is created. */
  readonly listen: SocketEndpoint
  /** Makes TLS mandatory. All PEM; with `clientAuthority` clients must show a certificate signed by it. */
  readonly tls?: { readonly certificate: string; readonly key: Secret; readonly clientAuthority?: string }
  readonly resolve: ResolveExport
  /** What `NBD_OPT_LIST` tells; nothing unless given. */
  readonly list?: () => Promise<readonly string[]>
  /** Called when the last client has gone: nobody uses what was resolved so far. */
  readonly onIdle?: () => void
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
  const streams = new Set<Duplex>()
  const sessions = new Set<Promise<void>>()
  const { listen = listenOnHost } = network()
  const { port, close } = await listen(options.listen, (stream) => {
    streams.add(stream)
    const session = serveClient(stream, options).finally(() => {
      stream.destroy()
      streams.delete(stream)
      sessions.delete(session)
      if (sessions.size === 0) options.onIdle?.()
    })
    sessions.add(session)
  })
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      close()
      for (const stream of streams) stream.destroy()
      await Promise.all(sessions)
    },
  }
}

async function listenOnHost(endpoint: SocketEndpoint, onConnection: (socket: net.Socket) => void): Promise<Listening> {
  const server = net.createServer({ noDelay: true, keepAlive: true }, onConnection)
  server.listen(endpoint)
  await once(server, 'listening')
  // Who may connect may read the disks.
  if ('path' in endpoint) await chmod(endpoint.path, 0o600)
  const address = server.address()
  return { port: address !== null && typeof address === 'object' ? address.port : 0, close: () => server.close() }
}

/** One client from its connection to its end; never throws. */
async function serveClient(stream: Duplex, { resolve, list = async () => [], tls: settings }: NbdServerOptions): Promise<void> {
  const socket = stream instanceof net.Socket ? stream : undefined
  socket?.setTimeout(HANDSHAKE_IDLE_MS, () => stream.destroy())
  const client = createClientOn(stream)
  try {
    const startTls = settings ? { startTls: () => secure(stream, client, tlsOptions(settings)) } : {}
    const agreed = await haggle(client, { resolve, list, ...startTls })
    if (!agreed) return await closeSoon(stream)
    socket?.setTimeout(0)
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

/** A server for this one stream: Node verifies clients' certificates in `tls.Server` only, which takes injected connections. */
function secure(stream: Duplex, plain: StreamClient, options: tls.TlsOptions): Promise<Client | undefined> {
  if (!plain.detach()) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const gate = tls.createServer(options)
    gate.once('secureConnection', (secured) => resolve(createClientOn(secured)))
    gate.once('tlsClientError', () => resolve(undefined))
    stream.once('close', () => resolve(undefined))
    gate.emit('connection', stream)
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
