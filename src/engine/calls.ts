// Calls of actions: each is answered exactly once, also when its handler throws, hangs after an abort or answers too late.
import { type Journal, OwnerFenced } from '../journal/index.ts'
import { actionNamed, type CallCommand, type Program } from '../kernel/index.ts'
import type { TargetRef } from '../language/index.ts'
import { type ActionContext, ActionFailure, type Clock, type Connection, type Handlers, type Progress } from '../packs/index.ts'
import { type JsonObject, Secret, validator } from '../values/index.ts'
import { evaluationFailure, isTrue } from './evaluate.ts'
import { aborted, bug, failureOf, outputInvalid, withoutSecrets } from './failures.ts'
import type { Happening } from './happening.ts'
import type { SecretResolver } from './model.ts'
import { underReleaseLock } from './release-lock.ts'
import { revealed } from './secrets.ts'

/** How long a handler has to end after its abort; then the answer is that nobody knows. */
const ABORT_GRACE_MS = 5000

export interface CallHost {
  readonly runId: string
  readonly epoch: number
  readonly program: Program
  readonly journal: Pick<Journal, 'append' | 'assertOwner' | 'loadCheckpoint' | 'locks' | 'saveCheckpoint' | 'tryLock'>
  readonly handlers: Handlers
  readonly clock: Clock
  readonly connection: (target: string) => Connection
  readonly secret: SecretResolver
  readonly post: (happening: Happening) => void
  /** Another engine owns the run: what the handler met is not ours to record. */
  readonly fenced: (error: OwnerFenced) => void
  readonly progress: (path: string, progress: Progress) => void
}

export interface Call {
  abort(reason: string): void
  /** Resolves when the handler has ended, whatever it did; late after an abort that it ignored. */
  readonly over: Promise<void>
  /** Resolves when its handler hangs: some time after an abort that it did not heed, with an answer given in its place. */
  readonly givenUp: Promise<void>
}

export function startCall(host: CallHost, command: CallCommand): Call {
  const { effect } = actionNamed(host.program, command.action)
  const controller = new AbortController()
  const secrets = new Set<Secret>()
  const answered = new AbortController()
  const { promise: givenUp, resolve: tellGivenUp } = Promise.withResolvers<void>()

  function answer(happening: Happening): void {
    if (answered.signal.aborted) return
    answered.abort('answered')
    host.post(happening)
  }

  async function run(): Promise<void> {
    try {
      const output = await perform(host, command, controller.signal, answered.signal, secrets)
      answer({ kind: 'callSucceeded', call: command.id, output })
    } catch (error) {
      if (error instanceof OwnerFenced) return host.fenced(error)
      const isEnded = controller.signal.aborted && !(error instanceof ActionFailure)
      const failure = isEnded ? aborted(controller.signal.reason.message, effect) : failureOf(error, effect, secrets)
      answer({ kind: 'callFailed', call: command.id, failure })
    }
  }

  return {
    over: run(),
    givenUp,
    abort(reason) {
      if (controller.signal.aborted) return
      controller.abort(new DOMException(reason, 'AbortError'))
      const giveUp = () => {
        answer({ kind: 'callFailed', call: command.id, failure: aborted(reason, effect) })
        tellGivenUp()
      }
      host.clock.sleep(ABORT_GRACE_MS, answered.signal).then(giveUp, () => {})
    },
  }
}

async function perform(
  host: CallHost,
  command: CallCommand,
  signal: AbortSignal,
  answered: AbortSignal,
  secrets: Set<Secret>,
): Promise<JsonObject> {
  const { runId, epoch, journal, clock } = host
  const { path, key, poll } = command
  const action = actionNamed(host.program, command.action)
  const handler = host.handlers[command.action]
  if (!handler) throw new ActionFailure(bug(`no handler for ${command.action}`, 'read'))
  let checkpoint = action.resumable ? await journal.loadCheckpoint(runId, path) : undefined
  const watch = watchProgress(host, command, answered)

  const context: ActionContext = {
    runId,
    path,
    key,
    signal,
    clock,
    connection: (target) => connect(host, target, secrets),
    progress(progress) {
      if (answered.aborted) return
      watch(progress)
      host.progress(path, progress)
    },
    assertOwner: () => journal.assertOwner(runId, epoch),
    checkpoint: {
      load: () => checkpoint,
      async save(value) {
        checkpoint = value
        await journal.saveCheckpoint(runId, epoch, path, value)
      },
    },
  }
  const given = new Set<Secret>()
  const input = await revealed(action, command.input, host.secret, given)
  for (const secret of given) secrets.add(secret)
  const callOnce = async (): Promise<JsonObject> => {
    signal.throwIfAborted()
    context.assertOwner()
    const answer = await handler(input, context)
    // What a platform repeats of them is written down as their mark.
    const output = given.size === 0 ? answer : (withoutSecrets(answer, given) as JsonObject)
    // An operation's answer was checked when it was made.
    const problems = action.does.kind === 'handler' ? validator(action.output).problems(output) : []
    if (problems.length > 0) throw new ActionFailure(outputInvalid(action, problems))
    return output
  }
  if (poll) return callUntil(callOnce, context, poll)
  return underReleaseLock(host, action, command, callOnce)
}

async function callUntil(
  callOnce: () => Promise<JsonObject>,
  { clock, signal }: ActionContext,
  { until, everyMs, roots }: NonNullable<CallCommand['poll']>,
): Promise<JsonObject> {
  for (;;) {
    const result = await callOnce()
    const done = await isTrue(until, { ...roots, result }, '`until`').catch((error: unknown) => {
      throw new ActionFailure(evaluationFailure(error))
    })
    if (done) return result
    await clock.sleep(everyMs, signal)
  }
}

function connect({ connection }: CallHost, target: TargetRef, secrets: Set<Secret>): Connection {
  const connected = connection(target.$target)
  for (const setting of Object.values(connected.settings)) if (setting instanceof Secret) secrets.add(setting)
  return connected
}

/** Posts `stalled` once when for `stallMs` no byte count has moved. Saying the same again is no progress. [P6] */
function watchProgress(
  { clock, post }: CallHost,
  { id, stallMs }: CallCommand,
  answered: AbortSignal,
): (progress: Progress) => void {
  if (stallMs === undefined) return () => {}
  const done = new Map<string, number>()
  let movedAt = clock.now()

  async function watch(allowedMs: number): Promise<void> {
    for (let restMs = allowedMs; restMs > 0; restMs = movedAt + allowedMs - clock.now()) await clock.sleep(restMs, answered)
    post({ kind: 'stalled', call: id })
  }
  watch(stallMs).catch(() => {})
  return ({ label, doneBytes }) => {
    if (done.get(label) === doneBytes) return
    done.set(label, doneBytes)
    movedAt = clock.now()
  }
}
