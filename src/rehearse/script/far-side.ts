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
  readonly kill: () => void
  readonly cancel: () => void
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
        if (!thing) throw new ActionFailure(failureOf(action, type?.lease?.lost[0] ?? 'unexpectedAnswer', 'it is gone'))
        return output()
      case 'release': {
        const gone = type?.release.gone[0]
        if (!thing && gone !== undefined) throw new ActionFailure(failureOf(action, gone, 'it is gone'))
        things.delete(path)
        return output()
      }
      case 'step':
        if (action.effect === 'acquire') things.set(path, output())
        return output()
    }
  }

  async function answer(
    action: Action,
    catalogue: Catalogue,
    own: Handlers,
    input: JsonObject,
    context: ActionContext,
  ): Promise<JsonObject> {
    const { path, signal } = context
    const purpose = purposeOf(action, path, catalogue)
    if (action.effect === 'acquire') acquirers.set(path, action)
    const name = purpose === 'step' ? path : `${purpose} ${path}`
    const scripted = next(name)
    if (scripted.gone) things.delete(path)
    const note = (ended: string): number =>
      calls.push({
        name,
        atMs: clock.passedMs - startedMs,
        action: action.name,
        changes: action.effect !== 'read' && purpose !== 'renew',
        ended,
      })
    note(endOf(scripted))
    if (script.cancel === name) cancel()
    if (scripted.takes !== undefined) await context.clock.sleep(parseDuration(scripted.takes) ?? 0, signal)
    const { fails, lost, hangs, dies, output } = scripted
    if (fails !== undefined) throw new ActionFailure(failureOf(action, fails, scripted.message))
    const cut = lost ?? hangs ?? dies
    const happens = cut === 'before' ? undefined : () => takeEffect(action, purpose, path, catalogue, output)
    if (cut === undefined && own[action.name] && output === undefined)
      return (own[action.name] as Handlers[string])(input, context)
    const result = happens?.()
    if (dies) kill()
    if (dies || hangs)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    if (lost)
      throw new ActionFailure({
        ...failureOf(action, 'answerLost', 'the answer was lost'),
        applied: action.effect === 'read' ? 'no' : 'maybe',
      })
    return result ?? {}
  }

  return {
    calls,
    handlers: (catalogue, own) =>
      Object.fromEntries(
        Object.values(catalogue.packs)
          .flatMap(({ actions }) => Object.values(actions))
          .map((action) => [action.name, (input, context) => answer(action, catalogue, own, input, context)]),
      ),
    unused: () =>
      Object.entries(script.answers ?? {}).flatMap(([name, answers]) => ((asked.get(name) ?? 0) < answers.length ? [name] : [])),
    held: () => [...things.keys()],
  }
}

function failureOf(action: Action, type: string, message?: string): Failure {
  const declared = action.failures[type]
  if (declared) {
    return {
      type,
      message: message ?? declared.message,
      retryable: declared.retryable,
      applied: declared.applied,
      ...(declared.hint === undefined ? {} : { hint: declared.hint }),
    }
  }
  if (!ENGINE_FAILURES.some((each) => each === type)) throw new Error(`${action.name} has no failure ${type}`)
  return { type, message: message ?? type, retryable: type === 'notReachable' || type === 'answerLost', applied: 'no' }
}

const endOf = ({ fails, lost, hangs, dies }: ScriptedAnswer): string => {
  if (fails !== undefined) return `fails: ${fails}`
  if (lost) return `answer lost, ${lost} it took effect`
  if (hangs) return `hangs, ${hangs} it took effect`
  return dies ? `the engine dies, ${dies} it took effect` : 'succeeds'
}
