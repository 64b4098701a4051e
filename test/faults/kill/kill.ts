// Real processes, started, killed and stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** How much of it is tried: a sample at a desk, more in continuous integration, everything where HOLDFAST_KILL=all. */
export function byEffort<T>({ desk, ci, all = ci }: { readonly desk: T; readonly ci: T; readonly all?: T }): T {
  if (process.env.HOLDFAST_KILL === 'all') return all
  return process.env.CI ? ci : desk
}

/** Programs of this folder. */
export type Program = 'child.ts' | 'crew-child.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

/** `through`: a command that starts the process in surroundings of its making. */
export async function child(program: Program, tasks: readonly string[], through: readonly string[] = []): Promise<Ended> {
  const running = start(program, tasks, through)
  const [errors, [code, signal]] = await Promise.all([text(running.stderr), once(running, 'close')])
  return { code, signal, errors }
}

/** Resolves once the process stands still; `goOn` lets it end. */
export async function pauseAtCall(tasks: readonly string[]) {
  const running = start('child.ts', tasks)
  const ended = Promise.all([text(running.stderr), once(running, 'close')])
  await Promise.race([once(running.stdout, 'data'), ended])
  return {
    goOn: async (): Promise<Pick<Ended, 'code' | 'errors'>> => {
      running.kill('SIGCONT')
      const [errors, [code]] = await ended
      return { code, errors }
    },
  }
}

/** Does the tasks, one of which says `up`, and kills the process so many milliseconds later. Signal and code say which came first. */
export async function killAtInstant(
  program: Program,
  tasks: readonly string[],
  afterMs: number,
): Promise<Ended & { tookMs: number }> {
  const running = start(program, tasks)
  const ended = Promise.all([text(running.stderr), once(running, 'close')])
  const up = await Promise.race([once(running.stdout, 'data').then(() => performance.now()), ended.then(() => undefined)])
  const timer = setTimeout(() => running.kill('SIGKILL'), afterMs)
  const [errors, [code, signal]] = await ended
  clearTimeout(timer)
  return { code, signal, errors, tookMs: up === undefined ? 0 : performance.now() - up }
}

/** One that takes longer waits for what never comes, and has failed. */
const LONGEST_MS = 15 * 60_000

/** What processes have compiled before, the next need not compile again. */
const COMPILED = join(tmpdir(), `holdfast-compiled-${process.getuid?.() ?? 0}`)

/** No file may grow beyond that; a write that would is refused, as on a full disk: setrlimit(2), RLIMIT_FSIZE. */
export const limitedTo = (bytes: number): readonly string[] => ['prlimit', `--fsize=${bytes}`]

function start(program: Program, tasks: readonly string[], through: readonly string[] = []) {
  const args = [
    '--no-sparkplug',
    '--wasm-wrapper-tiering-budget=1000000000',
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, program),
    ...tasks,
  ]
  const [command = '', ...given] = [...through, process.execPath, ...args]
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED }
  return spawn(command, given, { stdio: ['ignore', 'pipe', 'pipe'], env, timeout: LONGEST_MS, killSignal: 'SIGABRT' })
}
