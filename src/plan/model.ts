// A plan as a value: what a run would do, in the order it would do it, and what would be let go if it died after each step.
import type { Effect } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'

export interface Plan {
  readonly format: 1
  readonly runbook: string
  readonly version: string
  readonly title?: string
  readonly inputs: JsonObject
  /** Operator's target by the runbook's name for it. */
  readonly targets: JsonObject
  readonly steps: readonly PlanStep[]
  /** What the end of the run releases, in order. */
  readonly closes: readonly string[]
  /** Everything that would be acquired, in order. */
  readonly holds: readonly Hold[]
  readonly locks: readonly string[]
  /** False where the runbook has more alternatives than the plan looked into. */
  readonly complete: boolean
}

/** `will`: it runs whatever is found. `may`: that depends on what only a run can tell. `each`: once for every item. `onFailure`: in a catch. */
export type Certainty = 'will' | 'may' | 'each' | 'onFailure'

export interface PlanStep {
  readonly path: string
  readonly id: string
  readonly verb: string
  readonly certainty: Certainty
  /** Qualified action name; for `uses`. */
  readonly action?: string
  readonly title?: string
  readonly effect?: Effect
  /** What the call would be given; what only a run can tell is `{ $unknown: where from }`. */
  readonly input?: Json
  readonly timeoutMs?: number
  /** The lock held while the scope or the call is under way. */
  readonly lock?: string
  readonly acquires?: Hold
  /** Obligations that would be released, in this order, if the run died right after this step. */
  readonly unwind: readonly string[]
  /** What closing this block releases, in order. */
  readonly closes: readonly string[]
  readonly steps: readonly PlanStep[]
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
}
