// The name of a node: nodes with the same name have the same future. Left out is what decides nothing: moments (only distances from
// now count), counters of calls, attempts for people, last failures of obligations, what has ended, what nobody reads any more,
// orders among strands, and which of several interchangeable items is which.
import {
  actionNamed,
  type BlockFrame,
  blockAt,
  type Obligation,
  type PendingCall,
  type Program,
  type RunState,
  resourceNamed,
  type StepFrame,
} from '../kernel/index.ts'
import type { Failure } from '../packs/index.ts'
import { stepOfPath } from './document.ts'
import { asksAboutErrors, namedTypes } from './failures.ts'
import { identityOf } from './identity.ts'
import { add, addSum, at, createLines, type Line, type Name, nameOfSum, newSum, type Sum } from './lines.ts'
import { isLive, liveIn } from './live.ts'
import type { Doubt, Node, Sent, Subject, Thing, World } from './model.ts'
import { horizonOf } from './options.ts'

const NOTHING: ReadonlySet<string> = new Set()

export type Namer = (node: Node) => Name

/** `lists`: paths of loops and sources of lists whose items are interchangeable; it may grow. */
export function createNamer(subject: Subject, lists: ReadonlySet<string>): Namer {
  const { program, truth } = subject
  const lines = createLines(lists)
  const line = lines.of
  const horizonMs = horizonOf(subject)
  const keyMs = Math.max(0, ...Object.values(truth.actions).map((each) => each.keyLifetimeMs ?? 0))
  const asks = asksAboutErrors(program)
  const named = namedTypes(program)

  // ---- what is shared between states is read once ---------------------------------------------------------------

  const sums = new WeakMap<object, Sum>()
  const single = new WeakMap<object, Line>()
  const evaluating = new WeakMap<object, Sum>()

  function sumOf(memory: WeakMap<object, Sum>, frame: object, textsOf: () => readonly string[]): Sum {
    const known = memory.get(frame)
    if (known) return known
    const sum = newSum()
    for (const text of textsOf()) add(sum, line(text))
    memory.set(frame, sum)
    return sum
  }

  function lineOf(frame: object, textOf: () => string): Line {
    const known = single.get(frame)
    if (known) return known
    const made = line(textOf())
    single.set(frame, made)
    return made
  }

  /** Of a failure only that decides something which a list, a retry or a condition looks at. */
  const failureText = (failure: Failure | undefined): string =>
    failure === undefined
      ? ''
      : asks
        ? identityOf(failure)
        : `${named.has(failure.type) ? failure.type : ''} ${failure.retryable} ${failure.applied}`

  // ---- blocks and steps -----------------------------------------------------------------------------------------

  function blockTexts(block: BlockFrame, entered: boolean): readonly string[] {
    const { path, variant, phase, next, active, outputs, yielded, variables, called, failure, cancelled, clean, owned } = block
    const live = phase === 'closing' ? NOTHING : liveIn(blockAt(program, block), next, entered)
    const texts = [`b ${path} ${variant} ${phase} ${next} ${active} ${failureText(failure)} ${cancelled} ${clean}`]
    if (called) texts.push(`c ${path} ${identityOf(called.inputs)} ${identityOf(called.targets)}`)
    for (const name in outputs) if (isLive(live, name)) texts.push(`o ${path} ${name} ${identityOf(outputs[name])}`)
    for (const name in variables) if (isLive(live, name)) texts.push(`v ${path} ${name} ${identityOf(variables[name])}`)
    for (const name in yielded) texts.push(`y ${path} ${name} ${identityOf(yielded[name])}`)
    for (let index = 0; index < owned.length; index += 1) texts.push(`w ${path} ${index} ${owned[index]}`)
    return texts
  }

  function addBlock(sum: Sum, { steps }: RunState, block: BlockFrame): void {
    const entered = block.active !== undefined && steps[block.active]?.phase !== 'evaluating'
    addSum(
      sum,
      sumOf(entered ? sums : evaluating, block, () => blockTexts(block, entered)),
    )
  }

  function stepTexts({ blocks }: RunState, step: StepFrame & { kind: 'compound' }): readonly string[] {
    const { path, phase, dirtyClose, children, loop, pending, ok, failed, failure } = step
    const texts = [`s ${path} ${phase} ${stoppingOf(step)} ${dirtyClose} ${pending} ${failureText(failure)}`]
    if (loop) {
      const { items, concurrency, nextItem, keys } = loop
      // Until its key is known, an item that has begun may be begun again after a crash.
      const from = pending > children.length ? 0 : nextItem
      if (from < items.length) {
        texts.push(`l ${path} ${concurrency} ${nextItem}`)
        for (let index = from; index < items.length; index += 1) texts.push(`i ${path} ${index} ${identityOf(items[index])}`)
        for (const key in keys) texts.push(`k ${path}[${key}]`)
      }
    }
    const block = blocks[step.block]
    if (block && isLive(liveIn(blockAt(program, block), block.next + 1, false), step.id)) {
      for (const { key, value } of ok) texts.push(`k ${path}[${key}] ${identityOf(value)}`)
      for (const { key, error } of failed) texts.push(`f ${path}[${key}] ${asks ? identityOf(error) : ''}`)
    }
    return texts
  }

  const stoppingOf = ({ stopping }: StepFrame): string => (stopping === 'cancelled' ? stopping : failureText(stopping))

  function addStep(sum: Sum, state: RunState, step: StepFrame): void {
    if (step.kind === 'compound')
      return addSum(
        sum,
        sumOf(sums, step, () => stepTexts(state, step)),
      )
    const own = lineOf(step, () => {
      const { path, phase, input, uses, tries, generation, mayHaveApplied, answer, failure, lookups } = step
      return `p ${path} ${phase} ${stoppingOf(step)} ${identityOf(input)} ${uses.join()} ${tries} ${generation} ${mayHaveApplied} ${failureText(failure)} ${lookups} ${answer?.decision.kind}`
    })
    const ageMs = step.firstSentAt === undefined ? 0 : Math.min(state.now - step.firstSentAt, keyLifetimeOf(program, step.path))
    add(sum, ageMs === 0 ? own : at(own, ageMs))
  }

  // ---- obligations, calls, timers -------------------------------------------------------------------------------

  function addObligation(sum: Sum, { now }: RunState, obligation: Obligation): void {
    const { id, type, state, owner, handle, parents, keepOnSuccess, sentAt, leaseUntil, leaseLost, releaseAttempts } = obligation
    const own = lineOf(
      obligation,
      () =>
        `ob ${id} ${state} ${owner} ${identityOf(handle)} ${parents.join()} ${keepOnSuccess} ${leaseLost} ${releaseAttempts} ${leaseUntil === undefined}`,
    )
    // The moment of its call counts until a look-up tells the truth and, before it is held, for the start of the lease.
    const { appearsWithinMs, lease } = resourceNamed(program, type)
    const mayAppear = state === 'intended' || state === 'inDoubt'
    const ageMs = Math.min(now - sentAt, mayAppear ? Math.max(appearsWithinMs, lease?.lifetimeMs ?? 0) : appearsWithinMs)
    const leftMs = leaseUntil === undefined ? 0 : Math.max(0, leaseUntil - now)
    add(sum, ageMs === 0 && leftMs === 0 ? own : at(at(own, ageMs), leftMs))
  }

  function addCall(sum: Sum, { now }: RunState, call: PendingCall): void {
    const { purpose, path, aborted, sentAt } = call
    const own = lineOf(call, () => `n ${purpose} ${path} ${aborted}`)
    add(sum, purpose === 'renew' ? at(own, now - sentAt) : own)
  }

  /** The number of a call is left out of its timer's name. Beyond the horizon all distances are the same. */
  const timerLines = new Map<string, Line>()
  function timer(kind: string, name: string, atMs: number, now: number): Line {
    const key = kind + name
    const known = timerLines.get(key) ?? line(`${kind} ${name.replace(/#\d+$/, '')}`)
    timerLines.set(key, known)
    return at(known, atMs - now > horizonMs ? -1 : Math.max(0, atMs - now))
  }

  function addTimers(sum: Sum, state: RunState, world: World): void {
    const { now, timers } = state
    let count = 0
    for (const name in timers) {
      const atMs = timers[name]?.at ?? 0
      add(sum, timer('timer', name, atMs, now))
      count += world.timers[name] === atMs ? 1 : 0
    }
    const isSame = count === countOf(timers) && count === countOf(world.timers)
    if (!isSame) for (const name in world.timers) add(sum, timer('host', name, world.timers[name] ?? 0, world.now))
  }

  // ---- the world ------------------------------------------------------------------------------------------------

  /** A key as which it is of its path's: keys of interchangeable items differ in nothing else. */
  const keysOf = new Map<string, string[]>()
  function keyText(path: string, key: string): number {
    const all = keysOf.get(path) ?? []
    keysOf.set(path, all)
    if (!all.includes(key)) all.push(key)
    return all.indexOf(key)
  }

  function addThing(sum: Sum, state: RunState, { now }: World, path: string, thing: Thing): void {
    const { type, key, sentAt, presence, leaseUntil, healthy, releaseSent, parents } = thing
    const own = lineOf(
      thing,
      () =>
        `t ${path} ${type} ${keyMs > 0 ? keyText(path, key) : ''} ${presence} ${healthy} ${releaseSent} ${parents.join()} ${leaseUntil === undefined}`,
    )
    const ageMs = Math.min(now - sentAt, ageThatCounts(thing, state.obligations[path]))
    const leftMs = leaseUntil === undefined ? 0 : leaseUntil - now
    add(sum, ageMs === 0 && leftMs === 0 ? own : at(at(own, ageMs), leftMs))
  }

  /** How long the age of a thing decides something: its hold, its appearance, and, while its call may be repeated, its key. */
  function ageThatCounts({ type, presence }: Thing, obligation: Obligation | undefined): number {
    const { critical, maxHoldMs = 0, appearsWithinMs } = resourceNamed(truth, type)
    const mayRepeat = obligation?.state === 'intended' || obligation?.state === 'inDoubt'
    return Math.max(critical ? maxHoldMs + 1 : 0, presence === 'late' ? appearsWithinMs : 0, mayRepeat ? keyMs : 0)
  }

  function addDoubt(sum: Sum, { now }: World, path: string, doubt: Doubt): void {
    const { key, firstSentAt, sentAt, crashed } = doubt
    const own = lineOf(doubt, () => `d ${path} ${keyMs > 0 ? keyText(path, key) : ''} ${crashed}`)
    const mostMs = Math.max(keyMs, horizonMs)
    add(sum, at(at(own, Math.min(mostMs, now - firstSentAt)), Math.min(mostMs, now - sentAt)))
  }

  function addSent(sum: Sum, { now }: World, sent: Sent): void {
    const { command, sentAt, slow, aborted } = sent
    const own = lineOf(sent, () => `x ${command.purpose} ${command.path} ${slow} ${aborted} ${command.stallMs !== undefined}`)
    // How long its age decides what it can still do.
    const { resource } = actionNamed(truth, command.action)
    const withinMs = resource === undefined ? 0 : resourceNamed(truth, resource).appearsWithinMs
    add(sum, at(own, Math.min(withinMs, now - sentAt)))
  }

  function addWorld(sum: Sum, state: RunState, world: World): void {
    for (const { id } of world.evaluations) if (!state.evaluations[id]) add(sum, line(`host ${id}`))
    if (world.evaluations.length !== countOf(state.evaluations)) add(sum, line(`host ${world.evaluations.length}`))
    for (const sent of world.calls) addSent(sum, world, sent)
    for (const { lock } of world.waiting) add(sum, line(`q ${lock}`))
    for (const name in world.locked) add(sum, line(`h ${name} ${world.locked[name]}`))
    for (const path in world.things) addThing(sum, state, world, path, world.things[path] as Thing)
    for (const path in world.doubts) addDoubt(sum, world, path, world.doubts[path] as Doubt)
    for (const path in world.freezes) {
      const { vm, acquired, covers, broken } = world.freezes[path] ?? {}
      add(sum, line(`z ${path} ${vm} ${acquired} ${covers} ${broken}`))
    }
    for (const vm in world.points) add(sum, line(`point ${vm} ${world.points[vm]}`))
    for (const vm in world.claims) add(sum, line(`claim ${vm} ${world.claims[vm]?.path} ${world.claims[vm]?.level}`))
    for (const path of world.failed) add(sum, line(`failed ${path}`))
    for (const name in world.broken) add(sum, line(`broken ${name}`))
  }

  return ({ state, world }) => {
    const sum = newSum()
    const { recovering, reaped, finished, hasEnded } = world
    add(sum, line(`${state.phase} ${state.outcome?.status} ${recovering} ${reaped} ${finished} ${hasEnded}`))
    if (state.outcome) for (const id of state.outcome.owed) add(sum, line(`owed ${id}`))
    for (const path in state.blocks) addBlock(sum, state, state.blocks[path] as BlockFrame)
    for (const path in state.steps) addStep(sum, state, state.steps[path] as StepFrame)
    for (const id in state.obligations) addObligation(sum, state, state.obligations[id] as Obligation)
    for (const id in state.evaluations) add(sum, line(`e ${id}`))
    for (const id in state.calls) addCall(sum, state, state.calls[id] as PendingCall)
    for (const id in state.locks) add(sum, line(`lock ${id} ${state.locks[id]?.name} ${state.locks[id]?.granted}`))
    for (const path in state.approvals) add(sum, line(`a ${path}`))
    addTimers(sum, state, world)
    addWorld(sum, state, world)
    return nameOfSum(sum, lines)
  }
}

function countOf(record: Readonly<Record<string, unknown>>): number {
  let count = 0
  for (const _ in record) count += 1
  return count
}

/** How long the platform knows the key of the step's call: as long its age decides whether it is repeated. */
function keyLifetimeOf(program: Program, path: string): number {
  const step = stepOfPath(program, path)
  return step?.kind === 'uses' ? (program.actions[step.action]?.keyLifetimeMs ?? 0) : 0
}
