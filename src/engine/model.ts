// The engine as its callers see it: start, resume, cancel, reap, and a closed list of what a listener can observe.

import type { Journal } from '../journal/index.ts'
import type { Outcome, Report } from '../kernel/index.ts'
import type { Runbook } from '../language/index.ts'
import type { Catalogue, Clock, Connection, Handlers, Pack, ParsePack, Progress } from '../packs/index.ts'
import type { JsonObject, Secret, SecretSource } from '../values/index.ts'

export interface EngineOptions {
  readonly journal: Journal
  /** Made for each run from the packs that it is pinned to, so that an edited pack changes no run under way. */
  readonly handlers: (catalogue: Catalogue) => Handlers
  /** How the packs that a run is pinned to are read again; `parsePack`, unless told. */
  readonly parsePack?: ParsePack
  /** Resolves an operator's target; throws when it is not configured. */
  readonly connection: (target: string) => Connection
  /** Gets what an input of the run refers to, whenever a call needs it. Throws where it cannot be had. Absent: nothing can. */
  readonly secret?: SecretResolver
  readonly clock: Clock
  /** How soon a cancel request or an answer by another process is heard: within a second, unless told. */
  readonly hearEveryMs?: number
  /** New run ids; injected so that tests can fix them. */
  readonly newRunId: () => string
  /** Told what is durable, in order; progress at once. It must not throw. */
  readonly observe?: (observation: Observation) => void
  /** Named in the journal as the run's owner; `processOwner()` of the journal. */
  readonly owner: string
}

export type SecretResolver = (source: SecretSource) => Promise<Secret>

export type Observation = { readonly runId: string; readonly at: number } & (
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'progress'; readonly path: string; readonly progress: Progress }
  | { readonly kind: 'runStarted'; readonly runbook: string; readonly resumed: boolean }
  | { readonly kind: 'runEnded'; readonly outcome: Outcome }
)

/** A pack with the texts it was read from, by file: what `loadPack` answers when all is well. */
export interface PackWithSources {
  readonly pack: Pack
  readonly sources: ReadonlyMap<string, string>
}

/** A runbook that is called, with the text it was parsed from. */
export interface RunbookWithText {
  /** As calls name it: `sangfor-scp/vm-backup`. */
  readonly name: string
  readonly runbook: Runbook
  readonly text: string
}

export interface StartRequest {
  readonly runbook: Runbook
  /** The text the runbook was parsed from; the run is pinned to it. */
  readonly text: string
  /** Those that the runbook and the ones it calls use; the run is pinned to them. */
  readonly packs: readonly PackWithSources[]
  /** Those it calls, directly or not; the run is pinned to them. Default: none. */
  readonly runbooks?: readonly RunbookWithText[]
  /** Already validated, defaults filled in. */
  readonly inputs: JsonObject
  /** Operator's target by the runbook's target name. */
  readonly targets: Readonly<Record<string, string>>
}

export interface RunningRun {
  readonly id: string
  /** Rejects when this engine stops performing the run before its end: OwnerFenced, a journal that cannot be written, a bug. */
  readonly ended: Promise<Outcome>
  /** Cancels with clean-up. */
  cancel(reason: string): void
  /** Whether something is held, or may be, that a cancel lets go of first. */
  holdsCritical(): boolean
  /** Something broke down beside the run: lets go of what is critical and performs nothing more. `ended` rejects with the error. */
  abandon(error: unknown): void
}

/** The run has ended, its owner still lives, or this engine performs it already. */
export class RunNotResumable extends Error {
  readonly runId: string

  constructor(runId: string, why: string) {
    super(`run ${runId} cannot be resumed: ${why}`)
    this.name = 'RunNotResumable'
    this.runId = runId
  }
}

export interface Engine extends AsyncDisposable {
  /** Rejects, and nothing is touched, when a target is not configured or of another type than the runbook wants. */
  start(request: StartRequest): Promise<RunningRun>
  /** Goes on with a run whose engine died. `takeOver` does so even if its owner may still live. Rejects with RunNotResumable. */
  resume(runId: string, options?: { readonly takeOver?: boolean }): Promise<RunningRun>
  /** Settles what finished runs still owe; one outcome per run that owed something. */
  reap(runId?: string): Promise<readonly { readonly runId: string; readonly outcome: Outcome }[]>
}
