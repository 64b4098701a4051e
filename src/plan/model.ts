// A plan as a value: what a run would do, in the order it would do it, and what would be let go if it died after each step.
// Everything in it is plain JSON, described by schemas/plan.schema.json. What only a run can tell is `{ $unknown: where from }`;
// a secret is a reference, `{ $secret: where it is to be had }`.
import type { ForeseenRequest } from '../http/index.ts'
import type { Effect } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'

export interface Plan {
  readonly format: 1
  readonly runbook: string
  readonly version: string
  readonly title?: string
  /** Documents by role, as a run pins them: sha256 of the runbook's and of each pack's text. */
  readonly pins: Readonly<Record<string, string>>
  readonly basis: Basis
  readonly inputs: JsonObject
  /** Operator's target by the runbook's name for it. */
  readonly targets: JsonObject
  readonly steps: readonly PlanStep[]
  /** What the end of the run releases, in order. */
  readonly closes: readonly string[]
  /** Everything that would be acquired, in order. */
  readonly holds: readonly Hold[]
  readonly locks: readonly string[]
  /** What was read to make this plan; `run --plan` reads it again. Empty offline. */
  readonly reads: readonly Read[]
  readonly totals: Totals
  /** False where the runbook has more alternatives than the plan looked into. */
  readonly complete: boolean
  /** Absent where these texts were not verified. */
  readonly verified?: Verified
}

/** What was tried without finding anything: every placement of up to so many faults, with so many items of each list of unknown length. */
export interface Verified {
  readonly faults: number
  readonly items: number
}

/** What the plan knows of the world: nothing, what its own reads told, or what an earlier run was told. */
export type Basis =
  | { readonly kind: 'offline' }
  /** `at`: ISO 8601. */
  | { readonly kind: 'read'; readonly at: string }
  | { readonly kind: 'run'; readonly run: string }

export interface Read {
  readonly path: string
  /** Qualified action name. */
  readonly action: string
  readonly input: JsonObject
  readonly result:
    | { readonly kind: 'output'; readonly output: JsonObject }
    | { readonly kind: 'failure'; readonly type: string; readonly message: string }
}

/** `will`: it runs whatever is found. `may`: that depends on what only a run can tell. `each`: once for every item. `onFailure`: in a catch. */
export type Certainty = 'will' | 'may' | 'each' | 'onFailure'

export interface PlanStep {
  readonly path: string
  readonly id: string
  readonly verb: string
  readonly certainty: Certainty
  /** The case of the switch that it stands directly in. */
  readonly case?: string
  /** Qualified action name; for `uses`. */
  readonly action?: string
  /** `name@version`; for `runbook`, whose steps are this one's. */
  readonly runbook?: string
  readonly title?: string
  readonly effect?: Effect
  /** What the call would be given. */
  readonly input?: Json
  /** What goes over the wire for one try, in order; empty for handlers, whose wire is their own. */
  readonly requests: readonly Request[]
  /** What is touched: the blast radius. */
  readonly affects: readonly Affected[]
  readonly timeoutMs?: number
  /** The lock held while the scope or the call is under way. */
  readonly lock?: string
  readonly approval?: Approval
  readonly acquires?: Hold
  readonly duration?: Estimate
  /** Obligations that would be released, in this order, if the run died right after this step. */
  readonly unwind: readonly string[]
  /** What closing this block releases, in order. */
  readonly closes: readonly string[]
  readonly steps: readonly PlanStep[]
}

/** What goes over the wire. */
export type Request = ForeseenRequest

/** One thing of the platform that a step touches, from what the manifest says its inputs mean. */
export interface Affected {
  /** `vm`, `group`, `disk`, `storage`, `host`, `repository` … */
  readonly kind: string
  readonly id: Json
  readonly name?: Json
}

export interface Approval {
  readonly prompt: Json
  readonly by?: Json
  readonly timeoutMs?: number
}

/** `runs`: from how long earlier runs took; `rate`: from bytes and a stated rate. */
export interface Estimate {
  readonly lowMs: number
  readonly highMs: number
  readonly from: { readonly kind: 'runs'; readonly count: number } | { readonly kind: 'rate'; readonly bytesPerSecond: number }
}

export interface Hold {
  readonly path: string
  /** Qualified resource type. */
  readonly type: string
  readonly title: string
  readonly identity: Json
  /** Path of the scope that owns it; `run` is the run itself. */
  readonly owner: string
  readonly release: string
  readonly keptOnSuccess: boolean
  readonly critical: boolean
  readonly maxHoldMs?: number
  readonly leaseEveryMs?: number
  readonly leaseLifetimeMs?: number
  /** What lets go when nobody is left to. */
  readonly deadman?: string
  /** After this long, where the time does. */
  readonly deadmanAfterMs?: number
  /** What one release sends, and one renewal of the lease; empty for handlers. */
  readonly releases: readonly Request[]
  readonly renews: readonly Request[]
  readonly window: HoldWindow
}

/** From the acquiring call to the end of the release. */
export interface HoldWindow {
  /** Paths of the steps that run while it is held, in order. */
  readonly during: readonly string[]
  /** Sum of time-outs from the acquiring call to the end of its release; absent where something within has no bound. */
  readonly atMostMs?: number
  readonly estimate?: Estimate
  /** Lease renewals to expect within the estimate, or within `atMostMs`. */
  readonly renewals?: { readonly low: number; readonly high: number }
}

export interface Totals {
  /** The critical hold with the widest window. */
  readonly longestFreeze?: { readonly path: string; readonly atMostMs?: number; readonly estimate?: Estimate }
  /** The hold, critical or not, with the widest window. */
  readonly longestHold?: { readonly path: string; readonly atMostMs?: number; readonly estimate?: Estimate }
  /** Data that transfers would move; absent where no changed-block query was read. */
  readonly bytes?: number
  readonly duration?: Estimate
  /** By operator's target. `more`: loops, polls or pages of unknown length add to it. */
  readonly calls: Readonly<Record<string, { readonly reads: number; readonly changes: number; readonly more: boolean }>>
  readonly affects: readonly Affected[]
  readonly approvals: readonly string[]
  readonly points: readonly PlannedPoint[]
}

/** A restore point that the run would commit. */
export interface PlannedPoint {
  readonly path: string
  readonly vm: Json
  readonly level: Json
  readonly consistency: Json
  /** When the newest point so far was taken, ISO 8601; what changed since is lost with the VM until this run commits. */
  readonly previous?: Json
}
