// The journal's tables and how an older file becomes a newer one. Each migration, once released, never changes.
import type { DatabaseSync } from 'node:sqlite'
import { JournalUnusable } from './model.ts'

/** `HLDF`: tells `file` and us that a database is a Holdfast journal. */
const APPLICATION_ID = 0x484c4446

/** The n-th entry leads from format n to n + 1; `user_version` holds the format. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    runbook TEXT NOT NULL,
    runbook_version TEXT NOT NULL,
    pins TEXT NOT NULL,
    inputs TEXT NOT NULL,
    targets TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'running',
    outcome TEXT,
    ended_at INTEGER,
    owner TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    cancel_reason TEXT
  );
  CREATE INDEX runs_by_age ON runs (created_at);
  CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
  ) WITHOUT ROWID;
  CREATE TABLE documents (hash TEXT PRIMARY KEY, text TEXT NOT NULL);
  CREATE TABLE obligations (
    run TEXT NOT NULL REFERENCES runs,
    id TEXT NOT NULL,
    open INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, id)
  );
  CREATE INDEX obligations_open ON obligations (run) WHERE open;
  CREATE TABLE locks (name TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES runs, epoch INTEGER NOT NULL);
  CREATE INDEX locks_by_run ON locks (run);
  CREATE TABLE checkpoints (
    run TEXT NOT NULL REFERENCES runs,
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, path)
  );
  `,
  `
  CREATE TABLE approvals (
    run TEXT NOT NULL REFERENCES runs,
    path TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    answer TEXT,
    PRIMARY KEY (run, path)
  );
  `,
]

/** Brings the file to this version's format. Throws JournalUnusable for a newer one and for another program's database. */
export function migrate(database: DatabaseSync, path: string): void {
  if (pragma(database, 'user_version') === MIGRATIONS.length && pragma(database, 'application_id') === APPLICATION_ID) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const format = pragma(database, 'user_version')
    if (format > MIGRATIONS.length) {
      throw new JournalUnusable(
        path,
        `has journal format ${format}; this version reads up to ${MIGRATIONS.length}: update Holdfast`,
      )
    }
    const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
    if (!isEmpty && pragma(database, 'application_id') !== APPLICATION_ID) {
      throw new JournalUnusable(path, 'is a database of another program')
    }
    for (const script of MIGRATIONS.slice(format)) database.exec(script)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`)
    database.exec('COMMIT')
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}
