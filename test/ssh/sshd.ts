// A true sshd of Debian's openssh-server on loopback: own configuration and keys, this user, no root needed.
import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { SshHost } from '../../src/ssh/index.ts'
import { Secret } from '../../src/values/index.ts'
import { spawnWatched } from '../peers/watched.ts'

export interface Sshd extends AsyncDisposable {
  readonly host: SshHost
  /** Another key than the host's. */
  readonly strangeKey: string
  /** Public keys of the host by their type. */
  readonly hostKeys: Readonly<Record<string, string>>
  /** A private key that the host does not know. */
  readonly strangeLogin: SshHost['login']
  /** Of the login, for programs that read it themselves. */
  readonly keyFile: string
  /** Breaks all connections. */
  cut(): void
  /** Breaks the connection on which the client has sent, or been sent, so many bytes from now on: once. */
  cutAfterBytes(count: number): void
  /** How many bytes all connections have moved so far, both ways. */
  movedBytes(): number
  /** Calls back when so many more have moved, then breaks that connection: once. */
  whenMoved(count: number, call: () => void): void
}

export interface SshdOptions {
  /** Of `internal-sftp`, such as `-P fsync`. */
  readonly sftpOptions?: string
  /** No file may grow beyond it: writes end as on a full disk. */
  readonly largestFileBytes?: number
}

/** Every connection gets an sshd of its own in inetd mode, behind a listener on a port that the system chose. */
export async function startSshd({ sftpOptions = '', largestFileBytes }: SshdOptions = {}): Promise<Sshd> {
  // What the service's unit makes before it starts; only root's sshd wants it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sshd-'))
  const makeKey = (name: string, type: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', join(folder, name)])
    return readFileSync(join(folder, `${name}.pub`), 'utf8').trim()
  }
  const hostKeys = { 'ssh-ed25519': makeKey('host', 'ed25519'), 'ssh-rsa': makeKey('host-rsa', 'rsa') }
  const userKey = makeKey('user', 'ed25519')
  const strangeKey = makeKey('strange', 'ed25519')
  writeFileSync(join(folder, 'authorized_keys'), `${userKey}\n`, { mode: 0o600 })
  const config = join(folder, 'sshd_config')
  writeFileSync(
    config,
    [
      `HostKey ${join(folder, 'host')}`,
      `HostKey ${join(folder, 'host-rsa')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      `Subsystem sftp internal-sftp ${sftpOptions}`,
    ].join('\n'),
  )
  // Blocks of 512 bytes; without the trap the first write beyond would kill the server instead of failing.
  const limit = largestFileBytes === undefined ? 'exec "$@"' : `trap '' XFSZ; ulimit -f ${largestFileBytes / 512}; exec "$@"`
  let movedBytes = 0
  let waiting: { leftBytes: number; readonly call: () => void } | undefined
  const sockets = new Set<Socket>()
  const children = new Set<ChildProcess>()
  const server = createServer({ noDelay: true }, (socket) => {
    const child = spawnWatched('sh', ['-c', limit, 'sh', '/usr/sbin/sshd', '-i', '-e', '-f', config], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const count = ({ length }: Buffer): void => {
      movedBytes += length
      if (!waiting) return
      waiting.leftBytes -= length
      if (waiting.leftBytes > 0) return
      waiting.call()
      waiting = undefined
      socket.destroy()
    }
    sockets.add(socket)
    children.add(child)
    socket.on('error', () => child.kill())
    socket.on('close', () => child.kill())
    child.on('exit', () => socket.end())
    child.stdin?.on('error', () => {})
    if (child.stdin && child.stdout) {
      socket.pipe(child.stdin)
      child.stdout.pipe(socket)
      socket.on('data', count)
      child.stdout.on('data', count)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const keyOf = (name: string): SshHost['login'] => ({
    kind: 'key',
    privateKey: new Secret(readFileSync(join(folder, name), 'utf8')),
  })
  return {
    host: { host: '127.0.0.1', port, user: userInfo().username, login: keyOf('user'), hostKey: hostKeys['ssh-ed25519'] },
    strangeKey,
    hostKeys,
    strangeLogin: keyOf('strange'),
    keyFile: join(folder, 'user'),
    cutAfterBytes: (count) => {
      waiting = { leftBytes: count, call: () => {} }
    },
    movedBytes: () => movedBytes,
    whenMoved: (count, call) => {
      waiting = { leftBytes: count, call }
    },
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
