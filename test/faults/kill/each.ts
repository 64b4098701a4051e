// Kills a process at each record of a journal, or at each call, every time in a folder of its own, and resumes what is left in another process.
import { child, type Program } from './kill.ts'

/** `record`: the n-th append is durable, nothing that follows from it has left. `call`: the n-th call has taken effect, its answer is lost. */
export type Point = 'record' | 'call'

export interface EachOptions {
  readonly program: Program
  readonly point: Point
  /** The program's task that goes on with what is left. */
  readonly resume: 'resume' | 'go'
  /** Makes what is performed until that record or call, from 1, and answers where. */
  readonly folderOf: (count: number) => Promise<string>
  /** What was killed there has been brought to its end. */
  readonly onResumed?: (folder: string, count: number) => Promise<void>
  /** Processes at a time. */
  readonly lanes?: number
  /** From this point on; 1 unless given. */
  readonly first?: number
  /** No point after this one, though more would come. */
  readonly last?: number
  /** 1: each point; 2: every other; and so on. */
  readonly stride?: number
}

/**
 * Starts anew for each point and kills there, until the end comes first. The process that starts the next one resumes the one before
 * it, so what was killed is taken over as soon as a new process is up. Answers how many were killed.
 */
export async function killAtEach(options: EachOptions): Promise<number> {
  const { program, point, resume, folderOf, onResumed = async () => {}, lanes = 2, stride = 1 } = options
  const { first = 1, last = Number.POSITIVE_INFINITY } = options
  let killed = 0
  let next = first
  let isPast = false

  async function lane(): Promise<void> {
    let left: { readonly folder: string; readonly count: number } | undefined
    const goOn = (): readonly string[] => (left ? [resume, '0', left.folder] : [])
    const settle = async (): Promise<void> => {
      if (left) await onResumed(left.folder, left.count)
      left = undefined
    }
    while (!isPast && next <= last) {
      const count = next
      next += stride
      const folder = await folderOf(count)
      const { signal, code, errors } = await child(program, [...goOn(), point, String(count), folder])
      await settle()
      if (signal === 'SIGKILL') {
        killed += 1
        left = { folder, count }
      } else if (code === 0) {
        isPast = true
        await onResumed(folder, count)
      } else throw new Error(`the process to be killed at ${point} ${count} failed by itself: ${errors}`)
    }
    const { code, errors } = await child(program, goOn())
    if (code !== 0) throw new Error(`the last resume failed: ${errors}`)
    await settle()
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return killed
}
