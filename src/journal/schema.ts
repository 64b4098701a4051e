// The journal's tables and how an older file becomes a newer one. Each migration, once released, never changes.
import { DatabaseSync } from 'node:sqlite'
import { JournalUnusable } from './model.ts'
import { link, SEALS, type SealedTable } from './rows.ts'

/** `HLDF`: tells `file` and us that a database is a Holdfast journal. */
const APPLICATION_ID = 0x484c4446

type Migration = string | ((database: DatabaseSync) => void)

/** The n-th entry leads from format n - 1 to n; `user_version` holds the format. */
const MIGRATIONS: readonly Migration[] = [
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
  sealEverything,
]

/** Throws JournalUnusable for a newer format and for another program's database; nothing is written. */
export function assertOurs(database: DatabaseSync, path: string): void {
  const format = pragma(database, 'user_version')
  if (format > MIGRATIONS.length) {
    throw new JournalUnusable(
      path,
      `has journal format ${format}; this version reads up to ${MIGRATIONS.length}`,
      'Update Holdfast, or name another state directory.',
    )
  }
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (!isEmpty && pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new JournalUnusable(path, 'is a database of another program', 'Name another state directory.')
  }
}

/** Brings the file to this version's format. Throws as `assertOurs` does: another engine may have been faster. */
export function migrate(database: DatabaseSync, path: string): void {
  if (pragma(database, 'user_version') === MIGRATIONS.length && pragma(database, 'application_id') === APPLICATION_ID) return
  database.exec('BEGIN IMMEDIATE')
  try {
    assertOurs(database, path)
    for (const migration of MIGRATIONS.slice(pragma(database, 'user_version'))) carryOut(migration, database)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`)
    database.exec('COMMIT')
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}

/** A file in an older format, for what has to be tried on one. */
export function createOfFormat(database: DatabaseSync, format: number): void {
  for (const migration of MIGRATIONS.slice(0, format)) carryOut(migration, database)
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${format}`)
}

export const schemaOf = (database: DatabaseSync): string =>
  JSON.stringify(database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all())

/** As the migrations leave it; made once, in memory. */
export function expectedSchema(): string {
  expected ??= schemaOfNew()
  return expected
}

let expected: string | undefined

function schemaOfNew(): string {
  const database = new DatabaseSync(':memory:')
  createOfFormat(database, MIGRATIONS.length)
  const schema = schemaOf(database)
  database.close()
  return schema
}

function carryOut(migration: Migration, database: DatabaseSync): void {
  if (typeof migration === 'string') database.exec(migration)
  else migration(database)
}

/** Format 3: what is there is taken for what was written. */
function sealEverything(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE commits (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL);
    INSERT INTO commits VALUES (1, 0);
    ALTER TABLE runs ADD COLUMN chain TEXT NOT NULL DEFAULT '';
  `)
  const events = database.prepare('SELECT body FROM events WHERE run = ? ORDER BY seq')
  const setChain = database.prepare('UPDATE runs SET chain = ? WHERE id = ?')
  for (const { id } of database.prepare('SELECT id FROM runs').all()) {
    let chain = ''
    for (const { body } of events.iterate(String(id))) chain = link(chain, String(body))
    setChain.run(chain, String(id))
  }
  for (const table of Object.keys(SEALS) as SealedTable[]) {
    database.exec(`ALTER TABLE ${table} ADD COLUMN seal TEXT NOT NULL DEFAULT ''`)
    const setSeal = database.prepare(`UPDATE ${table} SET seal = ? WHERE rowid = ?`)
    for (const { rowid } of database.prepare(`SELECT rowid FROM ${table}`).all()) {
      const row = database.prepare(`SELECT * FROM ${table} WHERE rowid = ?`).get(Number(rowid))
      setSeal.run((SEALS[table] as (row: unknown) => string)(row), Number(rowid))
    }
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}
