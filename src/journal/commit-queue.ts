// Group commit: writes gather until the event loop turns, then share one transaction and one flush to disk.
// While another process holds the file, they wait: a run that cannot record must not act, but it need not fail either.
import type { DatabaseSync } from 'node:sqlite'
import type { CommitCount } from './commit-count.ts'

export interface CommitQueue {
  /** Resolves with the work's answer when that is durable. Work that throws is undone alone; the others of its group stand. */
  write<T>(work: () => T): Promise<T>
  /** Commits what still waits, now. */
  flush(): void
}

const BUSY = 5
const READONLY = 8
const TRY_AGAIN_MS = 100

interface Job {
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
}

/** `worded` makes what callers are told when a whole group fails: a full disk, a closed file. */
export function createCommitQueue(database: DatabaseSync, count: CommitCount, worded: (error: unknown) => Error): CommitQueue {
  const countUp = database.prepare('UPDATE commits SET count = count + 1 RETURNING count')
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  const save = database.prepare('SAVEPOINT job')
  const undo = database.prepare('ROLLBACK TO job')
  const release = database.prepare('RELEASE job')
  let waiting: Job[] = []

  function flush(): void {
    const jobs = waiting
    if (jobs.length === 0) return
    waiting = []
    try {
      begin.run()
      const answers = jobs.map((job) => job.run())
      const commits = Number(countUp.get()?.count)
      commit.run()
      count.tell(commits)
      for (const answer of answers) answer()
    } catch (error) {
      if (isBusy(error)) return waitAndRetry(jobs)
      undoAll()
      const failure = worded(error)
      for (const job of jobs) job.reject(failure)
    }
  }

  /** A disk that fails may fail this, too; what is not committed is not there all the same. */
  function undoAll(): void {
    try {
      if (database.isOpen && database.isTransaction) rollback.run()
    } catch {
      // The next transaction cannot begin, and is told so.
    }
  }

  /** Only `BEGIN IMMEDIATE` can find the file held by another, so nothing of these jobs is done. */
  function waitAndRetry(jobs: Job[]): void {
    waiting = jobs
    setTimeout(flush, TRY_AGAIN_MS)
  }

  return {
    flush,
    write: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        const run = () => {
          save.run()
          try {
            const answer = work()
            release.run()
            return () => resolve(answer)
          } catch (error) {
            // Of some errors, such as a full disk, SQLite undoes all of the transaction by itself.
            if (!database.isTransaction) throw error
            undo.run()
            release.run()
            return () => reject(codeOf(error) === READONLY ? worded(error) : error)
          }
        }
        if (waiting.push({ run, reject }) === 1) setImmediate(flush)
      }),
  }
}

export const isBusy = (error: unknown): boolean => codeOf(error) === BUSY

/** The low byte of SQLite's extended result code. */
const codeOf = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) % 256
