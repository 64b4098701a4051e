// Starts real NBD servers for tests and ends them.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

export interface PeerServer extends Disposable {
  readonly path: string
}

export interface PeerTcpServer extends Disposable {
  readonly port: number
}

export interface Folder extends Disposable {
  readonly path: string
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-nbd-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** nbdkit on a unix socket; it returns to us once it listens. */
export function nbdkit(...args: readonly string[]): PeerServer {
  const folder = temporaryFolder()
  const path = join(folder.path, 'nbd.sock')
  return { path, ...daemon(folder, 'nbdkit', ['-U', path, '-P', join(folder.path, 'pid'), ...args]) }
}

/** The same on a socket that the caller chose, so that one server can take the place of another: it is killed, and takes nothing away. */
export function nbdkitAt(path: string, ...args: readonly string[]): Disposable {
  const folder = temporaryFolder()
  rmSync(path, { force: true })
  return daemon(folder, 'nbdkit', ['-U', path, '-P', join(folder.path, 'pid'), ...args], 'SIGKILL')
}

export async function nbdkitOnTcp(...args: readonly string[]): Promise<PeerTcpServer> {
  const folder = temporaryFolder()
  const port = await freePort()
  return { port, ...daemon(folder, 'nbdkit', ['-i', '127.0.0.1', '-p', String(port), '-P', join(folder.path, 'pid'), ...args]) }
}

export function qemuNbd(...args: readonly string[]): PeerServer {
  const folder = temporaryFolder()
  const path = join(folder.path, 'nbd.sock')
  return {
    path,
    ...daemon(folder, 'qemu-nbd', ['-k', path, '--persistent', '--fork', '--pid-file', join(folder.path, 'pid'), ...args]),
  }
}

export async function qemuNbdOnTcp(...args: readonly string[]): Promise<PeerTcpServer> {
  const folder = temporaryFolder()
  const port = await freePort()
  const where = ['-b', '127.0.0.1', '-p', String(port)]
  return {
    port,
    ...daemon(folder, 'qemu-nbd', [...where, '--persistent', '--fork', '--pid-file', join(folder.path, 'pid'), ...args]),
  }
}

function daemon(folder: Folder, program: string, args: readonly string[], signal: NodeJS.Signals = 'SIGTERM'): Disposable {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  } catch (error) {
    folder[Symbol.dispose]()
    throw error
  }
  return {
    [Symbol.dispose]: () => {
      const pidFile = join(folder.path, 'pid')
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), signal)
      folder[Symbol.dispose]()
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
