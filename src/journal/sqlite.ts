// The journal in one SQLite file. Durable when resolved; shared by all processes of one host. It interprets no event.
//
// J1: an entry is whole or absent, and it is on disk before its append resolves (write-ahead log, synchronous=FULL).
// J2: only the newest epoch of a run writes to it; the check and the write are one transaction.
// J3: a run's events keep the order in which they were appended.
// J4: what is read is what was written, or JournalUnusable: rows are sealed, events chained, documents known by their hash.
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { type Approval, type ApprovalAnswer, type Event, isOpen, type Obligation, type Outcome } from '../kernel/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import { createCommitQueue, isBusy } from './commit-queue.ts'
import { decode, encode } from './encoding.ts'
import { damaged } from './inspect.ts'
import { type Journal, JournalUnusable, OwnerFenced, type RunHeader, type RunSummary, RunUnknown } from './model.ts'
import { openFile } from './open-file.ts'
import { ownerLives } from './owner.ts'
import {
  type ApprovalRow,
  type CheckpointRow,
  isAsSealed,
  type LockRow,
  link,
  type ObligationRow,
  type RunRow,
  SEALS,
  type Sealed,
  type SealedTable,
} from './rows.ts'
import { statements } from './statements.ts'
import { unusedDocuments } from './unused.ts'

const EVENTS_READ_AT_ONCE = 256

/** Opens the journal, making file and folder (readable by their owner only) where they are missing. Throws JournalUnusable. */
export function openJournal(path: string): Journal {
  const { database, count, close } = openFile(path)
  const queue = createCommitQueue(database, count, (error) => unwritable(path, error))
  const sql = statements(database, path)

  const put = (text: string): string => {
    const hash = hashOf(text)
    sql.putDocument.run(hash, text)
    return hash
  }
  const documentOf = (hash: string): string | undefined => {
    const row = sql.document.get(hash)
    if (row !== undefined && hashOf(String(row.text)) !== hash) throw damaged(path, `document ${hash} is not as it was written`)
    return row && String(row.text)
  }
  const get = (hash: string): string => {
    const text = documentOf(hash)
    if (text === undefined) throw damaged(path, `document ${hash} is missing`)
    return text
  }
  const encoded = (value: unknown): string => encode(value, put)
  const decoded = <T>(text: unknown): T => decode(String(text), get) as T

  const believed = <Row>(table: SealedTable, row: Readonly<Record<string, unknown>>): Row => {
    if (!isAsSealed(table, row)) throw damaged(path, `a row of ${table} is not as it was written`)
    return row as Row
  }
  const rowOf = (id: string): RunRow | undefined => {
    const row = sql.run.get(id)
    return row && believed<RunRow>('runs', row)
  }
  const knownRow = (id: string): RunRow => {
    const row = rowOf(id)
    if (row === undefined) throw new RunUnknown(id)
    return row
  }
  const ownedRow = (id: string, epoch: number): RunRow => {
    const row = rowOf(id)
    if (row?.epoch !== epoch) throw new OwnerFenced(id)
    return row
  }
  const changeRun = (row: RunRow): void => {
    const { id, status, outcome, ended_at, owner, epoch, events, cancel_reason, chain } = row
    sql.changeRun.run(status, outcome, ended_at, owner, epoch, events, cancel_reason, chain, SEALS.runs(row), id)
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
      return documentOf(hash)
    },
    createRun: (header) =>
      queue.write(() => {
        const row: RunRow = {
          id: header.id,
          runbook: header.runbook,
          runbook_version: header.runbookVersion,
          pins: encoded(header.pins),
          inputs: encoded(header.inputs),
          targets: encoded(header.targets),
          created_at: header.createdAt,
          status: 'running',
          outcome: null,
          ended_at: null,
          owner: null,
          epoch: 0,
          events: 0,
          cancel_reason: null,
          chain: '',
        }
        sql.createRun.run({ ...row, seal: SEALS.runs(row) })
      }),
    async run(id) {
      const row = rowOf(id)
      return row && summary(row)
    },
    async runs({ status, limit } = {}) {
      const rows = sql.runs.all({ status: status ?? null, limit: limit ?? -1 })
      return rows.map((row) => summary(believed('runs', row)))
    },
    claim: (id, owner, evenIfAlive) =>
      queue.write(() => {
        const row = knownRow(id)
        if (!evenIfAlive && row.owner !== null && ownerLives(row.owner)) return undefined
        changeRun({ ...row, owner, epoch: row.epoch + 1 })
        return row.epoch + 1
      }),
    append: (id, epoch, entry) =>
      queue.write(() => {
        const row = ownedRow(id, epoch)
        let { events, chain } = row
        for (const event of entry.events) {
          const body = encoded(event)
          sql.addEvent.run(id, events, body)
          events += 1
          chain = link(chain, body)
        }
        for (const obligation of entry.obligations) {
          const duty = { run: id, id: obligation.id, open: isOpen(obligation) ? 1 : 0, body: encoded(obligation) }
          sql.putObligation.run({ ...duty, seal: SEALS.obligations(duty) })
        }
        for (const approval of entry.asked ?? []) {
          const question = { run: id, path: approval.path, asked_at: approval.askedAt, body: encoded(approval), answer: null }
          sql.ask.run({ ...question, seal: SEALS.approvals(question) })
        }
        for (const path of entry.settled ?? []) sql.settle.run(id, path)
        for (const name of entry.unlocks ?? []) sql.unlock.run(name, id)
        const { outcome } = entry
        if (outcome === undefined) return changeRun({ ...row, events, chain })
        const ended = {
          status: outcome.status,
          outcome: encoded(outcome),
          ended_at: entry.events.at(-1)?.at ?? null,
          owner: null,
        }
        changeRun({ ...row, events, chain, ...ended })
        sql.unlockAll.run(id)
        sql.dropCheckpoints.run(id)
        sql.dropApprovals.run(id)
      }),
    assertOwner,
    async *events(id) {
      const row = rowOf(id)
      if (row === undefined) return
      // First all of them are held against their chain: what a reader makes of half a history is worth nothing.
      let chain = ''
      for (const body of bodies(id, row.events)) chain = link(chain, body)
      // Nothing of a run changes once it is written, but a run that ended can be removed meanwhile.
      if (rowOf(id) === undefined) return
      if (chain !== row.chain) throw damaged(path, `the history of run ${id} is not as it was written`)
      for (const body of bodies(id, row.events)) yield decoded<Event>(body)
    },
    async obligations({ open, runId }) {
      const rows = sql.obligations.all({ open: open ? 1 : 0, run: runId ?? null })
      return rows.map((row) => {
        const { run, body } = believed<ObligationRow>('obligations', row)
        return { runId: run, obligation: decoded<Obligation>(body) }
      })
    },
    tryLock: (name, id, epoch) =>
      queue.write(() => {
        assertOwner(id, epoch)
        const lock = { name, run: id, epoch }
        if (sql.lock.run({ ...lock, seal: SEALS.locks(lock) }).changes === 1) return true
        const held = sql.lockOf.get(name)
        if (held) believed<LockRow>('locks', held)
        return false
      }),
    async locks() {
      return sql.locks
        .all()
        .map((row) => believed<LockRow>('locks', row))
        .map(({ name, run }) => ({ name, runId: run }))
    },
    saveCheckpoint: (id, epoch, path, value) =>
      queue.write(() => {
        assertOwner(id, epoch)
        const checkpoint = { run: id, path, body: encoded(value) }
        sql.saveCheckpoint.run({ ...checkpoint, seal: SEALS.checkpoints(checkpoint) })
      }),
    async loadCheckpoint(id, path) {
      const row = sql.checkpoint.get(id, path)
      return row && decoded<Json>(believed<CheckpointRow>('checkpoints', row).body)
    },
    requestCancel: (id, reason) =>
      queue.write(() => {
        const row = knownRow(id)
        changeRun({ ...row, cancel_reason: row.cancel_reason ?? reason })
      }),
    async cancelRequest(id) {
      return rowOf(id)?.cancel_reason ?? undefined
    },
    async approvals(runId) {
      const rows = sql.approvals.all({ run: runId ?? null }).map((row) => believed<ApprovalRow>('approvals', row))
      return rows.map(({ run, body, answer }) => ({
        runId: run,
        approval: decoded<Approval>(body),
        ...(answer === null ? {} : { answer: decoded<ApprovalAnswer>(answer) }),
      }))
    },
    answerApproval: (id, path, answer) =>
      queue.write(() => {
        knownRow(id)
        const row = sql.approval.get(id, path)
        if (row === undefined || row.answer !== null) return false
        const { seal: _, ...question } = believed<Sealed<ApprovalRow>>('approvals', row)
        const answered = { ...question, answer: encoded(answer) }
        sql.answer.run(answered.answer, SEALS.approvals(answered), id, path)
        return true
      }),
    removeRun: (id) =>
      queue.write(() => {
        const row = rowOf(id)
        if (row === undefined || row.status === 'running' || row.owner !== null) return false
        if (sql.obligations.all({ open: 1, run: id }).length > 0) return false
        for (const drop of [sql.dropEvents, sql.dropObligations, sql.dropCheckpoints, sql.dropApprovals, sql.unlockAll])
          drop.run(id)
        sql.dropRun.run(id)
        return true
      }),
    async removeUnusedDocuments() {
      const removed = await queue.write(() => {
        const runs = sql.runs.all({ status: null, limit: -1 }).map((row) => believed<RunRow>('runs', row))
        const pinned = runs.flatMap(({ pins }) => Object.values(decoded<RunHeader['pins']>(pins)))
        const unused = unusedDocuments(database, pinned)
        for (const hash of unused) sql.dropDocument.run(hash)
        return unused.length
      })
      giveRoomBack(database)
      return removed
    },
    async [Symbol.asyncDispose]() {
      if (!database.isOpen) return
      queue.flush()
      close()
    },
  }

  /** Page by page: no cursor stays open while others write. */
  function* bodies(id: string, end: number): Generator<string> {
    for (let from = 0; from < end; from += EVENTS_READ_AT_ONCE) {
      for (const { body } of sql.events.all(id, from, Math.min(end, from + EVENTS_READ_AT_ONCE))) yield String(body)
    }
  }
}

/** As far as it can be had now: while others read or write, free pages stay in the file, to be used again. */
function giveRoomBack(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}

const unwritable = (path: string, error: unknown): JournalUnusable =>
  error instanceof JournalUnusable
    ? error
    : new JournalUnusable(
        path,
        `cannot be written: ${(error as Error).message}`,
        'Make room, or mend its storage. Runs that stopped go on with `holdfast resume`.',
        { cause: error },
      )

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
