// What a run's history needs of its store. Events in, state out; no store interprets an event.
import type { Event, Obligation, Outcome } from '../kernel/index.ts'
import type { Json, JsonObject } from '../values/index.ts'

/** What is fixed when a run is created. */
export interface RunHeader {
  readonly id: string
  readonly runbook: string
  readonly runbookVersion: string
  /** Documents by role (`runbook`, `pack:<name>`): hash of the text this run is pinned to, see `documents`. */
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
  /** Process that owns the run, while it lives. */
  readonly owner?: string
  readonly events: number
}

export interface ObligationRecord {
  readonly runId: string
  readonly obligation: Obligation
}

/** One append: atomic, durable when resolved. */
export interface Entry {
  readonly events: readonly Event[]
  /** The obligations that changed, as they are now. */
  readonly obligations: readonly Obligation[]
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

export interface Journal extends AsyncDisposable {
  /** Stores a text by its sha256 (hex) and answers the hash. */
  putDocument(text: string): Promise<string>
  document(hash: string): Promise<string | undefined>
  createRun(header: RunHeader): Promise<void>
  run(id: string): Promise<RunSummary | undefined>
  /** Newest first. */
  runs(filter?: { status?: RunSummary['status']; limit?: number }): Promise<readonly RunSummary[]>
  /** Takes the run over; the answer is the fencing token (epoch). With `evenIfAlive: false` it refuses while the last owner's process lives. */
  claim(id: string, owner: string, evenIfAlive: boolean): Promise<number | undefined>
  /** Throws OwnerFenced when the epoch is not the newest. */
  append(id: string, epoch: number, entry: Entry): Promise<void>
  assertOwner(id: string, epoch: number): void
  events(id: string): AsyncIterable<Event>
  obligations(filter: { open: boolean; runId?: string }): Promise<readonly ObligationRecord[]>
  /** True when granted; the same run asking again is granted again. */
  tryLock(name: string, id: string, epoch: number): Promise<boolean>
  unlock(name: string, id: string, epoch: number): Promise<void>
  locks(): Promise<readonly { readonly name: string; readonly runId: string }[]>
  saveCheckpoint(id: string, path: string, value: Json): Promise<void>
  loadCheckpoint(id: string, path: string): Promise<Json | undefined>
  /** Cancel requests reach the owner's process through the store. */
  requestCancel(id: string, reason: string): Promise<void>
  cancelRequest(id: string): Promise<string | undefined>
}
