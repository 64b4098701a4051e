// A program on this machine, run to its end as one on a host is: a list of arguments, no shell, limits on what it says.
import { spawn } from 'node:child_process'
import type { Ended, Program, RunProgram } from '../ssh/index.ts'

const MAX_OUTPUT_BYTES = 1_048_576

/** Rejects with the error of `spawn` where there is no such program, and with the signal's reason when aborted. */
export const runHere: RunProgram = (
  { argv: [program, ...args], stdin, maxOutputBytes = MAX_OUTPUT_BYTES }: Program,
  signal: AbortSignal,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    let tooLarge = false
    const gather = (chunks: Buffer[]) => (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunks.reduce((sum, { length }) => sum + length, 0) <= maxOutputBytes) return
      tooLarge = true
      child.kill('SIGKILL')
    }
    const aborted = (): void => void child.kill('SIGKILL')
    signal.addEventListener('abort', aborted, { once: true })
    child.stdout.on('data', gather(stdout))
    child.stderr.on('data', gather(stderr))
    // A program may end without reading what it was given.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    child.once('error', reject)
    child.once('close', (exitCode, killed) => {
      signal.removeEventListener('abort', aborted)
      if (signal.aborted) return reject(signal.reason)
      if (tooLarge) return reject(new Error(`${program} said more than ${maxOutputBytes} bytes`))
      const how = exitCode === null ? { signal: killed ?? 'unknown' } : { exitCode }
      resolve({ ...how, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) })
    })
  })
