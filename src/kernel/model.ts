// The kernel's vocabulary: events in, commands out, and the plain-data state between them. No clock, no I/O, no closures.
import type { Template } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import type { JsonObject, JsonSchema } from '../values/index.ts'

// Ids are paths in the runbook with loop keys: `backup/vms[vm-1]/copy`. Never positions in a history.
export type Path = string

// ---- events -----------------------------------------------------------------------------------------------------

/** Everything that ever happens to a run. `at` is milliseconds since the epoch, from the host's clock. */
export type Event = { readonly at: number } & (
  | { readonly kind: 'started' }
  | { readonly kind: 'evaluated'; readonly id: string; readonly values: JsonObject }
  /** The step's `if` was false. */
  | { readonly kind: 'guardedOff'; readonly id: string }
  | { readonly kind: 'evaluationFailed'; readonly id: string; readonly failure: Failure }
  | { readonly kind: 'callSucceeded'; readonly call: string; readonly output: JsonObject }
  /** `failure.applied: 'maybe'` says that nobody knows whether the call took effect. */
  | { readonly kind: 'callFailed'; readonly call: string; readonly failure: Failure }
  /** No progress for `stallMs`; the call is still under way. */
  | { readonly kind: 'stalled'; readonly call: string }
  | { readonly kind: 'timerFired'; readonly timer: string }
  | { readonly kind: 'lockGranted'; readonly lock: string }
  /** `approval` is the path of the step that asks. Who may answer, and what with, was seen to where the answer was given. */
  | ({ readonly kind: 'approvalAnswered'; readonly approval: Path } & ApprovalAnswer)
  | { readonly kind: 'cancelRequested'; readonly reason: string }
  /** The engine died and another took over: every call under way is now in doubt. */
  | { readonly kind: 'restarted' }
  /** Try again to settle what a finished run still owes. */
  | { readonly kind: 'reapRequested' }
)

// ---- commands ---------------------------------------------------------------------------------------------------

export type Purpose = 'step' | 'find' | 'probe' | 'renew' | 'release'

/** One call of an action. The host answers each with exactly one `callSucceeded` or `callFailed`, also after an abort. */
export interface CallCommand {
  readonly kind: 'call'
  readonly id: string
  readonly purpose: Purpose
  /** Path of the step, or of the step that acquired. */
  readonly path: Path
  /** Qualified action name. */
  readonly action: string
  readonly input: JsonObject
  /** Idempotency key: unchanged until an attempt is known not to have applied. */
  readonly key: string
  readonly attempt: number
  readonly stallMs?: number
  /** The host calls the action again every `everyMs` until `until` (roots and `result`) is true. */
  readonly poll?: { readonly until: Template; readonly everyMs: number; readonly roots: JsonObject }
}

export interface EvaluateCommand {
  readonly kind: 'evaluate'
  readonly id: string
  readonly path: Path
  /** Evaluated first; when false nothing else is, and the answer is `guardedOff`. */
  readonly guard?: Template
  readonly templates: readonly { readonly name: string; readonly template: Template }[]
  readonly roots: JsonObject
  /** The value named `with` is made to fit this action's input schema: defaults, sequences into arrays, then validated. */
  readonly inputOf?: string
  /** Likewise, to fit the inputs schema of the runbook that the step calls. */
  readonly inputsOf?: { readonly runbook: string; readonly schema: JsonSchema }
}

export type Command =
  | EvaluateCommand
  | CallCommand
  /** Make the call end soon. Its answer still comes. */
  | { readonly kind: 'abort'; readonly call: string; readonly reason: string }
  | { readonly kind: 'setTimer'; readonly timer: string; readonly at: number }
  | { readonly kind: 'clearTimer'; readonly timer: string }
  /** `lock` is this request's id; `name` what is locked, over all runs. */
  | { readonly kind: 'lock'; readonly lock: string; readonly name: string }
  | { readonly kind: 'unlock'; readonly lock: string; readonly name: string }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'finish'; readonly outcome: Outcome }

export type StepOutcome = 'succeeded' | 'failed' | 'skipped' | 'cancelled'

/** What a listener may want to know; changes nothing. The closed list that every view is drawn from. */
export type Report =
  | {
      readonly kind: 'stepStarted'
      readonly path: Path
      readonly step: string
      readonly verb: string
      readonly action?: string
      readonly runbook?: string
    }
  /** A loop took up an item; `name` is the item's own, where it has one: people know VMs by name, not by key. */
  | { readonly kind: 'itemStarted'; readonly path: Path; readonly key: string; readonly name?: string }
  | { readonly kind: 'stepEnded'; readonly path: Path; readonly outcome: StepOutcome; readonly failure?: Failure }
  | {
      readonly kind: 'retrying'
      readonly path: Path
      readonly attempt: number
      readonly afterMs: number
      readonly failure: Failure
    }
  /** Another run may hold it: then nothing goes on here until it is granted. */
  | { readonly kind: 'lock'; readonly path: Path; readonly name: string; readonly state: 'waits' | 'holds' }
  /** `withdrawn`: nobody has answered, and no answer is wanted any more. */
  | { readonly kind: 'approval'; readonly approval: Approval; readonly state: 'asked' | 'withdrawn' }
  | { readonly kind: 'approval'; readonly approval: Approval; readonly state: 'answered'; readonly answer: ApprovalAnswer }
  | { readonly kind: 'inDoubt'; readonly path: Path; readonly failure: Failure }
  | { readonly kind: 'closing'; readonly path: Path; readonly because: 'done' | 'failed' | 'cancelled' }
  | { readonly kind: 'obligation'; readonly obligation: Obligation }
  | { readonly kind: 'leaseRenewed'; readonly path: Path; readonly untilMs: number }

export interface Outcome {
  readonly status: 'succeeded' | 'failed' | 'cancelled'
  readonly outputs?: JsonObject
  readonly failure?: Failure
  /** Ids of the obligations that are still open. */
  readonly owed: readonly Path[]
}

// ---- approvals --------------------------------------------------------------------------------------------------

/** A question that waits for an answer. */
export interface Approval {
  /** Path of the step that asks. */
  readonly path: Path
  readonly prompt: string
  /** Who may answer; anybody where absent. */
  readonly by?: readonly string[]
  /** JSON Schema of what the answer has to say. */
  readonly inputs?: JsonSchema
  readonly askedAt: number
  /** Nobody's answer counts from then on. */
  readonly until?: number
}

export interface ApprovalAnswer {
  readonly by: string
  readonly decision: ApprovalDecision
}

export type ApprovalDecision =
  | { readonly kind: 'granted'; readonly inputs: JsonObject }
  | { readonly kind: 'denied'; readonly reason: string }

// ---- obligations ------------------------------------------------------------------------------------------------

export type ObligationState =
  /** Journalled; the call has not answered. */
  | 'intended'
  /** The call may have applied; being looked up. */
  | 'inDoubt'
  | 'held'
  | 'releasing'
  /** Release keeps failing, or the doubt could not be resolved: shown, alerts, settled by reap. */
  | 'owed'
  // settled:
  | 'released'
  /** Never came to be. */
  | 'void'
  /** `release: onFailure` and all went well. */
  | 'kept'

export interface Obligation {
  /** Path of the step that acquired. */
  readonly id: Path
  /** Qualified resource type. */
  readonly type: string
  readonly owner: Path
  /** The acquiring call's input, target references included. */
  readonly input: JsonObject
  readonly identity: JsonObject
  handle?: JsonObject
  /** Obligations that must outlive this one. */
  readonly parents: readonly Path[]
  readonly keepOnSuccess: boolean
  state: ObligationState
  readonly intendedAt: number
  /** When the last acquiring call left. */
  sentAt: number
  heldAt?: number
  settledAt?: number
  leaseUntil?: number
  leaseLost?: boolean
  releaseAttempts: number
  lastFailure?: Failure
}

export const isOpen = (obligation: Obligation): boolean =>
  obligation.state !== 'released' && obligation.state !== 'void' && obligation.state !== 'kept'

/** What `steps.<id>.handle` is: opaque to authors, understood by inputs marked `x-resource`. */
export interface Handle extends JsonObject {
  readonly resource: string
  readonly obligation: Path
}
