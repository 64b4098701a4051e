// The composition root: the one file that knows everybody. It makes the command line's host from the process.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cacheFolder, EXIT, type ExitCode, type Host, type Interrupt, type Output, runCli, watchFolders } from './cli/index.ts'

/** Runs one command; `args` without the program's name. The answer is the exit code. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const exitCode = await runCli(args, processHost())
  return exitCode === EXIT.done && process.exitCode !== undefined ? EXIT.failed : exitCode
}

/** The world as this process sees it. */
export function processHost(): Host {
  const beside = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
  const { version } = JSON.parse(readFileSync(beside('package.json'), 'utf8')) as { version: string }
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    workingDirectory: process.cwd(),
    version,
    packsDirectory: beside('runbooks'),
    preparedDirectory: fileURLToPath(new URL('./prepared', import.meta.url)),
    schemasDirectory: beside('schemas'),
    examplesDirectory: beside('examples/diagnostics'),
    streams: () => ({ input: process.stdin, output: process.stdout }),
    readInput: async () => (await import('node:stream/consumers')).text(process.stdin),
    watch: watchFolders,
    clock: async () => (await import('./engine/index.ts')).systemClock,
    newRunId,
    userName: () => userInfo().username,
    platforms: async () => {
      const { cacheVaultsIn, platforms } = await import('./platforms/index.ts')
      cacheVaultsIn(cacheFolder({ env: process.env, workingDirectory: process.cwd() }))
      return platforms
    },
    onInterrupt,
    onBreakdown: (listener) => {
      process.on('uncaughtException', listener)
      return () => process.off('uncaughtException', listener)
    },
    leaveAtOnce: (code) => process.exit(code),
  }
}

function output(stream: NodeJS.WriteStream): Output {
  // Whoever read this may be gone (`| head`), with the terminal too, or the disk of a file is full. A run must go on all the same, and clean up.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || process.exitCode !== undefined) return
    process.exitCode = EXIT.failed
    if (stream === process.stdout) process.stderr.write(`what is printed gets lost: ${error.message}\n`)
  })
  return {
    write: (text) => {
      stream.write(text)
    },
    ...(stream.isTTY ? { terminal: stream } : {}),
  }
}

/** Sorts by time, is unique, and is short enough to say on the telephone: `261121-093012-4f2a9c`. */
function newRunId(): string {
  const [day, time] = new Date().toISOString().slice(2, 19).replaceAll(/[-:]/g, '').split('T')
  return `${day}-${time}-${randomUUID().slice(0, 6)}`
}

function onInterrupt(listener: (signal: Interrupt) => void): () => void {
  const signals: readonly Interrupt[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
