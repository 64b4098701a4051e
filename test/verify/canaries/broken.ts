// Ways to break a kernel on purpose, or to lie in a manifest.
import { apply, type Command, type Event, forkState, type Program, type RunState } from '../../../src/kernel/index.ts'
import type { Action, ResourceType } from '../../../src/packs/index.ts'
import type { PromiseName, Subject, Transition } from '../../../src/verify/index.ts'
import { subject } from '../runbooks.ts'

export interface Canary {
  readonly what: string
  readonly breaks: PromiseName
  readonly subject: Subject
  readonly faults?: number
}

type Change = (event: Event, state: RunState, program: Program) => readonly Command[]
export const kernel =
  (change: Change): Transition =>
  (program, state, event) =>
    change(event, state, program)

/** The kernel hears something else than what happened. */
export const hearing = (mishear: (event: Event, state: RunState) => Event): Transition =>
  kernel((event, state, program) => apply(program, state, mishear(event, state)))

/** Some of its commands are lost. */
export const losing = (isLost: (command: Command, event: Event) => boolean): Transition =>
  kernel((event, state, program) => apply(program, state, event).filter((command) => !isLost(command, event)))

/** Its state is spoilt before and after each event. */
export const spoiling = (spoil: (state: RunState, event: Event) => void): Transition =>
  kernel((event, state, program) => {
    spoil(state, event)
    const commands = apply(program, state, event)
    spoil(state, event)
    return commands
  })

/** The program it goes by is another one for some events. */
export const misreading = (when: (event: Event) => boolean, read: (program: Program) => Program): Transition =>
  kernel((event, state, program) => apply(when(event) ? read(program) : program, state, event))

export const isTimer = (command: Command, kind: string): boolean =>
  command.kind === 'setTimer' && command.timer.startsWith(`${kind}:`)
export const isRelease = (event: Event, state: RunState): boolean =>
  'call' in event && state.calls[event.call]?.purpose === 'release'
export const forget = (record: Record<string, unknown>): void => {
  for (const name of Object.keys(record)) delete record[name]
}
export const resources = (program: Program, change: Partial<ResourceType>): Program => ({
  ...program,
  resources: Object.fromEntries(Object.entries(program.resources).map(([name, type]) => [name, { ...type, ...change }])),
})
export const actions = (program: Program, name: string, change: Partial<Action>): Program => {
  const action = program.actions[name]
  if (!action) throw new Error(name)
  return { ...program, actions: { ...program.actions, [name]: { ...action, ...change } } }
}

/** On a state that shares nothing with others: who spoils it spoils no other. */
const alone =
  (broken: Transition): Transition =>
  (program, state, event) =>
    broken(program, Object.assign(state, forkState(state)), event)

export const breaking = (
  what: string,
  breaks: PromiseName,
  of: Program,
  broken: Transition,
  more: Partial<Canary> = {},
): Canary => ({
  what,
  breaks,
  subject: subject(of, { apply: alone(broken) }),
  ...more,
})

export const ended = (state: RunState): readonly Command[] => {
  state.phase = 'finished'
  const outcome = { status: 'failed', owed: [] } as const
  state.outcome = outcome
  return [{ kind: 'finish', outcome }]
}
