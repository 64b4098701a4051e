// A program on a host, run to its end.
import { SshFailed } from './failed.ts'
import { DEFAULT_MAX_OUTPUT_BYTES, type Ended, type Program, type RunProgram, type SshHost } from './model.ts'
import { type Started, startProgram } from './start.ts'

/** Rejects with `SshFailed`; one connection for each call. */
export const overSsh =
  (host: SshHost): RunProgram =>
  async (program, signal) => {
    const timeout = program.timeoutMs === undefined ? undefined : AbortSignal.timeout(program.timeoutMs)
    const either = timeout ? AbortSignal.any([signal, timeout]) : signal
    let started = false
    try {
      const running = await startProgram(host, program.argv, either)
      started = true
      return await toItsEnd(host, running, program, either)
    } catch (error) {
      signal.throwIfAborted()
      if (!timeout?.aborted || error instanceof SshFailed) throw error
      throw new SshFailed('timedOut', `the program on ${host.host} did not end within ${program.timeoutMs} ms`, started)
    }
  }

async function toItsEnd(
  host: SshHost,
  { channel, end, kill }: Started,
  { stdin, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES }: Program,
  signal: AbortSignal,
): Promise<Ended> {
  const stop = new AbortController()
  const stopped = new Promise<never>((_, reject) => {
    AbortSignal.any([signal, stop.signal]).addEventListener('abort', ({ target }) => {
      kill()
      reject((target as AbortSignal).reason)
    })
    if (signal.aborted) stop.abort(signal.reason)
  })
  const tooLarge = new SshFailed('outputTooLarge', `the program on ${host.host} said more than ${maxOutputBytes} bytes`, true)
  const gather = (stream: NodeJS.ReadableStream): readonly Buffer[] => {
    const chunks: Buffer[] = []
    let size = 0
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxOutputBytes) stop.abort(tooLarge)
      else chunks.push(chunk)
    })
    return chunks
  }
  const [stdout, stderr] = [gather(channel), gather(channel.stderr)]
  // A program may end without reading what it was given.
  channel.on('error', () => {})
  channel.end(stdin)
  const how = await Promise.race([end, stopped])
  return { ...how, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }
}
