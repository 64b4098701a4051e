// The manifest as data: what a pack contributes. Check, plan, verify and kernel read it and load no code.
import type { Runbook, Template } from '../language/index.ts'
import type { JsonObject, JsonSchema } from '../values/index.ts'

export interface Pack {
  readonly name: string
  readonly version: string
  readonly title: string
  /** These three by the name that the manifest gives; the `name` of each is qualified. */
  readonly connections: Readonly<Record<string, ConnectionType>>
  readonly resources: Readonly<Record<string, ResourceType>>
  readonly actions: Readonly<Record<string, Action>>
  readonly completions: Readonly<Record<string, Completion>>
  readonly pagings: Readonly<Record<string, Paging>>
  /** Dereferenced OpenAPI 3.1 document; absent where no action is an operation. */
  readonly openapi?: JsonObject
  /** sha256 over the manifest and the OpenAPI text, hex. */
  readonly hash: string
}

export interface ConnectionType {
  readonly name: string
  readonly title: string
  /** Qualified name of the login that platforms register: `sangfor-scp/ak-sk`; absent where nothing is sent over HTTP. */
  readonly auth?: string
  /** Object schema of the settings; `x-secret: true` marks what must come from environment, file or command. */
  readonly properties: JsonSchema
  /** Calls that the far side takes a minute over one connection; calls beyond wait. */
  readonly limits?: { readonly getPerMinute?: number; readonly otherPerMinute?: number }
}

/**
 * Something held on the far side. Names inside (`find`, `release.action`, `childOf`) are qualified: `sangfor-scp/GroupSnapshot`.
 * The inputs of find, probe, renew and release are taken by name from the handle, then from the acquiring call's input.
 */
export interface ResourceType {
  readonly name: string
  readonly title: string
  readonly childOf: readonly string[]
  /** Names of the acquiring action's inputs that identify the resource before it exists. */
  readonly identity: readonly string[]
  /** A read action; its output carries `found: boolean` and, if so, what the acquire would have answered. */
  readonly find?: string
  /** A read action; its output's `found` says whether it is still held. Asked when a release errs. */
  readonly probe?: string
  /**
   * Read actions that list all there are, each called for every item that the one before it listed; what an item is called is in its
   * `identity`, or in that of the items above it. So what no ledger knows is found.
   */
  readonly sweep?: readonly string[]
  /** How long after the call a resource may still appear; within it "not found" is not final. */
  readonly appearsWithinMs: number
  readonly release: ReleaseRule
  /** Outcomes of the acquire after which a release is owed. */
  readonly releaseWhen: readonly ('acquired' | 'failed' | 'unknown')[]
  readonly lease?: Lease
  readonly critical: boolean
  readonly maxHoldMs?: number
  /** What lets go when nobody is left to: the platform itself, a time-out, or nothing (every plan prints it). */
  readonly deadman?: { readonly by: 'platform' | 'none' } | { readonly by: 'timeout'; readonly afterMs: number }
}

export interface ReleaseRule {
  readonly action: string
  readonly idempotent: boolean
  readonly timeoutMs: number
  /** Failure types which say that it is gone already: released, then. */
  readonly gone: readonly string[]
  /** Value of the release action's `reason` input when the scope closed well, and when it did not. */
  readonly reason?: { readonly closed: string; readonly failed: string }
}

export interface Lease {
  readonly renew: string
  readonly everyMs: number
  /** From the last successful renewal (or the acquire) until the platform lets go. */
  readonly lifetimeMs: number
  /** Failure types of a renewal which say that the platform has let go. */
  readonly lost: readonly string[]
}

export type Effect = 'read' | 'mutate' | 'acquire' | 'release' | 'destroy'

export interface Action {
  /** Qualified: `sangfor-scp/groupSnapshot.create`. */
  readonly name: string
  readonly title: string
  readonly effect: Effect
  /** Qualified resource type; for `acquire` and `release`. */
  readonly resource?: string
  /** `keyed`: safe to repeat with the same key within `keyLifetimeMs` (the platform's idempotency token). */
  readonly idempotent: boolean | 'keyed'
  readonly keyLifetimeMs?: number
  /** Started again after a crash it goes on where it was, from its checkpoint. */
  readonly resumable: boolean
  /** Held exclusively, over all runs, while the call is under way; root `input`. */
  readonly lock?: Template
  readonly timeoutMs: number
  readonly input: JsonSchema
  readonly output: JsonSchema
  readonly failures: Readonly<Record<string, FailureType>>
  readonly does: Operation | { readonly kind: 'handler' }
  readonly examples: readonly Example[]
}

export interface Example {
  readonly title: string
  readonly input: JsonObject
  readonly output: JsonObject
}

export interface FailureType {
  readonly message: string
  readonly hint?: string
  readonly retryable: boolean
  /** `no`: the platform did nothing. `maybe`: look before you repeat. */
  readonly applied: 'no' | 'maybe'
  /** Root `response` (`status`, `body`) or, for a task that failed, `task`; true means this failure. REST actions only. */
  readonly when?: Template
}

/** An action that is one OpenAPI operation. Roots of its templates: `input`, `attempt` (`key`), then `response` (`status`, `headers`, `body`). */
export interface Operation {
  readonly kind: 'operation'
  readonly operationId: string
  readonly request: {
    readonly path: readonly Named[]
    readonly query: readonly Named[]
    readonly headers: readonly Named[]
    readonly body?: Template
    /** What the body's bytes are read by from where bodies are kept; they stand in no value. */
    readonly bodyFrom?: Template
  }
  /** Where the bytes of the answer's body are kept; root `kept` is then what they are read by again. */
  readonly bodyInto?: Template
  /** Name in `Pack.completions`. */
  readonly completes?: string
  /** Name in `Pack.pagings`. */
  readonly pages?: string
  /** Qualified read action, called by name from input and result until it finds; its output is the output. */
  readonly readBack?: { readonly action: string; readonly until: Template; readonly everyMs: number }
  /** Yields the output; roots also `task` (the completed task), `items` (all pages) and `kept`. Default: `${ response.body }`. */
  readonly result: Template
}

export interface Named {
  readonly name: string
  readonly value: Template
}

/** The platform's asynchronous protocol: how a call that answered early is followed to its end. */
export interface Completion {
  readonly name: string
  /** Yields the task's id from `response`; absent means there is nothing to follow. */
  readonly id: Template
  readonly operationId: string
  readonly request: Operation['request']
  /** Roots: `response` of the poll, `id`, and the call's `input`. */
  readonly task: Template
  readonly done: Template
  readonly failed: Template
  readonly everyMs: number
}

/** How a listing goes on: `next` yields the query parameters of the following page, or nothing. Roots: `response`, `request` (`query`), `input`. */
export interface Paging {
  readonly name: string
  readonly next: Template
  readonly items: Template
}

/** Everything a set of packs offers, by qualified name; language, kernel and plan are told the known names through it. */
export interface Catalogue {
  readonly packs: Readonly<Record<string, Pack>>
  action(name: string): Action | undefined
  /** Names of a pack's actions, unqualified. */
  actionsOf(pack: string): readonly string[]
  resource(name: string): ResourceType | undefined
  connection(name: string): ConnectionType | undefined
  /** A runbook that another may call, by name. */
  runbook(name: string): Runbook | undefined
  runbookNames(): readonly string[]
}
