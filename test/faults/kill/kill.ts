// Kills a real process after each record of its journal, every time in a folder of its own, and resumes what is left in another process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

export interface Killed {
  readonly folder: string
  readonly record: number
}

export interface KillOptions {
  /** Makes the folder that the scene's far side is reached through. */
  readonly folderOf: (record: number) => Promise<string>
  /** Processes at a time. */
  readonly lanes?: number
  /** Every record, unless it says 2 (every other) or more. */
  readonly stride?: number
}

/**
 * Starts the scene's run once for each record and kills it there, until a run gets to its end first. The process that starts the next
 * run resumes the one before it, so a killed run is taken over as soon as a new process is up.
 */
export async function killAtEachRecord(
  scene: string,
  { folderOf, lanes = 2, stride = 1 }: KillOptions,
): Promise<readonly Killed[]> {
  const killed: Killed[] = []
  let next = 1
  let isPast = false

  async function lane(): Promise<void> {
    let left: readonly string[] = []
    while (!isPast) {
      const record = next
      next += stride
      const folder = await folderOf(record)
      const { signal, code, errors } = await child(scene, [...left, 'start', String(record), folder])
      left = []
      if (signal === 'SIGKILL') {
        killed.push({ folder, record })
        left = ['resume', '0', folder]
      } else if (code === 0) isPast = true
      else throw new Error(`the process to be killed after record ${record} failed by itself: ${errors}`)
    }
    const { code, errors } = await child(scene, left)
    if (code !== 0) throw new Error(`the last resume failed: ${errors}`)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return killed.sort((a, b) => a.record - b.record)
}

async function child(scene: string, tasks: readonly string[]) {
  const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', CHILD, scene, ...tasks]
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const [errors, [code, signal]] = await Promise.all([text(running.stderr), once(running, 'close')])
  return { code: code as number | null, signal: signal as NodeJS.Signals | null, errors }
}
