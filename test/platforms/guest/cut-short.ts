// Connections through a listener of the tests that can break them all, so that the far side sees what it sees when an engine dies.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

export interface Through extends AsyncDisposable {
  /** On loopback; nothing where it listens at a path. */
  readonly port: number
  cut(): void
}

/** Listens at the path, or on a port that the system chooses. */
export async function listenBefore(far: { readonly port: number } | { readonly path: string }, path?: string): Promise<Through> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const beyond = 'port' in far ? createConnection(far.port, '127.0.0.1') : createConnection(far.path)
    for (const [from, to] of [
      [near, beyond],
      [beyond, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {}).on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port: path === undefined ? (server.address() as AddressInfo).port : 0,
    cut,
    [Symbol.asyncDispose]: async () => {
      server.close()
      cut()
      if (path !== undefined) rmSync(path, { force: true })
    },
  }
}
