// What keeps a file from being stored or restored as it is, told by path. Only so many are kept; all are counted.

export type FileTrouble = 'vanished' | 'changed' | 'failed'

export interface FileProblem {
  /** Bytes that are no UTF-8 show as replacement characters. */
  readonly path: string
  readonly trouble: FileTrouble
  readonly message: string
}

export interface FileProblems {
  readonly count: number
  /** The first of them. */
  readonly listed: readonly FileProblem[]
}

/** A list of every file of a broken volume would not fit into a point, nor help anyone. */
const MOST_LISTED = 1000

export class FileChanged extends Error {}

export function fileProblemOf(path: Buffer, error: unknown): FileProblem {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const trouble = error instanceof FileChanged || code === 'ELOOP' ? 'changed' : code === 'ENOENT' ? 'vanished' : 'failed'
  return { path: path.toString(), trouble, message }
}

export function gatherProblems(): { add(problem: FileProblem): void; all(): FileProblems } {
  const listed: FileProblem[] = []
  let count = 0
  return {
    add(problem) {
      count += 1
      if (listed.length < MOST_LISTED) listed.push(problem)
    },
    all: () => ({ count, listed }),
  }
}

/** The target as a whole has failed; the next file would fare no better. */
export const takesNoMore = (error: unknown): boolean => error instanceof Error && 'code' in error && FATAL.has(error.code)

const FATAL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])
