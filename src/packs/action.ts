// What a TypeScript handler may touch, and the only ways in which a call may fail. It may not retry, sleep on its own or keep state.
import type { TargetRef } from '../language/index.ts'
import type { Json, JsonObject, Secret } from '../values/index.ts'

/** Settings of a target as the operator bound them; secrets are marked. */
export interface Connection {
  readonly target: string
  /** Qualified connection type. */
  readonly type: string
  readonly settings: Readonly<Record<string, Json | Secret>>
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after that long on this clock; rejects with the signal's reason when aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}

export interface Progress {
  readonly doneBytes: number
  /** Absent while nobody knows it. */
  readonly totalBytes?: number
  /** What the bytes belong to, such as `erp-db ide0`. */
  readonly label: string
}

export interface ActionContext {
  readonly runId: string
  /** The step's path, with loop keys. */
  readonly path: string
  /** Stays the same over attempts and resumes until an attempt is known not to have applied; a UUID. */
  readonly key: string
  readonly signal: AbortSignal
  readonly clock: Clock
  connection(target: TargetRef): Connection
  progress(progress: Progress): void
  /** Throws when this engine no longer owns the run. Called right before each call leaves. */
  assertOwner(): void
  /** What an earlier attempt of this step saved, for resumable actions. */
  readonly checkpoint: { load(): Json | undefined; save(value: Json): Promise<void> }
}

export type ActionHandler = (input: JsonObject, context: ActionContext) => Promise<JsonObject>

/** Handlers by qualified action name. */
export type Handlers = Readonly<Record<string, ActionHandler>>

/** A failure in a declared way: `type` is a key of the action's failures, or one of the engine's own. */
export interface Failure {
  readonly type: string
  readonly message: string
  /** A vendor's status, code and text, verbatim. */
  readonly detail?: JsonObject
  readonly hint?: string
  readonly retryable: boolean
  /** `maybe`: nobody knows whether it took effect. */
  readonly applied: 'no' | 'maybe'
  /** Path of the step that failed, once the kernel knows it. */
  readonly path?: string
}

/** Thrown by a handler to fail in a declared way. Anything else thrown is a bug. */
export class ActionFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options)
    this.name = 'ActionFailure'
    this.failure = failure
  }
}
