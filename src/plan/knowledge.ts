// What a plan is told of the world: by reading, by an earlier run, or nothing. Only what is a read, and depends on nothing that
// only the run would make, is ever asked.
import { actionNamed, type CallCommand, type Program } from '../kernel/index.ts'
import { evaluateOpen } from '../language/index.ts'
import type { Failure } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import { isUnknown } from '../values/index.ts'
import { dependsOnRun, RUN_MARK } from './dependence.ts'
import type { Read } from './model.ts'

export type Told =
  | { readonly kind: 'output'; readonly output: JsonObject }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** One call for real, once. It must refuse, by throwing, whatever is not a read. */
export type ReadOnce = (program: Program, command: CallCommand, boundMs: number) => Promise<Told>

export interface Knowledge {
  /** Undefined where nothing is known, at once or in the end. */
  tell(program: Program, command: CallCommand, boundMs: number): Promise<Told | undefined> | undefined
  pause(durationMs: number): Promise<void>
  /** All that was told so far, in the order in which it was asked for. */
  told(): readonly Read[]
}

export const NOTHING: Knowledge = { tell: () => undefined, pause: async () => {}, told: () => [] }

/** Asks each question once, however many passes come to it. */
export function byReading(readOnce: ReadOnce, pause: Knowledge['pause']): Knowledge {
  const answers = new Map<string, Promise<Told | undefined>>()
  const reads = new Map<string, Read>()

  async function read(program: Program, command: CallCommand, boundMs: number, question: string): Promise<Told | undefined> {
    const { poll, ...once } = command
    const { path, action, input } = command
    const told = await readOnce(program, once, boundMs)
    reads.set(question, { path, action, input, result: resultOf(told) })
    // A plan does not wait for what may come true only once something was changed.
    const isSeen = poll === undefined || told.kind === 'failure' || (await holds(poll, told.output))
    return isSeen ? told : undefined
  }

  return {
    tell(program, command, boundMs) {
      const { path, action, input, attempt } = command
      if (actionNamed(program, action).effect !== 'read' || dependsOnRun(input)) return undefined
      const question = JSON.stringify([path, action, input])
      const known = answers.get(`${question} ${attempt}`) ?? read(program, command, boundMs, question)
      answers.set(`${question} ${attempt}`, known)
      reads.set(question, reads.get(question) ?? { path, action, input, result: { kind: 'output', output: {} } })
      return known
    },
    pause,
    told: () => [...reads.values()],
  }
}

const resultOf = (told: Told): Read['result'] =>
  told.kind === 'output' ? told : { kind: 'failure', type: told.failure.type, message: told.failure.message }

async function holds({ until, roots }: NonNullable<CallCommand['poll']>, result: JsonObject): Promise<boolean> {
  return (await evaluateOpen(until, { ...roots, result })) === true
}

export interface EarlierCall {
  readonly path: string
  /** Qualified action name. */
  readonly action: string
  readonly input: JsonObject
  readonly output: JsonObject
}

/** Takes what an earlier run was told in the same place, by the same question, for what reading would tell now. */
export function fromRun(run: string, calls: readonly EarlierCall[]): Knowledge {
  const told = new Map<EarlierCall, Read>()
  return {
    async tell(program, { path, action, input }) {
      if (actionNamed(program, action).effect !== 'read') return undefined
      const found = calls.find((call) => call.path === path && call.action === action && answers(input, call.input, run))
      if (!found) return undefined
      const result = { kind: 'output', output: found.output } as const
      told.set(found, { path, action, input: found.input, result })
      return result
    },
    pause: async () => {},
    told: () => [...told.values()],
  }
}

/** Whether an earlier question may be this one: what the plan cannot know may have been anything. */
function answers(planned: Json, asked: Json | undefined, run: string): boolean {
  if (isUnknown(planned)) return true
  if (asked === undefined) return false
  if (typeof planned === 'string') return asked === planned.replaceAll(RUN_MARK, run)
  if (typeof planned !== 'object' || planned === null) return planned === asked
  if (typeof asked !== 'object' || asked === null || Array.isArray(planned) !== Array.isArray(asked)) return false
  const known = asked as JsonObject
  return Object.entries(planned).every(([name, value]) => answers(value as Json, known[name], run))
}
