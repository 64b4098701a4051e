// Programs in a guest, run over SSH.
import { openProgram, SshFailed, type SshHost } from '../../ssh/index.ts'
import { type Channel, keepFirst, NotStarted } from './programs.ts'

/** Its failures are `SshFailed`. */
export const sshChannel = (host: SshHost): Channel => ({
  async start({ argv, stdin, maxOutputBytes }, signal) {
    const program = await openProgram(host, argv, signal).catch((error: unknown) => {
      if (error instanceof SshFailed && error.reason === 'notStarted') throw new NotStarted(error.message, { cause: error })
      throw error
    })
    const [stdout, stderr] = [keepFirst(maxOutputBytes), keepFirst(maxOutputBytes)]
    program.stream.on('data', stdout.add)
    program.stderr.on('data', stderr.add)
    // A program may end without reading what it was given, and a connection that breaks is told by `ended`.
    program.stream.on('error', () => {})
    program.stream.end(stdin)
    return {
      ended: program.ended.then(({ exitCode, signal: name = 'unknown' }) =>
        exitCode === undefined ? { kind: 'signalled', signal: name } : { kind: 'exited', exitCode },
      ),
      output: () => ({ stdout: stdout.kept, stderr: stderr.kept, cut: stdout.cut || stderr.cut }),
      kill: async () => program.kill(),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    }
  },
})
