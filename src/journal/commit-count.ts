// How many commits the journal has had, told beside it: a log that was cut, or is missing, ends at an earlier commit and looks whole.
// Written after each commit and never synced, so a crash may leave it behind the journal, never ahead of it.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { digest } from './rows.ts'

export interface CommitCount {
  /** What is known to have been committed; 0 when nobody told, or when what was told is not whole. */
  readonly told: number
  tell(commits: number): void
  close(): void
}

export const countFileOf = (path: string): string => `${path}-count`

export function openCommitCount(path: string): CommitCount {
  const file = countFileOf(path)
  // To be written in place, and made where it is missing.
  const descriptor = openSync(file, 'a+', 0o600)
  closeSync(descriptor)
  const told = read(readFileSync(file, 'latin1'))
  const writing = openSync(file, 'r+')
  return {
    told,
    tell(commits) {
      try {
        writeSync(writing, `${[String(commits), digest([commits])].join(' ').padEnd(40)}\n`, 0, 'latin1')
      } catch {
        // The commit is durable; a count that lags proves less, and the next one mends it.
      }
    },
    close: () => closeSync(writing),
  }
}

function read(text: string): number {
  const [commits = '', seal] = text.trim().split(' ')
  return digest([Number(commits)]) === seal ? Number(commits) : 0
}
