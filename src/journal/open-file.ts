// Opens the file of a journal: made for its owner alone, brought to this version's tables, looked over, and refused where something is lost.
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type CommitCount, countFileOf, openCommitCount } from './commit-count.ts'
import { DAMAGED_HINT, inspect } from './inspect.ts'
import { JournalUnusable } from './model.ts'
import { assertOurs, migrate } from './schema.ts'

const BUSY_TIMEOUT_WHEN_OPENING_MS = 10_000
/** Waiting blocks the process; the commit queue tries again instead. */
const BUSY_TIMEOUT_MS = 250

/** True where a journal is, or was, or may be: one that is gone must not look like none, nor one in a folder that this user may not look into. */
export const journalExists = (path: string): boolean => mayBeThere(path) || mayBeThere(countFileOf(path))

function mayBeThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}

export interface OpenFile {
  readonly database: DatabaseSync
  readonly count: CommitCount
  close(): void
}

/**
 * On a disk that can only be read, as one that failed may come back, what the journal holds is told all the same: from a copy, to which
 * nothing is written. Throws JournalUnusable.
 */
export function openFile(path: string): OpenFile {
  try {
    return openInPlace(path)
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'EROFS' || !existsSync(path)) throw error
    return openCopy(path)
  }
}

function openCopy(path: string): OpenFile {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'))
  try {
    const copy = join(folder, basename(path))
    for (const end of ['', '-wal', '-count']) if (existsSync(path + end)) copyFileSync(path + end, copy + end)
    const opened = openInPlace(copy)
    opened.database.exec('PRAGMA query_only = ON')
    return {
      ...opened,
      close() {
        opened.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

function openInPlace(path: string): OpenFile {
  let database: DatabaseSync | undefined
  let count: CommitCount | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // Made before SQLite does, for the mode; its log and index files inherit it.
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_WHEN_OPENING_MS, enableForeignKeyConstraints: true })
    assertOurs(database, path)
    // The first counts only where the file is made now.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(database, path)
    inspect(database, path)
    // Told first, counted then: meanwhile others may commit.
    count = openCommitCount(path)
    assertNothingIsLost(database, path, count.told)
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    return opened(database, count)
  } catch (error) {
    database?.close()
    count?.close()
    if (error instanceof JournalUnusable) throw error
    throw unusable(path, 'cannot be used as a journal', error)
  }
}

const opened = (database: DatabaseSync, count: CommitCount): OpenFile => ({
  database,
  count,
  close() {
    database.close()
    count.close()
  },
})

function assertNothingIsLost(database: DatabaseSync, path: string, told: number): void {
  const counted = Number(database.prepare('SELECT count FROM commits').get()?.count ?? 0)
  if (counted >= told) return
  throw new JournalUnusable(
    path,
    `lacks the last ${told - counted} of the ${told} commits that were written to it: it, or its log ${path}-wal, was cut, removed or replaced`,
    `Put both back. To go on without what is lost, remove ${countFileOf(path)}, and look on the platforms for what no run knows of any more.`,
  )
}

const unusable = (path: string, what: string, error: unknown): JournalUnusable =>
  new JournalUnusable(path, `${what}: ${(error as Error).message}`, DAMAGED_HINT, { cause: error })
