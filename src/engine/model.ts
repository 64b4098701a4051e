// The engine as its callers see it: start, resume, cancel, reap, and a closed list of what a listener can observe.

import type { Journal } from '../journal/index.ts'
import type { Outcome, Report } from '../kernel/index.ts'
import type { Runbook } from '../language/index.ts'
import type { Catalogue, Clock, Connection, Handlers, Pack, Progress } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'

export interface EngineOptions {
  readonly journal: Journal
  readonly handlers: Handlers
  /** Resolves an operator's target; throws when it is not configured. */
  readonly connection: (target: string) => Connection
  readonly clock: Clock
  /** New run ids; injected so that tests can fix them. */
  readonly newRunId: () => string
  readonly observe?: (observation: Observation) => void
  /** Named in the journal as the run's owner, such as `host:pid`. */
  readonly owner: string
}

export type Observation = { readonly runId: string; readonly at: number } & (
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'progress'; readonly path: string; readonly progress: Progress }
  | { readonly kind: 'runStarted'; readonly runbook: string; readonly resumed: boolean }
  | { readonly kind: 'runEnded'; readonly outcome: Outcome }
)

export interface StartRequest {
  readonly runbook: Runbook
  /** The text the runbook was parsed from; the run is pinned to it. */
  readonly text: string
  readonly catalogue: Catalogue
  readonly packs: readonly Pack[]
  /** Already validated, defaults filled in. */
  readonly inputs: JsonObject
  /** Operator's target by the runbook's target name. */
  readonly targets: Readonly<Record<string, string>>
}

export interface RunningRun {
  readonly id: string
  readonly ended: Promise<Outcome>
  /** Cancels with clean-up. */
  cancel(reason: string): void
}

export interface Engine extends AsyncDisposable {
  start(request: StartRequest): Promise<RunningRun>
  /** Goes on with a run whose engine died. Rejects when its owner still lives. */
  resume(runId: string): Promise<RunningRun>
  /** Settles what finished runs still owe; one outcome per run that owed something. */
  reap(runId?: string): Promise<readonly { readonly runId: string; readonly outcome: Outcome }[]>
}
