// The runbook as data: what syntax yields and what check, kernel and plan read. Plain, readonly, each node with its span.
import type { Span } from '../diagnostics/index.ts'
import type { Json, JsonSchema } from '../values/index.ts'

/** A value with expressions in it. A scalar that is exactly `${ … }` is an expression; everything else is literal. */
export type Template = LiteralTemplate | ExpressionTemplate | ListTemplate | MapTemplate

export interface LiteralTemplate {
  readonly kind: 'literal'
  readonly value: Json
  readonly span: Span
}
export interface ExpressionTemplate {
  readonly kind: 'expression'
  /** JSONata, without the `${` and `}`. */
  readonly source: string
  /** The whole scalar. */
  readonly span: Span
  /** Offset in the file of each character of `source`: position maps survive quoting, escapes and folding. */
  readonly offsets?: readonly number[]
}
export interface ListTemplate {
  readonly kind: 'list'
  readonly items: readonly Template[]
  readonly span: Span
}
export interface MapTemplate {
  readonly kind: 'map'
  readonly entries: readonly Field[]
  readonly span: Span
}
export interface Field {
  readonly name: string
  readonly nameSpan: Span
  readonly value: Template
}

export interface Runbook {
  readonly format: 1
  readonly name: string
  readonly version: string
  readonly title?: string
  readonly uses: readonly PackUse[]
  readonly targets: readonly TargetDeclaration[]
  /** JSON Schema of the inputs; an object schema. */
  readonly inputs?: JsonSchema
  readonly inputsSpan?: Span
  readonly steps: readonly Step[]
  readonly outputs: readonly Field[]
  readonly span: Span
}

/** `scp: sangfor-scp@^1.0.0` */
export interface PackUse {
  readonly alias: string
  readonly pack: string
  readonly range: string
  readonly span: Span
}

/** `cloud: scp/Connection` */
export interface TargetDeclaration {
  readonly name: string
  /** Alias of the pack in `use`. */
  readonly alias: string
  readonly connection: string
  readonly span: Span
}

/** Steps in order, and what leaves the block. */
export interface Block {
  readonly steps: readonly Step[]
  readonly yield: readonly Field[]
  readonly span: Span
}

interface StepBase {
  readonly id: string
  readonly idSpan: Span
  readonly if?: Template
  readonly span: Span
}

export interface RetryPolicy {
  /** Tries in all, the first one counted. */
  readonly attempts: number
  readonly delayMs: number
  /** Each delay is this times the one before. */
  readonly factor: number
  readonly maxDelayMs: number
}

export interface UsesStep extends StepBase {
  readonly kind: 'uses'
  /** As written: `scp/groupSnapshot.create`. */
  readonly action: string
  readonly actionSpan: Span
  readonly with: MapTemplate
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  /** Polling: the action is called until `until` (root `result`) is true, every `everyMs`. */
  readonly until?: Template
  readonly everyMs?: number
  readonly stallMs?: number
  /** Id of the enclosing scope that owns what this step acquires. */
  readonly owner?: string
  readonly ownerSpan?: Span
  /** `onFailure`: what was acquired is kept when its scope closes without error (a restored VM). */
  readonly release?: 'always' | 'onFailure'
}

export interface ScopeStep extends StepBase {
  readonly kind: 'scope'
  readonly body: Block
  readonly catch?: CatchBlock
  readonly maxMs?: number
  readonly lock?: Template
  readonly onDirtyClose: Template
}

/** Runs after the scope has unwound; root `error`. Without `on` it catches every failure but cancellation. */
export interface CatchBlock {
  readonly on?: readonly string[]
  readonly onSpans?: readonly Span[]
  readonly body: Block
}

export interface ForeachStep extends StepBase {
  readonly kind: 'foreach'
  readonly in: Template
  readonly as: string
  readonly key: Template
  readonly concurrency?: Template
  readonly onError: 'fail' | 'collect'
  readonly body: Block
}

export interface ParallelStep extends StepBase {
  readonly kind: 'parallel'
  readonly branches: readonly { readonly name: string; readonly nameSpan: Span; readonly body: Block }[]
  readonly onError: 'fail' | 'collect'
}

export interface SwitchStep extends StepBase {
  readonly kind: 'switch'
  readonly on: Template
  readonly cases: readonly { readonly value: string; readonly valueSpan: Span; readonly body: Block }[]
  readonly else?: Block
}

export interface WaitStep extends StepBase {
  readonly kind: 'wait'
  /** A duration, or with `until` a moment (ISO 8601). */
  readonly mode: 'for' | 'until'
  readonly value: Template
}

/** A question to people; the step goes on when one of them has granted it. */
export interface ApproveStep extends StepBase {
  readonly kind: 'approve'
  readonly prompt: Template
  /** JSON Schema, of type object, of what the answer has to say. */
  readonly inputs?: JsonSchema
  readonly inputsSpan?: Span
  readonly timeoutMs?: number
  /** Yields the name, or a list of names, of those who may answer. Without it, anybody may. */
  readonly by?: Template
}

/** A call of another runbook. What its own steps acquire belongs to the scope that this step stands in. */
export interface RunbookStep extends StepBase {
  readonly kind: 'runbook'
  /** Such as `sangfor-scp/vm-backup`. */
  readonly runbook: string
  readonly range: string
  readonly runbookSpan: Span
  readonly with: MapTemplate
  readonly targets: readonly TargetBinding[]
  /** The document that is meant, joined in turn with those that it calls. There once `link` has joined them. */
  readonly called?: Runbook
}

/** `cloud: primary`: what the called runbook knows as `cloud` is this one's target `primary`. */
export interface TargetBinding {
  readonly name: string
  readonly nameSpan: Span
  readonly target: string
  readonly targetSpan: Span
}

export interface EndStep extends StepBase {
  readonly kind: 'end'
  /** Id of the step that acquired. */
  readonly step: string
  readonly stepSpan: Span
}

export interface FailStep extends StepBase {
  readonly kind: 'fail'
  readonly type: string
  readonly message: Template
}

export type Step =
  | UsesStep
  | ScopeStep
  | ForeachStep
  | ParallelStep
  | SwitchStep
  | WaitStep
  | ApproveStep
  | RunbookStep
  | EndStep
  | FailStep

/** What a run is given where a runbook says `targets.cloud`: a reference, never the credentials. */
export interface TargetRef {
  readonly $target: string
  /** Qualified: `sangfor-scp/Connection`. */
  readonly connection: string
}
