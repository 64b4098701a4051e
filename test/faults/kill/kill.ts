// Kills a real process at each record of its journal, or at each of its calls, every time in a folder of its own, and resumes
// what is left in another process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Point } from './killing.ts'

/** All points in continuous integration, and wherever HOLDFAST_KILL=all; otherwise a sample. */
export const takesAll = Boolean(process.env.CI) || process.env.HOLDFAST_KILL === 'all'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

export interface Killed {
  readonly folder: string
  /** At which record or call, from 1. */
  readonly count: number
}

export interface KillOptions {
  readonly point: Point
  /** Makes the folder that the scene's far side is reached through. */
  readonly folderOf: (name: string) => Promise<string>
  /** Processes at a time. */
  readonly lanes?: number
  /** 1: each point; 2: every other; and so on. */
  readonly stride?: number
  /** No point after this one, though the run goes on. */
  readonly last?: number
}

/**
 * Starts the scene's run once for each point and kills it there, until a run gets to its end first. The process that starts the next
 * run resumes the one before it, so a killed run is taken over as soon as a new process is up.
 */
export async function killAtEach(scene: string, options: KillOptions): Promise<readonly Killed[]> {
  const { point, folderOf, lanes = 2, stride = 1, last = Number.POSITIVE_INFINITY } = options
  const killed: Killed[] = []
  let next = 1
  let isPast = false

  async function lane(): Promise<void> {
    let left: readonly string[] = []
    while (!isPast && next <= last) {
      const count = next
      next += stride
      const folder = await folderOf(`${point}-${count}`)
      const { signal, code, errors } = await child(scene, [...left, point, String(count), folder])
      left = []
      if (signal === 'SIGKILL') {
        killed.push({ folder, count })
        left = ['resume', '0', folder]
      } else if (code === 0) isPast = true
      else throw new Error(`the process to be killed at ${point} ${count} failed by itself: ${errors}`)
    }
    const { code, errors } = await child(scene, left)
    if (code !== 0) throw new Error(`the last resume failed: ${errors}`)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return killed.sort((a, b) => a.count - b.count)
}

/** Resolves once the process stands still; `goOn` lets it end. */
export async function pauseAtCall(scene: string, call: number, folder: string) {
  const running = start(scene, ['pause', String(call), folder])
  const ended = Promise.all([text(running.stderr), once(running, 'close')])
  await Promise.race([once(running.stdout, 'data'), ended])
  return {
    goOn: async (): Promise<{ code: number | null; errors: string }> => {
      running.kill('SIGCONT')
      const [errors, [code]] = await ended
      return { code, errors }
    },
  }
}

/** Does the tasks, the last of which says `up`, and kills the process so many milliseconds later. Signal and code say which came first. */
export async function killAtInstant(scene: string, tasks: readonly string[], afterMs: number) {
  const running = start(scene, tasks)
  const ended = Promise.all([text(running.stderr), once(running, 'close')])
  const up = await Promise.race([once(running.stdout, 'data').then(() => performance.now()), ended.then(() => undefined)])
  const timer = setTimeout(() => running.kill('SIGKILL'), afterMs)
  const [errors, [code, signal]] = await ended
  clearTimeout(timer)
  const tookMs = up === undefined ? 0 : performance.now() - up
  return { code: code as number | null, signal: signal as NodeJS.Signals | null, errors, tookMs }
}

/** `limitBytes`: no file may grow beyond that; a write that would is refused, as on a full disk (setrlimit(2), RLIMIT_FSIZE). */
export async function child(scene: string, tasks: readonly string[], limitBytes?: number) {
  const running = start(scene, tasks, limitBytes)
  const [errors, [code, signal]] = await Promise.all([text(running.stderr), once(running, 'close')])
  return { code: code as number | null, signal: signal as NodeJS.Signals | null, errors }
}

function start(scene: string, tasks: readonly string[], limitBytes?: number) {
  const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', CHILD, scene, ...tasks]
  const limited = limitBytes === undefined ? [] : ['prlimit', `--fsize=${limitBytes}`]
  const [program = '', ...given] = [...limited, process.execPath, ...args]
  return spawn(program, given, { stdio: ['ignore', 'pipe', 'pipe'] })
}
