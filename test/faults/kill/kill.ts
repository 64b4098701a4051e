// Kills a real process after every record of its journal, each time in a folder of its own, then resumes what is left.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Outcome } from '../../../src/kernel/index.ts'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

export interface Ending {
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
  readonly outcomes: readonly Outcome[]
  readonly errors: string
}

export async function child(
  scene: string,
  command: 'start' | 'resume',
  record: number,
  folders: readonly string[],
): Promise<Ending> {
  const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', CHILD, scene, command, String(record), ...folders]
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors, [code, signal]] = await Promise.all([text(running.stdout), text(running.stderr), once(running, 'close')])
  return {
    code,
    signal,
    errors,
    outcomes: output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Outcome),
  }
}

export interface Killed {
  readonly folder: string
  /** 0 for the run that nobody killed. */
  readonly record: number
}

/**
 * Starts the scene's run once for every record, in `atOnce` processes at a time, each killed after its record, until a run gets to
 * its end first. `folderOf` makes a folder for a record.
 */
export async function killAtEveryRecord(
  scene: string,
  folderOf: (record: number) => Promise<string>,
  atOnce = 2,
): Promise<Killed[]> {
  const killed: Killed[] = []
  let next = 1
  let ended = false
  async function lane(): Promise<void> {
    while (!ended) {
      const record = next++
      const folder = await folderOf(record)
      const { signal, code, errors } = await child(scene, 'start', record, [folder])
      if (signal === 'SIGKILL') killed.push({ folder, record })
      else if (code === 0) ended = true
      else throw new Error(`the run to be killed after record ${record} failed by itself: ${errors}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return killed.sort((a, b) => a.record - b.record)
}
