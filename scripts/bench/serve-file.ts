// A disk image behind an NBD server that tells holes, as hypervisors do.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import type { DiskAddress } from '../../src/blocks/index.ts'

/** nbdkit on that unix socket; it listens when this resolves, and ends when it is disposed of. */
export async function serveFile(image: string, socket: string): Promise<AsyncDisposable & { readonly address: DiskAddress }> {
  const pidFile = `${socket}.pid`
  rmSync(socket, { force: true })
  execFileSync('nbdkit', ['-r', '-U', socket, '-P', pidFile, 'file', image], { stdio: ['ignore', 'ignore', 'inherit'] })
  return {
    address: { kind: 'nbd-unix', path: socket, exportName: '' },
    async [Symbol.asyncDispose]() {
      // At once: a server that ends in its own time would take the socket of the next away.
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
    },
  }
}
