// The state of a run as plain data: it can be cloned, hashed, compared and stored. What has ended is dropped from it,
// so that a loop over ten thousand items stays as small as the items under way.
import type { Failure } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import type { Approval, ApprovalAnswer, Obligation, Outcome, Path, Purpose } from './model.ts'

export interface RunState {
  /** Version of this shape. */
  readonly schema: 1
  /** Its frames are other states' too: a turn copies what it changes. */
  readonly shared?: true
  readonly run: { readonly id: string; readonly startedAt: number }
  readonly inputs: JsonObject
  readonly targets: JsonObject
  /** `at` of the newest event. */
  now: number
  /** `recovering`: after a crash, until every critical resource is let go. */
  phase: 'new' | 'recovering' | 'running' | 'finished' | 'reaping'
  outcome?: Outcome
  readonly blocks: Record<Path, BlockFrame>
  readonly steps: Record<Path, StepFrame>
  /** The open ones. */
  readonly obligations: Record<Path, Obligation>
  readonly evaluations: Record<string, Evaluation>
  readonly calls: Record<string, PendingCall>
  readonly timers: Record<string, Timer>
  readonly locks: Record<string, LockRequest>
  /** The questions that wait for an answer. */
  readonly approvals: Record<Path, Approval>
  /** The renewal under way, by obligation. */
  readonly renewals: Record<Path, string>
  /** Counts calls, so that each id is used once. */
  callCount: number
}

export const ROOT: Path = 'run'

/** A block that is under way: the run itself, a scope, one item of a loop, a branch, a case, a catch. */
export interface BlockFrame {
  readonly path: Path
  /** The compound step this is a body of. Absent for the run itself. */
  readonly step?: Path
  readonly parent?: Path
  /** Where in the document, see `program.ts`. */
  readonly place: string
  readonly variant: string
  /** Loop variable, or `error`. */
  readonly variables: JsonObject
  /** The body of a called runbook sees these and its own steps, and nothing of what is around it. It owns nothing, either. */
  readonly called?: { readonly inputs: JsonObject; readonly targets: JsonObject }
  readonly loopKey?: string
  phase: 'running' | 'yielding' | 'stopping' | 'closing'
  next: number
  /** Path of the step under way. */
  active?: Path
  /** Replaced, not changed. */
  outputs: Readonly<Record<string, Json>>
  yielded: JsonObject
  failure?: Failure
  cancelled: boolean
  clean: boolean
  /** What is owned, oldest first. */
  readonly owned: Path[]
}

interface StepBase {
  readonly path: Path
  /** Path of the block it stands in. */
  readonly block: Path
  readonly id: string
  /** Somebody asked it to stop: it ends cancelled, or with this failure. */
  stopping?: Failure | 'cancelled'
}

export interface PlainFrame extends StepBase {
  readonly kind: 'plain'
  phase: 'evaluating' | 'locking' | 'waiting' | 'asking' | 'calling' | 'finding' | 'releasing'
  input: JsonObject
  /** Obligations whose handles the input holds. */
  uses: readonly Path[]
  /** Tries that count against the retry policy. */
  tries: number
  attempt: number
  /** Raised when an attempt is known not to have applied; part of the idempotency key. */
  generation: number
  /** An attempt ended without anybody knowing its effect, and no look-up has cleared that up. */
  mayHaveApplied?: true
  firstSentAt?: number
  call?: string
  /** It was given while critical things were let go after a crash, and counts when that is done. */
  answer?: ApprovalAnswer
  failure?: Failure
  lookups: number
}

export interface CompoundFrame extends StepBase {
  readonly kind: 'compound'
  phase: 'evaluating' | 'locking' | 'inside'
  dirtyClose: 'fail' | 'accept'
  readonly children: Path[]
  loop?: LoopState
  /** Bodies that still run, or the keys being evaluated. */
  pending: number
  readonly ok: { readonly key: string; readonly value: Json }[]
  readonly failed: { readonly key: string; readonly error: Json }[]
  failure?: Failure
}

export interface LoopState {
  readonly items: readonly Json[]
  readonly concurrency: number
  nextItem: number
  readonly keys: Record<string, true>
}

export type StepFrame = PlainFrame | CompoundFrame

/** What an evaluation under way is for. */
export type Evaluation =
  | { readonly kind: 'step'; readonly path: Path }
  | { readonly kind: 'yield'; readonly path: Path }
  | { readonly kind: 'callLock'; readonly path: Path }
  | { readonly kind: 'key'; readonly path: Path; readonly item: number }

export interface PendingCall {
  readonly purpose: Purpose
  /** Step for `step` and `find`, obligation for the rest. */
  readonly path: Path
  readonly sentAt: number
  aborted: boolean
}

export interface Timer {
  readonly at: number
  readonly does: TimerPurpose
}

export type TimerPurpose =
  | { readonly kind: 'timeout'; readonly call: string }
  | { readonly kind: 'retry'; readonly path: Path }
  | { readonly kind: 'wait'; readonly path: Path }
  | { readonly kind: 'approval'; readonly path: Path }
  | { readonly kind: 'lookAgain'; readonly path: Path }
  | { readonly kind: 'max'; readonly path: Path }
  | { readonly kind: 'releaseAgain'; readonly path: Path }
  | { readonly kind: 'renew'; readonly path: Path }
  | { readonly kind: 'leaseEnd'; readonly path: Path }
  | { readonly kind: 'maxHold'; readonly path: Path }

export interface LockRequest {
  readonly name: string
  /** The step that asked. */
  readonly path: Path
  granted: boolean
}

export interface RunIdentity {
  readonly runId: string
  readonly startedAt: number
  readonly inputs: JsonObject
  readonly targets: JsonObject
}

export function createState({ runId, startedAt, inputs, targets }: RunIdentity): RunState {
  return {
    schema: 1,
    run: { id: runId, startedAt },
    inputs,
    targets,
    now: startedAt,
    phase: 'new',
    blocks: {},
    steps: {},
    obligations: {},
    evaluations: {},
    calls: {},
    timers: {},
    locks: {},
    approvals: {},
    renewals: {},
    callCount: 0,
  }
}

export function blockFrame(state: RunState, path: Path): BlockFrame {
  const frame = state.blocks[path]
  if (!frame) throw new Error(`no block ${path} is under way`)
  return frame
}

export function stepFrame(state: RunState, path: Path): StepFrame {
  const frame = state.steps[path]
  if (!frame) throw new Error(`no step ${path} is under way`)
  return frame
}

export function plainFrame(state: RunState, path: Path): PlainFrame {
  const frame = stepFrame(state, path)
  if (frame.kind !== 'plain') throw new Error(`step ${path} is a block`)
  return frame
}

export function compoundFrame(state: RunState, path: Path): CompoundFrame {
  const frame = stepFrame(state, path)
  if (frame.kind !== 'compound') throw new Error(`step ${path} is not a block`)
  return frame
}

export function obligationOf(state: RunState, path: Path): Obligation {
  const obligation = state.obligations[path]
  if (!obligation) throw new Error(`nothing is owed under ${path}`)
  return obligation
}
