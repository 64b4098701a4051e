// The shapes of pack.yaml once packSchema has accepted it. Sections hold only the entries that it accepted.
import type { Json, JsonObject, JsonSchema } from '../values/index.ts'
import type { Effect, Example, ResourceType } from './model.ts'

export interface RawPack {
  readonly name: string
  readonly version: string
  readonly title: string
  readonly openapi?: string
  readonly connections?: Readonly<Record<string, RawConnection>>
  readonly completions?: Readonly<Record<string, RawCompletion>>
  readonly pagings?: Readonly<Record<string, object>>
  readonly failures?: Readonly<Record<string, RawFailure>>
  readonly shapes?: Readonly<Record<string, JsonSchema>>
  readonly resources?: Readonly<Record<string, RawResource>>
  readonly actions?: Readonly<Record<string, RawAction>>
}

export interface RawConnection {
  readonly title: string
  readonly auth?: string
  readonly properties?: JsonObject
  readonly required?: readonly string[]
  readonly allOf?: readonly JsonObject[]
  readonly limits?: { readonly getPerMinute?: number; readonly otherPerMinute?: number }
}

export interface RawRequest {
  readonly path?: object
  readonly query?: object
  readonly headers?: object
  readonly body?: Json
  readonly bodyFrom?: Json
}

export interface RawCompletion {
  readonly operation: string
  readonly request?: RawRequest
  readonly every: string
}

export interface RawFailure {
  readonly message: string
  readonly hint?: string
  readonly retryable?: boolean
  readonly applied?: 'no' | 'maybe'
  readonly when?: Json
}

export interface RawResource {
  readonly title: string
  readonly identity: readonly string[]
  readonly find?: string
  readonly probe?: string
  readonly sweep?: readonly string[]
  readonly appearsWithin?: string
  readonly release: {
    readonly action: string
    readonly idempotent?: boolean
    readonly timeout?: string
    readonly gone?: readonly string[]
    readonly reason?: { readonly closed: string; readonly failed: string }
  }
  readonly releaseWhen?: ResourceType['releaseWhen']
  readonly lease?: {
    readonly renew: string
    readonly every: string
    readonly lifetime: string
    readonly lost?: readonly string[]
  }
  readonly childOf?: readonly string[]
  readonly critical?: boolean
  readonly maxHold?: string
  readonly deadman?: string
}

export interface RawAction {
  readonly title: string
  readonly effect: Effect
  readonly resource?: string
  readonly idempotent?: boolean | 'keyed'
  readonly keyLifetime?: string
  readonly resumable?: boolean
  readonly readsWith?: string
  readonly lock?: Json
  readonly timeout?: string
  readonly input: JsonObject
  readonly output: JsonObject
  readonly operation?: string
  readonly handler?: true
  readonly request?: RawRequest
  readonly bodyInto?: Json
  readonly completes?: string
  readonly pages?: string
  readonly readBack?: { readonly action: string; readonly every: string }
  readonly result?: Json
  readonly fails?: readonly string[]
  readonly failures?: Readonly<Record<string, RawFailure>>
  readonly examples?: readonly Example[]
}
