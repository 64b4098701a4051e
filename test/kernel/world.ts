// A far side in memory and a host that drives the kernel against it, in virtual time. Each call's fate is chosen by the test:
// it succeeds, fails cleanly, is lost before or after it took effect, or hangs; the engine may die before or after any event.
// The world itself is the judge of what leaked and what was used after its release.
import {
  type Approval,
  apply,
  type CallCommand,
  type Command,
  createState,
  type Event,
  isOpen,
  type Outcome,
  type Program,
  type RunState,
  shareState,
} from '../../src/kernel/index.ts'
import type { Template } from '../../src/language/index.ts'
import type { Failure } from '../../src/packs/index.ts'
import type { Json, JsonObject } from '../../src/values/index.ts'

export type Fate = 'ok' | 'refuse' | 'lostBefore' | 'lostAfter' | 'hang'
type Doom = Fate | 'aborted'
export type EventBody = Event extends infer E ? (E extends Event ? Omit<E, 'at'> : never) : never

export interface Choices {
  readonly fate?: (call: CallCommand, index: number) => Fate
  /** Before which event (by count) the engine dies, the effects of calls under way done or not. */
  readonly crashBefore?: (eventIndex: number) => false | 'applied' | 'notApplied'
  readonly inject?: (eventIndex: number) => EventBody | undefined
  /** What people say to a question. Silence leaves it to its time-out. */
  readonly answer?: (approval: Approval) => 'grant' | 'deny' | 'silence'
  /** Each event is applied to a copy that shares its frames with the state before, which is frozen. */
  readonly sharing?: boolean
  /** Answers of reads and other outputs, by action. */
  readonly outputs?: Readonly<Record<string, (input: JsonObject) => JsonObject>>
}

export interface Story {
  readonly state: RunState
  readonly outcome: Outcome | undefined
  readonly held: readonly string[]
  readonly violations: readonly string[]
  readonly calls: readonly string[]
  /** When each call left, in virtual milliseconds. */
  readonly sentAt: readonly number[]
  readonly events: number
  readonly commands: readonly Command[]
}

const lookUp = (source: string, roots: JsonObject): Json | undefined =>
  source.split('.').reduce<unknown>((at, key) => (at as JsonObject | undefined)?.[key], roots) as Json | undefined

function evaluate(template: Template, roots: JsonObject): Json | undefined {
  switch (template.kind) {
    case 'literal':
      return template.value
    case 'expression':
      return lookUp(template.source, roots)
    case 'list':
      return template.items.map((item) => evaluate(item, roots) ?? null)
    case 'map':
      return Object.fromEntries(template.entries.map(({ name, value }) => [name, evaluate(value, roots) ?? null]))
  }
}

/** With its order, which decides what is released first. */
export const textOf = (state: RunState): string => JSON.stringify({ ...state, shared: undefined })

/** Whoever writes to what is shared breaks down. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const each of Object.values(value)) frozen(each)
  return Object.freeze(value)
}

interface Held {
  readonly kind: string
  readonly name: string
  readonly parent: string | undefined
}

export function play(program: Program, choices: Choices = {}, inputs: JsonObject = {}): Story {
  let state = createState({ runId: 'run1', startedAt: 0, inputs, targets: {} })
  const history: Event[] = []
  const held = new Map<string, Held>()
  const violations: string[] = []
  const calls: string[] = []
  const sentAt: number[] = []
  const commandsSeen: Command[] = []
  let inFlight: { command: CallCommand; fate: Doom }[] = []
  let timers = new Map<string, number>()
  let lockWaits: string[] = []
  let evaluations: Extract<Command, { kind: 'evaluate' }>[] = []
  const answered = new Set<string>()
  let callIndex = 0
  let outcome: Outcome | undefined
  let now = 0

  const effect = (command: CallCommand): JsonObject | Failure => {
    const [kind = '', verb = ''] = command.action.slice(2).split('.')
    const id = `${kind}:${command.input.name}`
    const output = choices.outputs?.[command.action]?.(command.input) ?? {}
    const session = command.input.session as JsonObject | undefined
    const snapshot = command.input.snapshot as JsonObject | undefined
    if (session && !held.has(`session:${session.name}`)) violations.push(`${command.path} used a released session`)
    if (snapshot && verb.startsWith('create') && !held.has(`snapshot:${snapshot.name}`))
      violations.push(`${command.path} used a released snapshot`)
    if (verb.startsWith('create')) {
      const owned = state.obligations[command.path]
      if (!owned || !isOpen(owned)) violations.push(`P1: ${command.path} acquired without a record`)
      held.set(id, { kind, name: String(command.input.name), parent: snapshot ? `snapshot:${snapshot.name}` : undefined })
      return { ...output, id }
    }
    if (verb === 'find') return held.has(id) ? { found: true, id } : { found: false }
    if (verb === 'state') return { found: held.has(id) }
    if (verb === 'delete') {
      const children = [...held.values()].filter((each) => each.parent === id)
      if (children.length > 0) violations.push(`P4: ${id} released before ${children.map((each) => each.name)}`)
      if (!held.delete(id) && kind !== 'freeze')
        return { type: 'notFound', message: 'gone', retryable: false, applied: 'no' } satisfies Failure & JsonObject
      return {}
    }
    return output
  }

  const obey = (commands: readonly Command[]): void => {
    for (const command of commands) {
      commandsSeen.push(command)
      switch (command.kind) {
        case 'evaluate':
          evaluations.push(command)
          break
        case 'call': {
          const fate = choices.fate?.(command, callIndex) ?? 'ok'
          callIndex += 1
          sentAt.push(now)
          calls.push(`${command.purpose} ${command.action.slice(2)} ${command.path}`)
          inFlight.push({ command, fate })
          break
        }
        case 'abort': {
          const hit = inFlight.find((each) => each.command.id === command.call)
          if (hit) hit.fate = hit.fate === 'hang' || hit.fate === 'ok' ? 'aborted' : hit.fate
          break
        }
        case 'setTimer':
          timers.set(command.timer, command.at)
          break
        case 'clearTimer':
          timers.delete(command.timer)
          break
        case 'lock':
          lockWaits.push(command.lock)
          break
        case 'finish':
          outcome = command.outcome
          break
        case 'unlock':
        case 'report':
          break
      }
    }
  }

  const feed = (body: EventBody): void => {
    const event = { ...body, at: now } as Event
    history.push(event)
    if (choices.sharing) state = shareState(frozen(state))
    obey(apply(program, state, event))
  }

  const crash = (applied: boolean): void => {
    for (const { command } of inFlight) if (applied) effect(command)
    inFlight = []
    timers = new Map()
    lockWaits = []
    evaluations = []
    const replayed = createState({ runId: 'run1', startedAt: 0, inputs, targets: {} })
    for (const event of history) apply(program, replayed, event)
    if (textOf(replayed) !== textOf(state)) violations.push('K1: replay gives another state')
    if (!choices.sharing) state = replayed
    feed({ kind: 'restarted' })
  }

  const answerCall = ({ command, fate }: { command: CallCommand; fate: Doom }): EventBody => {
    if (fate === 'aborted') return failed(command, 'aborted', 'maybe')
    if (fate === 'refuse') return failed(command, 'refused', 'no')
    if (fate === 'lostBefore') return failed(command, 'answerLost', 'maybe')
    const result = effect(command)
    if (fate === 'lostAfter') return failed(command, 'answerLost', 'maybe')
    if ('applied' in result) return { kind: 'callFailed', call: command.id, failure: result as unknown as Failure }
    return { kind: 'callSucceeded', call: command.id, output: result as JsonObject }
  }

  const failed = (command: CallCommand, type: string, applied: 'no' | 'maybe'): EventBody => ({
    kind: 'callFailed',
    call: command.id,
    failure: { type, message: type, retryable: type !== 'refused', applied },
  })

  /** Given once, even if the engine dies right after. */
  const nextAnswer = (): EventBody | undefined => {
    for (const approval of Object.values(state.approvals)) {
      const said = choices.answer?.(approval) ?? 'grant'
      if (answered.has(approval.path) || said === 'silence') continue
      answered.add(approval.path)
      const decision =
        said === 'grant' ? ({ kind: 'granted', inputs: {} } as const) : ({ kind: 'denied', reason: 'not now' } as const)
      return { kind: 'approvalAnswered', approval: approval.path, by: 'ann', decision }
    }
    return undefined
  }

  const nextEvent = (): EventBody | undefined => {
    const evaluation = evaluations.shift()
    if (evaluation) {
      const { id, guard, templates, roots } = evaluation
      if (guard && evaluate(guard, roots) === false) return { kind: 'guardedOff', id }
      return {
        kind: 'evaluated',
        id,
        values: Object.fromEntries(templates.map((each) => [each.name, evaluate(each.template, roots) ?? null])),
      }
    }
    const lock = lockWaits.shift()
    if (lock !== undefined) return { kind: 'lockGranted', lock }
    const answer = nextAnswer()
    if (answer) return answer
    const answerable = inFlight.findIndex((each) => each.fate !== 'hang')
    if (answerable >= 0) {
      const [call] = inFlight.splice(answerable, 1)
      return call ? answerCall(call) : undefined
    }
    const [due] = [...timers.entries()].sort(([, a], [, b]) => a - b)
    if (!due) return undefined
    timers.delete(due[0])
    now = Math.max(now, due[1])
    return { kind: 'timerFired', timer: due[0] }
  }

  feed({ kind: 'started' })
  for (let index = 0; index < 5000 && outcome === undefined; index += 1) {
    const died = choices.crashBefore?.(index)
    if (died) crash(died === 'applied')
    const injected = choices.inject?.(index)
    if (injected) feed(injected)
    const event = nextEvent()
    if (!event) break
    feed(event)
  }
  return { state, outcome, held: [...held.keys()], violations, calls, sentAt, events: history.length, commands: commandsSeen }
}
