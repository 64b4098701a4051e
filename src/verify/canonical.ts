// A node as text, so that nodes with the same future have the same text. Left out is what decides nothing: moments (only
// distances from now count), counters of calls, attempts for people, last failures of obligations, what has ended.
import {
  actionNamed,
  type BlockFrame,
  type Obligation,
  type Program,
  type RunState,
  resourceNamed,
  type StepFrame,
} from '../kernel/index.ts'
import type { Failure } from '../packs/index.ts'
import { stepOfPath } from './document.ts'
import { asksAboutErrors, namedTypes } from './failures.ts'
import { identityOf } from './identity.ts'
import type { Node, Subject, Thing } from './model.ts'
import { horizonOf } from './options.ts'

export function canonical(subject: Subject, node: Node): string {
  const { state } = node
  const parts = [
    state.phase,
    state.outcome && `${state.outcome.status} ${state.outcome.owed}`,
    lines(state.blocks, (block) => blockText(subject, block), always),
    lines(
      state.steps,
      (step) => stepText(subject, state, step),
      (step) => step.kind === 'compound' || step.firstSentAt === undefined || keyLifetimeOf(subject.program, step.path) === 0,
    ),
    lines(
      state.obligations,
      (obligation) => obligationText(subject, state, obligation),
      (obligation) => !mayStillAppear(obligation) && obligation.leaseUntil === undefined,
    ),
    Object.keys(state.evaluations).sort().join(),
    Object.values(state.calls)
      .map(
        ({ purpose, path, sentAt, aborted }) => `${purpose} ${path} ${aborted} ${purpose === 'renew' ? sentAt - state.now : ''}`,
      )
      .sort()
      .join(),
    timersText(
      subject,
      state.now,
      Object.entries(state.timers).map(([timer, { at }]) => [timer, at]),
    ),
    lines(state.locks, ({ name, granted }) => `${name} ${granted}`, always),
    Object.keys(state.approvals).sort().join(),
    worldText(subject, node),
  ]
  return parts.join('\n')
}

const always = (): boolean => true
const known = new WeakMap<object, string>()

/**
 * Sorted, for the order in which things came to be among strands that run beside each other decides nothing.
 * `lasts`: the line tells nothing of the moment, so what is shared between states is read once.
 */
function lines<T>(
  record: Readonly<Record<string, T>>,
  text: (value: T, name: string) => string,
  lasts?: (value: T) => boolean,
): string {
  const all: string[] = []
  for (const name in record) {
    const value = record[name] as T
    const isLasting = typeof value === 'object' && value !== null && lasts?.(value) === true
    const line = (isLasting && known.get(value)) || shortNameOf(`${name} ${text(value, name)}`)
    if (isLasting) known.set(value, line)
    all.push(line)
  }
  return all.sort().join(';')
}

/** The same lines come up in thousands of states. */
const shortNames = new Map<string, string>()

function shortNameOf(line: string): string {
  const known = shortNames.get(line) ?? shortNames.size.toString(36)
  shortNames.set(line, known)
  return known
}

const fields = (record: Readonly<Record<string, object | string | number | boolean | null>>): string => {
  let text = ''
  for (const name in record) text += `${name}${identityOf(record[name])},`
  return text
}

const blockText = ({ program }: Subject, block: BlockFrame): string =>
  `${block.variant} ${block.phase} ${block.next} ${block.active} ${fields(block.outputs)} ${identityOf(block.yielded)} ${identityOf(
    block.variables,
  )} ${identityOf(block.called)} ${failureText(program, block.failure)} ${block.cancelled} ${block.clean} ${block.owned.join()}`

function stepText({ program }: Subject, { now }: RunState, step: StepFrame): string {
  const stopping = step.stopping === 'cancelled' ? 'cancelled' : failureText(program, step.stopping)
  if (step.kind === 'compound') {
    const { phase, dirtyClose, children, loop, pending, ok, failed, failure } = step
    const items = loop && `${identityOf(loop.items)} ${loop.concurrency} ${loop.nextItem} ${Object.keys(loop.keys).join()}`
    return `${phase} ${stopping} ${dirtyClose} ${children.join()} ${items} ${pending} ${ok.map(identityOf).sort().join()} ${failed
      .map(({ key }) => key)
      .sort()
      .join()} ${failureText(program, failure)}`
  }
  const { phase, input, uses, tries, generation, mayHaveApplied, firstSentAt, answer, failure, lookups } = step
  const keyMs = firstSentAt === undefined ? 0 : keyLifetimeOf(program, step.path)
  const age = firstSentAt === undefined ? '' : Math.min(now - firstSentAt, keyMs)
  return `${phase} ${stopping} ${identityOf(input)} ${uses.join()} ${tries} ${generation} ${mayHaveApplied} ${age} ${failureText(program, failure)} ${lookups} ${answer?.decision.kind}`
}

/** Of a failure only that decides something which a list, a retry or a condition looks at. */
function failureText(program: Program, failure: Failure | undefined): string {
  if (!failure) return ''
  if (asksAboutErrors(program)) return identityOf(failure)
  return `${namedTypes(program).has(failure.type) ? failure.type : ''} ${failure.retryable} ${failure.applied}`
}

/** How long the platform knows the key of the step's call: as long its age decides whether it is repeated. */
function keyLifetimeOf(program: Program, path: string): number {
  const step = stepOfPath(program, path)
  if (step?.kind !== 'uses') return 0
  return program.actions[step.action]?.keyLifetimeMs ?? 0
}

const mayStillAppear = ({ state }: Obligation): boolean => state === 'intended' || state === 'inDoubt'

function obligationText({ program }: Subject, { now }: RunState, obligation: Obligation): string {
  const { state, owner, handle, parents, keepOnSuccess, sentAt, leaseUntil, leaseLost, releaseAttempts } = obligation
  const { appearsWithinMs, lease } = resourceNamed(program, obligation.type)
  // Until it is held the moment of the call still counts: for the end of the look-up and the start of the lease.
  const age = mayStillAppear(obligation) ? Math.min(now - sentAt, Math.max(appearsWithinMs, lease?.lifetimeMs ?? 0)) : ''
  const left = leaseUntil === undefined ? '' : Math.max(0, leaseUntil - now)
  return `${state} ${owner} ${identityOf(handle)} ${parents.join()} ${keepOnSuccess} ${age} ${left} ${leaseLost} ${releaseAttempts}`
}

/** Distances from now. Beyond the horizon all are the same; the number of a call is left out of its timer's name. */
function timersText(subject: Subject, now: number, timers: readonly (readonly [string, number])[]): string {
  const horizonMs = horizonOf(subject)
  return timers
    .map(([timer, at]) => `${timer.replace(/#\d+$/, '')} ${at - now > horizonMs ? 'far' : Math.max(0, at - now)}`)
    .sort()
    .join()
}

function worldText(subject: Subject, { state, world }: Node): string {
  const { truth } = subject
  const { now } = world
  const calls = world.calls.map(({ command, sentAt, slow, aborted }) => {
    const within = appearsWithin(subject, command.action)
    return `${command.purpose} ${command.path} ${slow} ${aborted} ${Math.min(within, now - sentAt)} ${command.stallMs !== undefined}`
  })
  const things = lines(world.things, (thing, path) => {
    const { type, key, sentAt, presence, leaseUntil, healthy, releaseSent, parents } = thing
    const left = leaseUntil === undefined ? '' : leaseUntil - now
    const age = Math.min(now - sentAt, ageThatCounts(truth, thing, state.obligations[path]))
    return `${type} ${identityOf(key)} ${age} ${presence} ${left} ${healthy} ${releaseSent} ${parents}`
  })
  const doubts = lines(world.doubts, ({ key, firstSentAt, sentAt, crashed }) => {
    const most = Math.max(longestKeyMs(truth), horizonOf(subject))
    return `${key} ${Math.min(most, now - firstSentAt)} ${Math.min(most, now - sentAt)} ${crashed}`
  })
  return [
    world.evaluations.map(({ id }) => id).sort(),
    calls.sort(),
    timersText(subject, now, Object.entries(world.timers)),
    world.waiting.map(({ lock }) => lock).sort(),
    lines(world.locked, (holder) => holder),
    things,
    doubts,
    lines(world.freezes, ({ acquired, covers, broken }) => `${acquired} ${covers} ${broken}`),
    lines(world.points, (point) => point),
    lines(world.claims, ({ path, level }) => `${path} ${level}`),
    world.failed.toSorted(),
    Object.keys(world.broken).sort(),
    world.recovering,
    world.reaped,
    world.finished,
    world.hasEnded,
  ].join('|')
}

/** How long the age of a thing decides something: its hold, its appearance, and, while its call may be repeated, its key. */
function ageThatCounts(truth: Program, { type, presence }: Thing, obligation: Obligation | undefined): number {
  const { critical, maxHoldMs = 0, appearsWithinMs } = resourceNamed(truth, type)
  const mayRepeat = obligation?.state === 'intended' || obligation?.state === 'inDoubt'
  return Math.max(critical ? maxHoldMs + 1 : 0, presence === 'late' ? appearsWithinMs : 0, mayRepeat ? longestKeyMs(truth) : 0)
}

/** How long the age of a call under way decides what it can still do. */
function appearsWithin({ truth }: Subject, name: string): number {
  const { resource } = actionNamed(truth, name)
  return resource === undefined ? 0 : resourceNamed(truth, resource).appearsWithinMs
}

const longest = new WeakMap<Program, number>()

function longestKeyMs(program: Program): number {
  const known = longest.get(program) ?? Math.max(0, ...Object.values(program.actions).map((each) => each.keyLifetimeMs ?? 0))
  longest.set(program, known)
  return known
}
