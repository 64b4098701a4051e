// A program started on a host: how it ends, and how it is made to.
import type { Readable } from 'node:stream'
import type { Client, ClientChannel } from 'ssh2'
import { connect } from './connect.ts'
import { SshFailed } from './failed.ts'
import { KILL_TREE } from './kill.ts'
import type { Ended, SshHost } from './model.ts'
import { commandLine, isThere } from './quote.ts'

export interface Started {
  readonly channel: ClientChannel
  /** How it ended, once its output has been read; the connection is closed then. Rejects with `SshFailed`. */
  readonly end: Promise<Pick<Ended, 'exitCode' | 'signal'>>
  /** Has the host kill it and what it started, then closes the connection. A host that does not answer is dropped by the keep-alive. */
  kill(): void
}

/** Rejects with `SshFailed` or the signal's reason; then nothing is open. */
export async function startProgram(host: SshHost, argv: readonly [string, ...string[]], signal: AbortSignal): Promise<Started> {
  // The program takes the shell's place and its process id with it: by that it is killed, as sshd passes on signals to few logins.
  const command = `if ${isThere(argv[0])}; then echo $$ >&2; ${commandLine(argv)}; else echo ${NOT_THERE} >&2; fi`
  const client = await connect(host, signal)
  const aborted = (): void => void client.destroy()
  signal.addEventListener('abort', aborted, { once: true })
  try {
    const { channel, end } = await execute(host, client, command)
    let over = false
    const ended = (): void => {
      over = true
    }
    end.then(ended, ended)
    const first = await firstLine(channel.stderr)
    if (first === NOT_THERE) throw new SshFailed('notStarted', `${host.host} has no program ${argv[0]} that may be run`, false)
    if (!/^\d+$/.test(first)) throw new SshFailed('refused', `${host.host} gives ${host.user} no POSIX shell`, false)
    const kill = (): void => {
      if (!over) client.exec(commandLine(['/bin/sh', '-c', KILL_TREE, 'sh', first]), (_, killing) => endAfter(client, killing))
    }
    return { channel, end, kill }
  } catch (error) {
    client.destroy()
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}

function execute(host: SshHost, client: Client, command: string): Promise<Pick<Started, 'channel' | 'end'>> {
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(lost(host.host))
    client.once('close', broken)
    client.exec(command, (error, channel) => {
      client.off('close', broken)
      // How it ended may stand behind this answer in the same packet: it is listened for at once.
      if (error) reject(new SshFailed('refused', `${host.host} runs no program: ${error.message}`, false, { cause: error }))
      else resolve({ channel, end: endOf(host, client, channel) })
    })
  })
}

function endOf({ host }: SshHost, client: Client, channel: ClientChannel): Started['end'] {
  return new Promise((resolve, reject) => {
    let end: Pick<Ended, 'exitCode' | 'signal'> | undefined
    const over = (): void => {
      client.end()
      if (end) resolve(end)
      else reject(lost(host))
    }
    channel.once('exit', (exitCode: number | null, signal?: string) => {
      end = exitCode === null ? { signal: signal ?? 'unknown' } : { exitCode }
    })
    channel.once('close', over)
    client.once('close', over)
  })
}

/** What the shell says in place of its process id. */
const NOT_THERE = '-'

/** The first line, which is taken out; empty where there is none. */
function firstLine(stderr: Readable): Promise<string> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0)
    const look = (): void => {
      for (let chunk: Buffer | null = stderr.read(); chunk !== null; chunk = stderr.read()) seen = Buffer.concat([seen, chunk])
      const length = seen.indexOf('\n')
      if (length < 0) return
      const rest = seen.subarray(length + 1)
      settle(seen.toString('latin1', 0, length))
      if (rest.length > 0) stderr.unshift(rest)
    }
    const none = (): void => settle('')
    const settle = (line: string): void => {
      stderr.off('readable', look).off('end', none).off('close', none)
      resolve(line)
    }
    stderr.on('readable', look).on('end', none).on('close', none)
  })
}

/** Closed before the killing has been done, a connection may take it along. */
function endAfter(client: Client, killing: ClientChannel | undefined): void {
  if (!killing) return void client.end()
  killing.once('close', () => void client.end())
  killing.resume()
  killing.stderr.resume()
}

const lost = (host: string): SshFailed => new SshFailed('lost', `the connection to ${host} broke while the program ran`, true)
