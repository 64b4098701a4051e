// One call of a REST action under way: what all of its parts need, and the failures that they share.
import type { Action, ActionContext, Connection, Failure, Pack } from '../packs/index.ts'
import { ActionFailure } from '../packs/index.ts'
import type { Json, JsonObject, SchemaProblem } from '../values/index.ts'
import type { BodyStore, Http, Limits, Login } from './model.ts'
import { withoutSecrets } from './redact.ts'

export interface Call {
  readonly action: Action
  readonly pack: Pack
  readonly input: JsonObject
  readonly context: ActionContext
  readonly connection: Connection
  readonly http: Http
  readonly login?: Login
  /** Where bytes are kept; absent where nothing of it is at hand. */
  readonly bodies?: BodyStore
  readonly limits?: Limits
  readonly timeoutMs: number
}

/** What a call leaves behind when it ends without a clear answer after its request had left. */
export const inDoubt = ({ action }: Call): Failure['applied'] => (action.effect === 'read' ? 'no' : 'maybe')

export interface FailureFields {
  readonly applied: Failure['applied']
  readonly retryable?: boolean
  readonly detail?: JsonObject
  readonly hint?: string
}

export function failure(call: Call, type: string, message: string, fields: FailureFields, cause?: unknown): ActionFailure {
  const { secrets } = call.http.session(call.connection)
  const clean = withoutSecrets({ type, message, retryable: false, ...fields } as unknown as Json, secrets)
  return new ActionFailure(clean as unknown as Failure, cause === undefined ? undefined : { cause })
}

/** `body.name must be string; query.page must be integer` */
export const wordProblems = (where: string, problems: readonly SchemaProblem[]): string =>
  problems.map(({ path, message }) => `${[where, ...path].join('.')} ${message}`).join('; ')
