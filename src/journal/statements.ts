// Every statement that the journal makes, prepared once. A file that cannot be read is told as JournalUnusable, whichever finds it.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { damaged } from './inspect.ts'

/** Result codes of SQLite that say that the file cannot be read: input or output, corruption, no database. */
const UNREADABLE: ReadonlySet<number> = new Set([10, 11, 26])

export function statements(database: DatabaseSync, path: string) {
  const told = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      if (UNREADABLE.has(((error as { errcode?: number }).errcode ?? 0) % 256)) throw damaged(path, (error as Error).message)
      throw error
    }
  }
  const prepare = (text: string) => {
    const statement = database.prepare(text)
    return {
      get: (...values: Values) => told(() => statement.get(...(values as SQLInputValue[]))),
      all: (...values: Values) => told(() => statement.all(...(values as SQLInputValue[]))),
      run: (...values: Values) => told(() => statement.run(...(values as SQLInputValue[]))),
    }
  }
  return {
    putDocument: prepare('INSERT INTO documents (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    document: prepare('SELECT text FROM documents WHERE hash = ?'),
    createRun: prepare(`
      INSERT INTO runs (id, runbook, runbook_version, pins, inputs, targets, created_at, status, outcome, ended_at, owner, epoch,
        events, cancel_reason, chain, seal)
      VALUES ($id, $runbook, $runbook_version, $pins, $inputs, $targets, $created_at, $status, $outcome, $ended_at, $owner, $epoch,
        $events, $cancel_reason, $chain, $seal)
    `),
    changeRun: prepare(`
      UPDATE runs SET status = ?, outcome = ?, ended_at = ?, owner = ?, epoch = ?, events = ?, cancel_reason = ?, chain = ?, seal = ?
      WHERE id = ?
    `),
    run: prepare('SELECT * FROM runs WHERE id = ?'),
    epoch: prepare('SELECT epoch FROM runs WHERE id = ?'),
    runs: prepare(
      'SELECT * FROM runs WHERE $status IS NULL OR status = $status ORDER BY created_at DESC, rowid DESC LIMIT $limit',
    ),
    addEvent: prepare('INSERT INTO events (run, seq, body) VALUES (?, ?, ?)'),
    putObligation: prepare(
      `INSERT INTO obligations (run, id, open, body, seal) VALUES ($run, $id, $open, $body, $seal)
       ON CONFLICT DO UPDATE SET open = excluded.open, body = excluded.body, seal = excluded.seal`,
    ),
    unlock: prepare('DELETE FROM locks WHERE name = ? AND run = ?'),
    unlockAll: prepare('DELETE FROM locks WHERE run = ?'),
    dropCheckpoints: prepare('DELETE FROM checkpoints WHERE run = ?'),
    dropEvents: prepare('DELETE FROM events WHERE run = ?'),
    dropObligations: prepare('DELETE FROM obligations WHERE run = ?'),
    dropRun: prepare('DELETE FROM runs WHERE id = ?'),
    dropDocument: prepare('DELETE FROM documents WHERE hash = ?'),
    events: prepare('SELECT body FROM events WHERE run = ? AND seq >= ? AND seq < ? ORDER BY seq'),
    obligations: prepare('SELECT * FROM obligations WHERE open = $open AND ($run IS NULL OR run = $run) ORDER BY rowid'),
    // Changes nothing, and so answers 0, when another run holds the lock.
    lock: prepare(
      `INSERT INTO locks (name, run, epoch, seal) VALUES ($name, $run, $epoch, $seal)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, seal = excluded.seal WHERE locks.run = excluded.run`,
    ),
    lockOf: prepare('SELECT * FROM locks WHERE name = ?'),
    locks: prepare('SELECT * FROM locks ORDER BY name'),
    saveCheckpoint: prepare(
      `INSERT INTO checkpoints (run, path, body, seal) VALUES ($run, $path, $body, $seal)
       ON CONFLICT DO UPDATE SET body = excluded.body, seal = excluded.seal`,
    ),
    checkpoint: prepare('SELECT * FROM checkpoints WHERE run = ? AND path = ?'),
    ask: prepare(
      `INSERT INTO approvals (run, path, asked_at, body, answer, seal) VALUES ($run, $path, $asked_at, $body, $answer, $seal)
       ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at, body = excluded.body, answer = NULL, seal = excluded.seal`,
    ),
    settle: prepare('DELETE FROM approvals WHERE run = ? AND path = ?'),
    dropApprovals: prepare('DELETE FROM approvals WHERE run = ?'),
    approval: prepare('SELECT * FROM approvals WHERE run = ? AND path = ?'),
    approvals: prepare('SELECT * FROM approvals WHERE $run IS NULL OR run = $run ORDER BY asked_at, rowid'),
    answer: prepare('UPDATE approvals SET answer = ?, seal = ? WHERE run = ? AND path = ?'),
  }
}

/** As `node:sqlite` takes them: by position, or all in one object. */
type Values = readonly (SQLInputValue | Readonly<Record<string, SQLInputValue>>)[]
