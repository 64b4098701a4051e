// The vocabulary of verify: a node is a kernel state in a world; a move is one thing that the environment may do.
// All of it is plain data. The world is a ghost: it knows what really exists on the far side, which the kernel never sees.
import type { CallCommand, Command, EvaluateCommand, Event, Path, Program, RunState } from '../kernel/index.ts'
import type { Failure } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'

/** What is under test: the kernel's transition function, or a deliberately broken one. */
export type Transition = (program: Program, state: RunState, event: Event) => readonly Command[]

export interface Subject {
  readonly program: Program
  readonly apply: Transition
  /** What the platforms really do. Differs from `program` only in tests of wrong manifests. */
  readonly truth: Program
  readonly inputs: JsonObject
  readonly targets: JsonObject
  /** Items of a loop over a list that only a run can tell. */
  readonly items: number
}

export interface Node {
  state: RunState
  readonly world: World
}

/** What the host of the kernel and the far side know. Only `evaluations`, `calls` and `timers` are changed in place; all else is replaced. */
export interface World {
  now: number
  /** Deviations so far. */
  faults: number
  evaluations: EvaluateCommand[]
  calls: Sent[]
  readonly timers: Record<string, number>
  /** Ids of lock requests that wait, and the holder of each lock by its name. */
  waiting: readonly { readonly lock: string; readonly name: string }[]
  locked: Readonly<Record<string, string>>
  /** What exists on the far side, may still appear there, or has lapsed while owed; by path of the acquiring step. */
  things: Readonly<Record<Path, Thing>>
  /** Calls that may have applied, and have not been looked up or answered since; by path of the step. */
  doubts: Readonly<Record<Path, Doubt>>
  /** Freezes of guests, those that ended too; by path of the acquiring step. [P9] */
  freezes: Readonly<Record<Path, Freeze>>
  /** How far the restore point of each VM is. [P8] */
  points: Readonly<Record<string, 'missing' | 'stored' | 'committed'>>
  /** What the point of each VM says of its consistency, once its commit has left. [P9] */
  claims: Readonly<Record<string, Claim>>
  /** Steps that failed, until an enclosing block took note of it. */
  failed: readonly Path[]
  /** Calls that do not work any more: purpose and path. */
  broken: Readonly<Record<string, true>>
  /** A crash happened and critical things are still held. */
  recovering: boolean
  /** How often reap was asked since the last deviation. */
  reaped: boolean
  finished: boolean
  /** It was finished before: reap changes nothing of how it ended. */
  hasEnded: boolean
}

/** A call that has left and was not answered yet. */
export interface Sent {
  readonly command: CallCommand
  readonly sentAt: number
  /** Obligations whose handles the input holds. */
  readonly uses: readonly Path[]
  /** It takes long: time may pass before it answers. */
  readonly slow: boolean
  readonly aborted: boolean
}

export interface Thing {
  readonly type: string
  readonly key: string
  readonly parents: readonly Path[]
  readonly sentAt: number
  /** `late`: it will appear when `appearsWithin` is over. `lapsed`: the platform let go, the run has not noticed. */
  readonly presence: 'late' | 'there' | 'lapsed'
  /** The platform lets go then, unless renewed. */
  readonly leaseUntil?: number
  /** No renewal went wrong since the last that worked. */
  readonly healthy: boolean
  /** A release has left since it came to be. */
  readonly releaseSent: boolean
}

export interface Freeze {
  /** Absent where the manifest names no VM. */
  readonly vm?: string
  /** The run learnt that it holds it. */
  readonly acquired: boolean
  /** A snapshot was taken in it. */
  readonly covers: boolean
  /** It ended by itself. */
  readonly broken: boolean
}

export interface Claim {
  /** The step that commits the point. */
  readonly path: Path
  /** `‹where from›` for what only a run can tell. */
  readonly level: string
  /** More than every point may say, and the runbook's own word. */
  readonly isBold: boolean
}

export interface Doubt {
  readonly key: string
  readonly firstSentAt: number
  readonly sentAt: number
  /** By a crash, which resumable actions may go on from. */
  readonly crashed: boolean
}

/** Whether a call without an answer took effect: not, at once, or later than a look-up can see. */
export type Effect = 'no' | 'now' | 'late'

export type Move =
  | { readonly kind: 'start' }
  /** One of the ways in which an evaluation can come out. */
  | { readonly kind: 'evaluate'; readonly id: string; readonly way: number }
  | { readonly kind: 'succeed'; readonly call: string }
  | { readonly kind: 'fail'; readonly call: string; readonly failure: Failure; readonly effect: Effect }
  /** It takes long from here on. */
  | { readonly kind: 'slow'; readonly call: string }
  /** This and every later call of its kind fails until something else happens to it. */
  | { readonly kind: 'break'; readonly call: string }
  | { readonly kind: 'stall'; readonly call: string }
  | { readonly kind: 'timer'; readonly timer: string }
  | { readonly kind: 'lock'; readonly lock: string }
  | { readonly kind: 'approve'; readonly approval: Path; readonly decision: 'granted' | 'denied' }
  /** The platform lets go of a lease. */
  | { readonly kind: 'lapse'; readonly thing: Path }
  | { readonly kind: 'cancel' }
  /** The process dies; the effects of the calls under way, in their order. Another engine takes over. */
  | { readonly kind: 'crash'; readonly effects: readonly Effect[] }
  | { readonly kind: 'reap' }

export interface Option {
  readonly move: Move
  /** 1 for a deviation, 0 for what a good day may bring. */
  readonly cost: 0 | 1
}

export type PromiseName = 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P8' | 'P9' | 'ends' | 'locks' | 'outcome' | 'kernel'

export interface Violation {
  readonly promise: PromiseName
  readonly path: Path
  readonly text: string
}

export interface Counterexample {
  readonly violations: readonly Violation[]
  /** Index of each move among the options of its node: what `--replay` takes. */
  readonly choices: readonly number[]
  readonly faults: number
}

export interface Verdict {
  readonly violations: readonly Counterexample[]
  /** Every state within the bounds was seen. */
  readonly complete: boolean
  readonly states: number
  readonly transitions: number
  /** Moves of the longest of the shortest ways to a state. */
  readonly depth: number
  readonly faults: number
  readonly items: number
}
