// A unix socket in front of byte streams that only this process can open, such as those of a program run over SSH: whoever gets its
// address, in whatever thread, reaches a fresh stream with each connection. It passes bytes on and knows none of them.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, pipeline } from 'node:stream'

/** Disposing ends all that goes through it, and takes the socket away. */
export interface Relay extends AsyncDisposable {
  /** Of a unix socket that only this user may reach. */
  readonly path: string
}

/** `open` is asked once for each connection; where it fails, the connection ends. Its signal ends with the relay. */
export async function relayStreams(open: (stop: AbortSignal) => Promise<Duplex>): Promise<Relay> {
  await using parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const stop = new AbortController()
  const path = join(folder, 'disk.sock')
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    open(stop.signal).then(
      // It destroys both ends when either breaks.
      (stream) => void pipeline(stream, socket, stream, () => {}),
      () => socket.destroy(),
    )
  })
  server.listen(path)
  await once(server, 'listening')
  parts.defer(async () => {
    stop.abort()
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  })
  const running = parts.move()
  return { path, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
