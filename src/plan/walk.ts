// The vocabulary of an exploration: what it starts from, what a pass decided, and who watches.
import type { Command, EvaluateCommand, Event, Program, RunState } from '../kernel/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { Knowledge } from './knowledge.ts'

/** What one pass made of the decisions that only a run can take. */
export interface Pass {
  /** Steps whose condition is unknown. */
  readonly guarded: Set<string>
  /** Loops over a list that is unknown. */
  readonly each: Set<string>
  /** Switches over a value that is unknown. */
  readonly chosen: Set<string>
  /** Scopes of one item of a loop, in a pass in which that item alone fails: what the others hold is seen in its catch. */
  readonly aloneIn?: readonly string[]
}

export interface Witness {
  /** Each command, in order, with the state as it then is. */
  command(command: Command, state: RunState, pass: Pass): void
  /** The values that a step starts from, in the runbook's words where they are unknown. */
  evaluated(command: EvaluateCommand, shown: JsonObject, pass: Pass): void
}

export interface Exploration {
  readonly program: Program
  readonly inputs: JsonObject
  readonly targets: JsonObject
  readonly knowledge: Knowledge
  readonly witness: Witness
}

/** By question (a switch, or a call that a catch waits for), the way to take. */
export type Decisions = Readonly<Record<string, string>>
export type EventBody = Event extends infer E ? (E extends Event ? Omit<E, 'at'> : never) : never

export interface Walk extends Exploration {
  readonly state: RunState
  readonly taken: Decisions
  readonly pass: Pass
  /** Leaves the other ways to later passes. */
  readonly offer: (question: string, ways: readonly string[]) => void
  /** The same of a question that comes up at several paths: for one of them alone, once all else has been looked into. */
  readonly offerAlone: (question: string, path: string, ways: readonly string[]) => void
}
