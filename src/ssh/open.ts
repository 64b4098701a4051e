// A program on a host whose standard input and output are one stream.
import { Duplex, type Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { SshFailed } from './failed.ts'
import type { Ended, SshHost } from './model.ts'
import { startProgram } from './start.ts'

/** What is kept of what the program says beside its data: the end of it. */
const MAX_STDERR_BYTES = 65_536

export interface OpenProgram extends AsyncDisposable {
  /** Read: standard output. Write: standard input. Destroyed with `SshFailed` when the connection breaks. */
  readonly stream: Duplex
  /** What it says beside its data, as it comes. */
  readonly stderr: Readable
  /** Resolves when it has ended, with the end of what it said on standard error; rejects with `SshFailed` when nobody knows how. */
  readonly ended: Promise<Omit<Ended, 'stdout'>>
  /** Has the host kill it and what it started. */
  kill(): void
}

/** The signal covers connecting; afterwards the caller disposes, which kills the program. Rejects with `SshFailed`. */
export async function openProgram(
  host: SshHost,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<OpenProgram> {
  const { channel, end, kill } = await startProgram(host, argv, signal)
  const stderr: Buffer[] = []
  channel.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk)
    while (stderr.length > 1 && sizeOf(stderr) - (stderr[0]?.length ?? 0) >= MAX_STDERR_BYTES) stderr.shift()
  })
  const stream = streamOf(channel)
  const ended = end.then((how) => ({ ...how, stderr: Buffer.concat(stderr) }))
  // Whoever only uses the stream learns it from there.
  ended.catch((error: SshFailed) => stream.destroy(error))
  return {
    stream,
    stderr: channel.stderr,
    ended,
    kill,
    [Symbol.asyncDispose]: async () => {
      kill()
      stream.destroy()
    },
  }
}

/** The library's own stream cannot be destroyed with an error. */
function streamOf(channel: ClientChannel): Duplex {
  const stream = new Duplex({
    read: () => void channel.resume(),
    write: (chunk: Buffer, _encoding, done) => void channel.write(chunk, done),
    final: (done) => {
      channel.end()
      done()
    },
    destroy: (error, done) => {
      // Nobody reads on, and the end of the program shows only behind its output.
      channel.resume()
      channel.end()
      done(error)
    },
  })
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause()
  })
  channel.on('end', () => stream.destroyed || stream.push(null))
  channel.on('error', (error: Error) => stream.destroy(error))
  return stream
}

const sizeOf = (chunks: readonly Buffer[]): number => chunks.reduce((sum, { length }) => sum + length, 0)
