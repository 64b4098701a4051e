// Calls of reads outside any run, for plans: the same handlers, connections and clean-up as in runs, but no journal and no run
// to own. What is not a read is refused before anything is looked at.
import { actionNamed, type CallCommand, type Program } from '../kernel/index.ts'
import type { Clock, Connection, Failure, Handlers } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import { startCall } from './calls.ts'
import type { Happening } from './happening.ts'
import type { SecretResolver } from './model.ts'
import { secretsOfInputs } from './secrets.ts'

export interface ReaderOptions {
  readonly handlers: Handlers
  /** Resolves an operator's target; throws when it is not configured. */
  readonly connection: (target: string) => Connection
  /** See `secretsOfInputs`. Absent: no call can have a secret. */
  readonly secret?: SecretResolver
  readonly clock: Clock
}

export type ReadAnswer =
  | { readonly kind: 'output'; readonly output: JsonObject }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** Makes one call, bounded by `boundMs`. Throws where the action is not a read: a plan changes nothing. */
export type Reader = (program: Program, command: CallCommand, boundMs: number) => Promise<ReadAnswer>

export function createReader(options: ReaderOptions): Reader {
  const { clock } = options
  return async (program, command, boundMs) => {
    const { effect, name } = actionNamed(program, command.action)
    if (effect !== 'read' || command.purpose !== 'step') throw new Error(`a plan may not call ${name}: its effect is ${effect}`)
    const over = new AbortController()
    const { promise, resolve } = Promise.withResolvers<ReadAnswer>()
    let timedOut = false
    const call = startCall(
      {
        ...options,
        secret: options.secret ?? secretsOfInputs({}, undefined),
        runId: 'plan',
        epoch: 0,
        program,
        journal: NO_JOURNAL,
        post: (happening) => resolve(answerOf(happening, timedOut)),
        fenced: () => {},
        progress: () => {},
      },
      command,
    )
    clock.sleep(boundMs, over.signal).then(
      () => {
        timedOut = true
        call.abort('timedOut')
      },
      () => {},
    )
    return promise.finally(() => over.abort())
  }
}

/** There is no run that another engine could take over, and a read keeps no checkpoint and takes no lock. */
const NO_JOURNAL = {
  assertOwner: () => {},
  loadCheckpoint: async () => undefined,
  saveCheckpoint: async () => {},
  locks: async () => [],
  tryLock: async () => true,
  append: async () => {},
}

function answerOf(happening: Happening, timedOut: boolean): ReadAnswer {
  if (happening.kind === 'callSucceeded') return { kind: 'output', output: happening.output }
  if (happening.kind !== 'callFailed') throw new Error(`a read ends in an answer, not in ${happening.kind}`)
  const { failure } = happening
  if (!timedOut || failure.type !== 'aborted') return { kind: 'failure', failure }
  return { kind: 'failure', failure: { type: 'timedOut', message: 'the time-out passed', retryable: true, applied: 'no' } }
}
