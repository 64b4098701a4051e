// What a file is held against when it is opened, before anything in it is believed. It changes nothing.
// What is not read here (events, documents) is held against its digests when it is read.
import type { DatabaseSync } from 'node:sqlite'
import { JournalUnusable } from './model.ts'
import { ownerLives } from './owner.ts'
import { isAsSealed, SEALS, type SealedTable } from './rows.ts'
import { expectedSchema, schemaOf } from './schema.ts'

/** About a tenth of a second. A larger file is inspected whole only when a process that wrote to it has died. */
const ALWAYS_WHOLE_BYTES = 64 * 2 ** 20

/** Throws JournalUnusable. */
export function inspect(database: DatabaseSync, path: string): void {
  if (schemaOf(database) !== expectedSchema()) throw damaged(path, 'its tables are not those of a journal')
  if (sizeOf(database) <= ALWAYS_WHOLE_BYTES || isAbandoned(database)) inspectWhole(database, path)
  else for (const table of sealedTables) assertIntact(database, path, `PRAGMA integrity_check('${table}')`)
}

export const DAMAGED_HINT = 'Put the file back from a copy, with its -wal and -count, or name another state directory.'

export const damaged = (path: string, what: string): JournalUnusable =>
  new JournalUnusable(path, `is damaged: ${what}`, DAMAGED_HINT)

const sealedTables = Object.keys(SEALS) as readonly SealedTable[]

function inspectWhole(database: DatabaseSync, path: string): void {
  assertIntact(database, path, 'PRAGMA integrity_check')
  for (const table of sealedTables) {
    for (const row of database.prepare(`SELECT * FROM ${table}`).iterate()) {
      if (!isAsSealed(table, row)) throw damaged(path, `a row of ${table} is not as it was written`)
    }
  }
  const excess = database
    .prepare('SELECT id FROM runs WHERE EXISTS (SELECT 1 FROM events WHERE run = id AND seq >= runs.events)')
    .get()
  if (excess) throw damaged(path, `run ${excess.id} has events that it never wrote`)
}

function assertIntact(database: DatabaseSync, path: string, check: string): void {
  const [found] = database.prepare(check).all()
  const said = String(Object.values(found ?? {})[0])
  if (said !== 'ok') throw damaged(path, said.replaceAll('\n', ' '))
}

function sizeOf(database: DatabaseSync): number {
  const { bytes } = database.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size').get() as {
    bytes: number
  }
  return bytes
}

function isAbandoned(database: DatabaseSync): boolean {
  const rows = database.prepare('SELECT owner FROM runs WHERE owner IS NOT NULL').all()
  return rows.some(({ owner }) => !ownerLives(String(owner)))
}
