// The journal in memory: the reference that every store is compared with, and what tests and rehearsals run on. Nothing outlives it.
import { createHash } from 'node:crypto'
import { type Approval, type ApprovalAnswer, type Event, isOpen, type Obligation } from '../kernel/index.ts'
import type { Json } from '../values/index.ts'
import { type Journal, OwnerFenced, type RunHeader, type RunSummary, RunUnknown } from './model.ts'
import { ownerLives } from './owner.ts'

interface Run {
  readonly header: RunHeader
  readonly events: string[]
  readonly obligations: Map<string, Obligation>
  readonly checkpoints: Map<string, string>
  readonly approvals: Map<string, { readonly approval: Approval; answer?: ApprovalAnswer }>
  ended?: Pick<RunSummary, 'status' | 'outcome' | 'endedAt'>
  owner?: string | undefined
  epoch: number
  cancelReason?: string
}

export function createMemoryJournal(): Journal {
  const documents = new Map<string, string>()
  const runs = new Map<string, Run>()
  const locks = new Map<string, string>()

  const known = (id: string): Run => {
    const run = runs.get(id)
    if (run === undefined) throw new RunUnknown(id)
    return run
  }
  const owned = (id: string, epoch: number): Run => {
    const run = runs.get(id)
    if (run?.epoch !== epoch) throw new OwnerFenced(id)
    return run
  }
  const summary = ({ header, events, ended, owner }: Run): RunSummary => ({
    status: 'running',
    ...header,
    ...ended,
    ...(owner === undefined ? {} : { owner }),
    events: events.length,
  })

  return {
    async putDocument(text) {
      const hash = createHash('sha256').update(text).digest('hex')
      documents.set(hash, text)
      return hash
    },
    async document(hash) {
      return documents.get(hash)
    },
    async createRun(header) {
      if (runs.has(header.id)) throw new Error(`the journal holds a run ${header.id} already`)
      const empty = { events: [], obligations: new Map(), checkpoints: new Map(), approvals: new Map() }
      runs.set(header.id, { header: copy(header), ...empty, epoch: 0 })
    },
    async run(id) {
      const run = runs.get(id)
      return run && summary(run)
    },
    async runs({ status, limit } = {}) {
      return [...runs.values()]
        .map(summary)
        .reverse()
        .filter((run) => status === undefined || run.status === status)
        .sort((a, b) => b.createdAt - a.createdAt)
        .slice(0, limit)
    },
    async claim(id, owner, evenIfAlive) {
      const run = known(id)
      if (!evenIfAlive && run.owner !== undefined && ownerLives(run.owner)) return undefined
      run.owner = owner
      run.epoch += 1
      return run.epoch
    },
    async append(id, epoch, { events, obligations, asked, settled, unlocks, outcome }) {
      const run = owned(id, epoch)
      run.events.push(...events.map((event) => JSON.stringify(event)))
      for (const obligation of obligations) run.obligations.set(obligation.id, copy(obligation))
      for (const approval of asked ?? []) run.approvals.set(approval.path, { approval: copy(approval) })
      for (const path of settled ?? []) run.approvals.delete(path)
      for (const name of unlocks ?? []) if (locks.get(name) === id) locks.delete(name)
      if (outcome === undefined) return
      const endedAt = events.at(-1)?.at
      run.ended = { status: outcome.status, outcome: copy(outcome), ...(endedAt === undefined ? {} : { endedAt }) }
      run.owner = undefined
      run.checkpoints.clear()
      run.approvals.clear()
      for (const [name, holder] of locks) if (holder === id) locks.delete(name)
    },
    assertOwner(id, epoch) {
      owned(id, epoch)
    },
    async *events(id) {
      for (const text of runs.get(id)?.events ?? []) yield JSON.parse(text) as Event
    },
    async obligations({ open, runId }) {
      return [...runs.values()]
        .filter((run) => runId === undefined || run.header.id === runId)
        .flatMap((run) =>
          [...run.obligations.values()].map((obligation) => ({ runId: run.header.id, obligation: copy(obligation) })),
        )
        .filter(({ obligation }) => isOpen(obligation) === open)
    },
    async tryLock(name, id, epoch) {
      owned(id, epoch)
      const holder = locks.get(name) ?? id
      locks.set(name, holder)
      return holder === id
    },
    async locks() {
      return [...locks].map(([name, runId]) => ({ name, runId })).sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async saveCheckpoint(id, epoch, path, value) {
      owned(id, epoch).checkpoints.set(path, JSON.stringify(value))
    },
    async loadCheckpoint(id, path) {
      const text = runs.get(id)?.checkpoints.get(path)
      return text === undefined ? undefined : (JSON.parse(text) as Json)
    },
    async requestCancel(id, reason) {
      const run = known(id)
      run.cancelReason ??= reason
    },
    async cancelRequest(id) {
      return runs.get(id)?.cancelReason
    },
    async approvals(runId) {
      return [...runs.values()]
        .filter((run) => runId === undefined || run.header.id === runId)
        .flatMap((run) => [...run.approvals.values()].map((record) => ({ runId: run.header.id, ...copy(record) })))
        .sort((a, b) => a.approval.askedAt - b.approval.askedAt)
    },
    async answerApproval(id, path, answer) {
      const record = known(id).approvals.get(path)
      if (record === undefined || record.answer !== undefined) return false
      record.answer = copy(answer)
      return true
    },
    async removeRun(id) {
      const run = runs.get(id)
      const isOver = run?.ended !== undefined && run.owner === undefined && ![...run.obligations.values()].some(isOpen)
      return isOver && runs.delete(id)
    },
    async removeUnusedDocuments() {
      const pinned = new Set([...runs.values()].flatMap(({ header }) => Object.values(header.pins)))
      const unused = [...documents.keys()].filter((hash) => !pinned.has(hash))
      for (const hash of unused) documents.delete(hash)
      return unused.length
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** What a store would give back: no aliasing, and marks (`Secret`) as their `toJSON` says. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
