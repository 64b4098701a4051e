// The journal in one SQLite file. Durable when resolved; shared by all processes of one host. It interprets no event.
//
// J1: an entry is whole or absent, and it is on disk before its append resolves (write-ahead log, synchronous=FULL).
// J2: only the newest epoch of a run writes to it; the check and the write are one transaction.
// J3: a run's events keep the order in which they were appended.
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Approval, type ApprovalAnswer, type Event, isOpen, type Obligation, type Outcome } from '../kernel/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import { createCommitQueue } from './commit-queue.ts'
import { decode, encode } from './encoding.ts'
import { type Journal, JournalUnusable, OwnerFenced, type RunHeader, type RunSummary, RunUnknown } from './model.ts'
import { ownerLives } from './owner.ts'
import { migrate } from './schema.ts'

const BUSY_TIMEOUT_WHEN_OPENING_MS = 10_000
/** Waiting blocks the process; the commit queue tries again instead. */
const BUSY_TIMEOUT_MS = 250
const EVENTS_READ_AT_ONCE = 256

interface RunRow {
  readonly id: string
  readonly runbook: string
  readonly runbook_version: string
  readonly pins: string
  readonly inputs: string
  readonly targets: string
  readonly created_at: number
  readonly status: RunSummary['status']
  readonly outcome: string | null
  readonly ended_at: number | null
  readonly owner: string | null
  readonly epoch: number
  readonly events: number
  readonly cancel_reason: string | null
}

/** Opens the journal, making file and folder (readable by their owner only) where they are missing. Throws JournalUnusable. */
export function openJournal(path: string): Journal {
  const database = open(path)
  const queue = createCommitQueue(database, (error) => unusable(path, 'cannot be written', error))
  const sql = statements(database)

  const put = (text: string): string => {
    const hash = createHash('sha256').update(text).digest('hex')
    sql.putDocument.run(hash, text)
    return hash
  }
  const get = (hash: string): string => {
    const row = sql.document.get(hash)
    if (row === undefined) throw new JournalUnusable(path, `lacks document ${hash}`)
    return String(row.text)
  }
  const encoded = (value: unknown): string => encode(value, put)
  const decoded = <T>(text: unknown): T => decode(String(text), get) as T

  const rowOf = (id: string): RunRow | undefined => sql.run.get(id) as RunRow | undefined
  const knownRow = (id: string): RunRow => {
    const row = rowOf(id)
    if (row === undefined) throw new RunUnknown(id)
    return row
  }
  const assertOwner = (id: string, epoch: number): void => {
    if (sql.epoch.get(id)?.epoch !== epoch) throw new OwnerFenced(id)
  }
  const summary = (row: RunRow): RunSummary => ({
    id: row.id,
    runbook: row.runbook,
    runbookVersion: row.runbook_version,
    pins: decoded<RunHeader['pins']>(row.pins),
    inputs: decoded<JsonObject>(row.inputs),
    targets: decoded<JsonObject>(row.targets),
    createdAt: row.created_at,
    status: row.status,
    events: row.events,
    ...(row.outcome === null ? {} : { outcome: decoded<Outcome>(row.outcome) }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.owner === null ? {} : { owner: row.owner }),
  })

  return {
    putDocument: (text) => queue.write(() => put(text)),
    async document(hash) {
      return sql.document.get(hash)?.text as string | undefined
    },
    createRun: (header) =>
      queue.write(() => {
        const { id, runbook, runbookVersion, pins, inputs, targets, createdAt } = header
        sql.createRun.run(id, runbook, runbookVersion, encoded(pins), encoded(inputs), encoded(targets), createdAt)
      }),
    async run(id) {
      const row = rowOf(id)
      return row && summary(row)
    },
    async runs({ status, limit } = {}) {
      const rows = sql.runs.all({ status: status ?? null, limit: limit ?? -1 }) as unknown as readonly RunRow[]
      return rows.map(summary)
    },
    claim: (id, owner, evenIfAlive) =>
      queue.write(() => {
        const { owner: last } = knownRow(id)
        if (!evenIfAlive && last !== null && ownerLives(last)) return undefined
        return Number(sql.claim.get(owner, id)?.epoch)
      }),
    append: (id, epoch, entry) =>
      queue.write(() => {
        const row = sql.advance.get(entry.events.length, id, epoch)
        if (row === undefined) throw new OwnerFenced(id)
        let seq = Number(row.events) - entry.events.length
        for (const event of entry.events) sql.addEvent.run(id, seq++, encoded(event))
        for (const obligation of entry.obligations) {
          sql.putObligation.run(id, obligation.id, isOpen(obligation) ? 1 : 0, encoded(obligation))
        }
        for (const approval of entry.asked ?? []) sql.ask.run(id, approval.path, approval.askedAt, encoded(approval))
        for (const path of entry.settled ?? []) sql.settle.run(id, path)
        for (const name of entry.unlocks ?? []) sql.unlock.run(name, id)
        if (entry.outcome === undefined) return
        sql.end.run(entry.outcome.status, encoded(entry.outcome), entry.events.at(-1)?.at ?? null, id)
        sql.unlockAll.run(id)
        sql.dropCheckpoints.run(id)
        sql.dropApprovals.run(id)
      }),
    assertOwner,
    async *events(id) {
      // Page by page: no cursor stays open while others write.
      for (let from = 0; ; from += EVENTS_READ_AT_ONCE) {
        const rows = sql.events.all(id, from, from + EVENTS_READ_AT_ONCE)
        for (const row of rows) yield decoded<Event>(row.body)
        if (rows.length < EVENTS_READ_AT_ONCE) return
      }
    },
    async obligations({ open, runId }) {
      const rows = sql.obligations.all({ open: open ? 1 : 0, run: runId ?? null })
      return rows.map((row) => ({ runId: String(row.run), obligation: decoded<Obligation>(row.body) }))
    },
    tryLock: (name, id, epoch) =>
      queue.write(() => {
        assertOwner(id, epoch)
        return sql.lock.run(name, id, epoch).changes === 1
      }),
    async locks() {
      return sql.locks.all().map((row) => ({ name: String(row.name), runId: String(row.run) }))
    },
    saveCheckpoint: (id, epoch, path, value) =>
      queue.write(() => {
        assertOwner(id, epoch)
        sql.saveCheckpoint.run(id, path, encoded(value))
      }),
    async loadCheckpoint(id, path) {
      const row = sql.checkpoint.get(id, path)
      return row && decoded<Json>(row.body)
    },
    requestCancel: (id, reason) =>
      queue.write(() => {
        knownRow(id)
        sql.requestCancel.run(reason, id)
      }),
    async cancelRequest(id) {
      return rowOf(id)?.cancel_reason ?? undefined
    },
    async approvals(runId) {
      return sql.approvals.all({ run: runId ?? null }).map(({ run, body, answer }) => ({
        runId: String(run),
        approval: decoded<Approval>(body),
        ...(answer === null ? {} : { answer: decoded<ApprovalAnswer>(answer) }),
      }))
    },
    answerApproval: (id, path, answer) =>
      queue.write(() => {
        knownRow(id)
        return sql.answer.run(encoded(answer), id, path).changes === 1
      }),
    async [Symbol.asyncDispose]() {
      if (!database.isOpen) return
      queue.flush()
      database.close()
    },
  }
}

function open(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // Made before SQLite does, for the mode; its log and index files inherit it.
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_WHEN_OPENING_MS, enableForeignKeyConstraints: true })
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(database, path)
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof JournalUnusable) throw error
    throw unusable(path, 'cannot be used as a journal', error)
  }
}

const unusable = (path: string, what: string, error: unknown): JournalUnusable =>
  new JournalUnusable(path, `${what}: ${(error as Error).message}`, { cause: error })

function statements(database: DatabaseSync) {
  const prepare = (text: string) => database.prepare(text)
  return {
    putDocument: prepare('INSERT INTO documents (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    document: prepare('SELECT text FROM documents WHERE hash = ?'),
    createRun: prepare(
      'INSERT INTO runs (id, runbook, runbook_version, pins, inputs, targets, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    run: prepare('SELECT * FROM runs WHERE id = ?'),
    epoch: prepare('SELECT epoch FROM runs WHERE id = ?'),
    runs: prepare(
      'SELECT * FROM runs WHERE $status IS NULL OR status = $status ORDER BY created_at DESC, rowid DESC LIMIT $limit',
    ),
    claim: prepare('UPDATE runs SET owner = ?, epoch = epoch + 1 WHERE id = ? RETURNING epoch'),
    advance: prepare('UPDATE runs SET events = events + ? WHERE id = ? AND epoch = ? RETURNING events'),
    addEvent: prepare('INSERT INTO events (run, seq, body) VALUES (?, ?, ?)'),
    putObligation: prepare(
      `INSERT INTO obligations (run, id, open, body) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET open = excluded.open, body = excluded.body`,
    ),
    end: prepare('UPDATE runs SET status = ?, outcome = ?, ended_at = ?, owner = NULL WHERE id = ?'),
    unlock: prepare('DELETE FROM locks WHERE name = ? AND run = ?'),
    unlockAll: prepare('DELETE FROM locks WHERE run = ?'),
    dropCheckpoints: prepare('DELETE FROM checkpoints WHERE run = ?'),
    events: prepare('SELECT body FROM events WHERE run = ? AND seq >= ? AND seq < ? ORDER BY seq'),
    obligations: prepare('SELECT run, body FROM obligations WHERE open = $open AND ($run IS NULL OR run = $run) ORDER BY rowid'),
    // Changes nothing, and so answers 0, when another run holds the lock.
    lock: prepare(
      `INSERT INTO locks (name, run, epoch) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch WHERE locks.run = excluded.run`,
    ),
    locks: prepare('SELECT name, run FROM locks ORDER BY name'),
    saveCheckpoint: prepare(
      'INSERT INTO checkpoints (run, path, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body',
    ),
    checkpoint: prepare('SELECT body FROM checkpoints WHERE run = ? AND path = ?'),
    ask: prepare(
      `INSERT INTO approvals (run, path, asked_at, body) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at, body = excluded.body, answer = NULL`,
    ),
    settle: prepare('DELETE FROM approvals WHERE run = ? AND path = ?'),
    dropApprovals: prepare('DELETE FROM approvals WHERE run = ?'),
    approvals: prepare('SELECT run, body, answer FROM approvals WHERE $run IS NULL OR run = $run ORDER BY asked_at, rowid'),
    answer: prepare('UPDATE approvals SET answer = ? WHERE run = ? AND path = ? AND answer IS NULL'),
    requestCancel: prepare('UPDATE runs SET cancel_reason = coalesce(cancel_reason, ?) WHERE id = ?'),
  }
}
