// A far side that does what a script says and otherwise what the manifest promises: it holds what was acquired until it is released.

import { ENGINE_FAILURES } from '../../language/index.ts'
import { type Action, type ActionContext, ActionFailure, type Catalogue, type Failure, type Handlers } from '../../packs/index.ts'
import { type JsonObject, parseDuration } from '../../values/index.ts'
import type { RehearsalClock } from '../clock.ts'
import type { PlayedCall, Script, ScriptedAnswer } from './model.ts'
import { sampleOf } from './sample.ts'

export interface ScriptedFarSide {
  handlers(catalogue: Catalogue, own: Handlers): Handlers
  readonly calls: readonly PlayedCall[]
  /** Names of answers that no call asked for. */
  unused(): readonly string[]
  /** Paths of the steps whose resource is there still. */
  held(): readonly string[]
}

export interface FarSideOptions {
  readonly script: Script
  readonly clock: RehearsalClock
  /** Ends the engine that is performing the run. */
  readonly kill: (awayMs: number) => void
  readonly cancel: () => void
}

interface Asking {
  readonly action: Action
  readonly catalogue: Catalogue
  readonly own: Handlers
}

type Purpose = 'step' | 'find' | 'probe' | 'renew' | 'release'

export function createFarSide({ script, clock, kill, cancel }: FarSideOptions): ScriptedFarSide {
  /** What the acquiring call answered, by its path. */
  const things = new Map<string, JsonObject>()
  const acquirers = new Map<string, Action>()
  const asked = new Map<string, number>()
  const calls: PlayedCall[] = []
  const startedMs = clock.passedMs

  function purposeOf(action: Action, path: string, catalogue: Catalogue): Purpose {
    const type = catalogue.resource(acquirers.get(path)?.resource ?? '')
    if (!type || action.effect === 'acquire') return 'step'
    if (type.release.action === action.name) return 'release'
    if (type.lease?.renew === action.name) return 'renew'
    if (type.probe === action.name) return 'probe'
    return type.find === action.name ? 'find' : 'step'
  }

  /** The next answer for a call of this name: its own, or that of any item. */
  function next(name: string): ScriptedAnswer {
    const key = [name, name.replace(/\[[^\]]*\]/g, '')].find((each) => script.answers?.[each] !== undefined)
    if (key === undefined) return {}
    const turn = asked.get(key) ?? 0
    asked.set(key, turn + 1)
    return script.answers?.[key]?.[turn] ?? {}
  }

  /** What happens on the far side, and what it answers when all is well. Throws the failure of a thing that is not there. */
  function takeEffect(
    action: Action,
    purpose: Purpose,
    path: string,
    catalogue: Catalogue,
    given: JsonObject | undefined,
  ): JsonObject {
    const output = (): JsonObject => given ?? action.examples[0]?.output ?? (sampleOf(action.output) as JsonObject)
    const type = catalogue.resource(acquirers.get(path)?.resource ?? '')
    const thing = things.get(path)
    switch (purpose) {
      case 'find':
      case 'probe':
        return thing ? { ...output(), ...thing, found: true } : { found: false }
      case 'renew':
        if (!thing)
          throw new ActionFailure(failureOf(action, type?.lease?.lost[0] ?? 'unexpectedAnswer', { message: 'it is gone' }))
        return output()
      case 'release': {
        const gone = type?.release.gone[0]
        if (!thing && gone !== undefined) throw new ActionFailure(failureOf(action, gone, { message: 'it is gone' }))
        things.delete(path)
        return output()
      }
      case 'step':
        if (action.effect === 'acquire') things.set(path, output())
        return output()
    }
  }

  async function answer(asking: Asking, input: JsonObject, context: ActionContext): Promise<JsonObject> {
    const { action, catalogue } = asking
    const { path } = context
    const purpose = purposeOf(action, path, catalogue)
    if (action.effect === 'acquire') acquirers.set(path, action)
    const name = purpose === 'step' ? path : `${purpose} ${path}`
    const scripted = next(name)
    const atMs = clock.passedMs - startedMs
    const changes = purpose === 'release' || (purpose === 'step' && action.effect !== 'read')
    calls.push({ name, atMs, action: action.name, changes, ended: endOf(scripted) })
    if (scripted.gone) things.delete(path)
    if (scripted.cancel === 'during') cancel()
    try {
      if (scripted.takes !== undefined) await clock.sleep(parseDuration(scripted.takes) ?? 0, context.signal)
      return await respond(asking, purpose, scripted, input, context)
    } finally {
      if (scripted.cancel === 'after') void clock.sleep(0).then(cancel)
    }
  }

  async function respond(
    { action, catalogue, own }: Asking,
    purpose: Purpose,
    scripted: ScriptedAnswer,
    input: JsonObject,
    context: ActionContext,
  ): Promise<JsonObject> {
    const { path, signal } = context
    const { fails, lost, hangs, dies, output } = scripted
    if (fails !== undefined && !lost) throw new ActionFailure(failureOf(action, fails, scripted))
    const cut = lost ?? hangs ?? dies
    const pure = cut === undefined && output === undefined ? own[action.name] : undefined
    if (pure) return pure(input, context)
    const result = cut === 'before' ? {} : takeEffect(action, purpose, path, catalogue, output)
    if (cut === undefined) return result
    if (lost) {
      const failure = failureOf(action, fails ?? 'answerLost', scripted)
      throw new ActionFailure({ ...failure, applied: action.effect === 'read' ? 'no' : 'maybe' })
    }
    if (dies) kill(parseDuration(scripted.away ?? '0s') ?? 0)
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  }

  return {
    calls,
    handlers: (catalogue, own) =>
      Object.fromEntries(
        Object.values(catalogue.packs)
          .flatMap(({ actions }) => Object.values(actions))
          .map((action) => [action.name, (input, context) => answer({ action, catalogue, own }, input, context)]),
      ),
    unused: () =>
      Object.entries(script.answers ?? {}).flatMap(([name, answers]) => ((asked.get(name) ?? 0) < answers.length ? [name] : [])),
    held: () => [...things.keys()],
  }
}

function failureOf(action: Action, type: string, { message, retryable }: Pick<ScriptedAnswer, 'message' | 'retryable'>): Failure {
  const declared = action.failures[type]
  if (!declared && !ENGINE_FAILURES.some((each) => each === type)) throw new Error(`${action.name} has no failure ${type}`)
  return {
    type,
    message: message ?? declared?.message ?? type,
    retryable: retryable ?? declared?.retryable ?? PASSING.has(type),
    applied: declared?.applied ?? 'no',
    ...(declared?.hint === undefined ? {} : { hint: declared.hint }),
  }
}

/** Failures of the engine's that pass by themselves unless a script says otherwise. */
const PASSING: ReadonlySet<string> = new Set(['notReachable', 'answerLost'])

const endOf = ({ fails, lost, hangs, dies }: ScriptedAnswer): string => {
  if (fails !== undefined) return `fails: ${fails}`
  if (lost) return `answer lost, ${lost} it took effect`
  if (hangs) return `hangs, ${hangs} it took effect`
  return dies ? `the engine dies, ${dies} it took effect` : 'succeeds'
}
