// What a run's history needs of its store. Events in, state out; no store interprets an event.
import type { Approval, ApprovalAnswer, Event, Obligation, Outcome } from '../kernel/index.ts'
import type { Json, JsonObject } from '../values/index.ts'

/** What is fixed when a run is created. */
export interface RunHeader {
  readonly id: string
  readonly runbook: string
  readonly runbookVersion: string
  /** Documents by role (`runbook`, `runbook:<name>`, `pack:<name>`, `openapi:<name>`): hash of the text this run is pinned to, see `documents`. */
  readonly pins: Readonly<Record<string, string>>
  readonly inputs: JsonObject
  /** Target references by name, as the runbook's `targets` root sees them. */
  readonly targets: JsonObject
  readonly createdAt: number
}

export interface RunSummary extends RunHeader {
  readonly status: 'running' | 'succeeded' | 'failed' | 'cancelled'
  readonly outcome?: Outcome
  readonly endedAt?: number
  /** Process that owns the run, see `processOwner`; absent once the run has ended. It may have died: ask `ownerLives`. */
  readonly owner?: string
  readonly events: number
}

export interface ObligationRecord {
  readonly runId: string
  readonly obligation: Obligation
}

/** A question that waits; with the answer that was given and that its run has not taken yet. */
export interface ApprovalRecord {
  readonly runId: string
  readonly approval: Approval
  readonly answer?: ApprovalAnswer
}

/** One append: atomic, durable when resolved. */
export interface Entry {
  readonly events: readonly Event[]
  /** The obligations that changed, as they are now. */
  readonly obligations: readonly Obligation[]
  /** Questions that are put with these events. */
  readonly asked?: readonly Approval[]
  /** Paths of the questions that want no answer any more. */
  readonly settled?: readonly string[]
  /** Names of the locks that the run gives up with these events; so no crash can come between. */
  readonly unlocks?: readonly string[]
  /** Ends the run: its owner, locks, questions and checkpoints go in the same append. */
  readonly outcome?: Outcome
}

/** Raised by every write of an engine that no longer owns the run. */
export class OwnerFenced extends Error {
  readonly runId: string

  constructor(runId: string) {
    super(`run ${runId} is owned by another engine now`)
    this.name = 'OwnerFenced'
    this.runId = runId
  }
}

/** A run that the journal does not hold. */
export class RunUnknown extends Error {
  readonly runId: string

  constructor(runId: string) {
    super(`the journal holds no run ${runId}`)
    this.name = 'RunUnknown'
    this.runId = runId
  }
}

/** The file is no journal, one that this version cannot read, damaged, or cannot be written. */
export class JournalUnusable extends Error {
  readonly path: string
  /** What the operator does next. */
  readonly hint: string

  constructor(path: string, why: string, hint: string, options?: ErrorOptions) {
    super(`${path} ${why}`, options)
    this.name = 'JournalUnusable'
    this.path = path
    this.hint = hint
  }
}

export interface Journal extends AsyncDisposable {
  /** Stores a text by its sha256 (hex) and answers the hash. */
  putDocument(text: string): Promise<string>
  document(hash: string): Promise<string | undefined>
  createRun(header: RunHeader): Promise<void>
  run(id: string): Promise<RunSummary | undefined>
  /** Newest first. */
  runs(filter?: { status?: RunSummary['status']; limit?: number }): Promise<readonly RunSummary[]>
  /**
   * Takes the run over; the answer is the fencing token (epoch). With `evenIfAlive: false` it answers undefined unless the last
   * owner is known to be dead: a process of another host counts as alive. Throws RunUnknown.
   */
  claim(id: string, owner: string, evenIfAlive: boolean): Promise<number | undefined>
  /** Throws OwnerFenced when the epoch is not the newest. */
  append(id: string, epoch: number, entry: Entry): Promise<void>
  /** Throws OwnerFenced. Synchronous, so that nothing comes between it and the call that it guards. */
  assertOwner(id: string, epoch: number): void
  events(id: string): AsyncIterable<Event>
  obligations(filter: { open: boolean; runId?: string }): Promise<readonly ObligationRecord[]>
  /** True when granted; the same run asking again is granted again. Given up by `Entry.unlocks`. Throws OwnerFenced. */
  tryLock(name: string, id: string, epoch: number): Promise<boolean>
  locks(): Promise<readonly { readonly name: string; readonly runId: string }[]>
  /** Throws OwnerFenced. */
  saveCheckpoint(id: string, epoch: number, path: string, value: Json): Promise<void>
  loadCheckpoint(id: string, path: string): Promise<Json | undefined>
  /** Cancel requests reach the owner's process through the store. The first reason stays. Throws RunUnknown. */
  requestCancel(id: string, reason: string): Promise<void>
  cancelRequest(id: string): Promise<string | undefined>
  /** The questions that wait, oldest first. */
  approvals(runId?: string): Promise<readonly ApprovalRecord[]>
  /**
   * Answers reach the owner's process through the store, like cancel requests. The first answer stays: false when no question
   * waits there, or when it has been answered.
   */
  answerApproval(id: string, path: string, answer: ApprovalAnswer): Promise<boolean>
  /**
   * Removes a run that has ended, owes nothing and is taken up by nobody, with all that is its own: whole, or not at all. False, and
   * nothing is removed, for any other.
   */
  removeRun(id: string): Promise<boolean>
  /** Removes the documents that nothing refers to any more; the room goes back to the file system where it can. Answers how many. */
  removeUnusedDocuments(): Promise<number>
}
