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
import { add, addSum, at, copyOfSum, createLines, type Line, type Name, nameOfSum, newSum, type Sign, type Sum } from './lines.ts'
import { isLive, liveIn } from './live.ts'
import type { Doubt, Node, Sent, Subject, Thing, World } from './model.ts'
import { horizonOf } from './options.ts'

const NOTHING: ReadonlySet<string> = new Set()

export interface Namer {
  /** What a node is, in sum. After a move from a node whose sum is known only what has changed is looked at. */
  sumOf(node: Node, before?: Known): Sum
  nameOf(sum: Sum): Name
}

/** A node that is being looked into. */
export interface Known {
  readonly node: Node
  readonly sum: Sum
  /** What was made of its frames: each is taken away once for every move that changes it. */
  readonly memory: Map<object, unknown>
}

/** A node whose frames may be remembered. */
type View = Pick<Known, 'node'> & Partial<Known>

/** One kind of thing in a node, by name. */
interface Part<T> {
  readonly of: (node: Node) => Readonly<Record<string, T>>
  readonly add: (sum: Sum, sign: Sign, view: View, name: string, value: T) => void
  /** Something else has changed that its lines depend on. */
  readonly isMoved?: (before: Node, node: Node, name: string, value: T) => boolean
}

/** `lists`: paths of loops and sources of lists whose items are interchangeable; it may grow. */
export function createNamer(subject: Subject, lists: ReadonlySet<string>): Namer {
  const { program, truth } = subject
  const lines = createLines(lists)
  const line = lines.of
  const horizonMs = horizonOf(subject)
  const keyMs = Math.max(0, ...Object.values(truth.actions).map((each) => each.keyLifetimeMs ?? 0))
  const asks = asksAboutErrors(program)
  const named = namedTypes(program)

  // ---- what is told of a frame ----------------------------------------------------------------------------------

  function once<F extends object, T>(make: (frame: F, node: Node) => T): (frame: F, view: View) => T {
    return (frame, { node, memory }) => {
      if (memory === undefined) return make(frame, node)
      const made = (memory.get(frame) as T | undefined) ?? make(frame, node)
      memory.set(frame, made)
      return made
    }
  }

  function sumOfTexts(texts: readonly string[]): Sum {
    const sum = newSum()
    for (const text of texts) add(sum, 1, line(text))
    return sum
  }

  /** Lines of one kind that go by a name and a word. */
  function worded(kind: string): (name: string, word?: string) => Line {
    const known = new Map<string, Line>()
    const byName = new Map<string, Map<string, Line>>()
    return (name, word) => {
      const memory = word === undefined ? known : (byName.get(name) ?? new Map<string, Line>())
      if (word !== undefined) byName.set(name, memory)
      const made = memory.get(word ?? name) ?? line(word === undefined ? `${kind} ${name}` : `${kind} ${name} ${word}`)
      memory.set(word ?? name, made)
      return made
    }
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
  const isEntered = ({ state }: Node, { active }: BlockFrame): boolean =>
    active !== undefined && state.steps[active]?.phase !== 'evaluating'

  const blockSum = once((block: BlockFrame, node) => sumOfTexts(blockTexts(block, isEntered(node, block))))

  const blocks: Part<BlockFrame> = {
    of: ({ state }) => state.blocks,
    add: (sum, sign, view, _, block) => addSum(sum, sign, blockSum(block, view)),
    isMoved: (before, node, _, block) => isEntered(before, block) !== isEntered(node, block),
  }

  const compound = once((step: StepFrame & { kind: 'compound' }, { state }: Node) => {
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
    const block = state.blocks[step.block]
    if (block && isLive(liveIn(blockAt(program, block), block.next + 1, false), step.id)) {
      for (const { key, value } of ok) texts.push(`k ${path}[${key}] ${identityOf(value)}`)
      for (const { key, error } of failed) texts.push(`f ${path}[${key}] ${asks ? identityOf(error) : ''}`)
    }
    return sumOfTexts(texts)
  })

  const stoppingOf = ({ stopping }: StepFrame): string => (stopping === 'cancelled' ? stopping : failureText(stopping))

  const plain = once((step: StepFrame & { kind: 'plain' }) => {
    const { path, phase, input, uses, tries, generation, mayHaveApplied, answer, failure, lookups } = step
    return line(
      `p ${path} ${phase} ${stoppingOf(step)} ${identityOf(input)} ${uses.join()} ${tries} ${keyLifetimeOf(program, path) > 0 ? generation : ''} ${mayHaveApplied} ${failureText(failure)} ${lookups} ${answer?.decision.kind}`,
    )
  })

  const steps: Part<StepFrame> = {
    of: ({ state }) => state.steps,
    add(sum, sign, view, _, step) {
      if (step.kind === 'compound') return addSum(sum, sign, compound(step, view))
      const { firstSentAt, path } = step
      const ageMs = firstSentAt === undefined ? 0 : Math.min(view.node.state.now - firstSentAt, keyLifetimeOf(program, path))
      add(sum, sign, ageMs === 0 ? plain(step, view) : at(plain(step, view), ageMs))
    },
  }

  // ---- obligations, calls, timers -------------------------------------------------------------------------------

  const obligation = once(
    ({ id, state, owner, handle, parents, keepOnSuccess, leaseUntil, leaseLost, releaseAttempts }: Obligation) =>
      line(
        `ob ${id} ${state} ${owner} ${identityOf(handle)} ${parents.join()} ${keepOnSuccess} ${leaseLost} ${releaseAttempts} ${leaseUntil === undefined}`,
      ),
  )

  const obligations: Part<Obligation> = {
    of: ({ state }) => state.obligations,
    add(sum, sign, view, _, each) {
      const { type, state, sentAt, leaseUntil } = each
      const { now } = view.node.state
      // The moment of its call counts until a look-up tells the truth and, before it is held, for the start of the lease.
      const { appearsWithinMs, lease } = resourceNamed(program, type)
      const mayAppear = state === 'intended' || state === 'inDoubt'
      const ageMs = Math.min(now - sentAt, mayAppear ? Math.max(appearsWithinMs, lease?.lifetimeMs ?? 0) : appearsWithinMs)
      const leftMs = leaseUntil === undefined ? 0 : Math.max(0, leaseUntil - now)
      add(sum, sign, at(at(obligation(each, view), ageMs), leftMs))
    },
  }

  const call = once(({ purpose, path, aborted }: PendingCall) => line(`n ${purpose} ${path} ${aborted}`))
  const calls: Part<PendingCall> = {
    of: ({ state }) => state.calls,
    add: (sum, sign, view, _, each) =>
      add(sum, sign, each.purpose === 'renew' ? at(call(each, view), view.node.state.now - each.sentAt) : call(each, view)),
  }

  /** The number of a call is left out of its timer's name. Beyond the horizon all distances are the same. */
  function timersOf(kind: string): (name: string, leftMs: number) => Line {
    const known = new Map<string, Line>()
    return (name, leftMs) => {
      const own = known.get(name) ?? line(`${kind} ${name.replace(/#\d+$/, '')}`)
      known.set(name, own)
      return at(own, leftMs > horizonMs ? -1 : Math.max(0, leftMs))
    }
  }
  const kernelTimer = timersOf('timer')
  const timers: Part<RunState['timers'][string]> = {
    of: ({ state }) => state.timers,
    add: (sum, sign, { node }, name, each) => add(sum, sign, kernelTimer(name, each.at - node.state.now)),
  }
  const hostTimer = timersOf('host')
  const hostTimers: Part<number> = {
    of: ({ world }) => world.timers,
    add: (sum, sign, { node }, name, atMs) => add(sum, sign, hostTimer(name, atMs - node.world.now)),
  }

  const evaluation = worded('e')
  const evaluations: Part<object> = {
    of: ({ state }) => state.evaluations,
    add: (sum, sign, _, id) => add(sum, sign, evaluation(id)),
  }
  const lock = once((each: RunState['locks'][string]) => line(`lock ${each.path} ${each.name} ${each.granted}`))
  const locks: Part<RunState['locks'][string]> = {
    of: ({ state }) => state.locks,
    add: (sum, sign, view, _, each) => add(sum, sign, lock(each, view)),
  }
  const approval = worded('a')
  const approvals: Part<object> = {
    of: ({ state }) => state.approvals,
    add: (sum, sign, _, path) => add(sum, sign, approval(path)),
  }

  // ---- the world ------------------------------------------------------------------------------------------------

  /** A key as which it is of its path's: keys of interchangeable items differ in nothing else. */
  const keysOf = new Map<string, string[]>()
  function keyText(path: string, key: string): string | number {
    if (keyMs === 0) return ''
    const all = keysOf.get(path) ?? []
    keysOf.set(path, all)
    if (!all.includes(key)) all.push(key)
    return all.indexOf(key)
  }

  const thingLine = worded('t')
  const things: Part<Thing> = {
    of: ({ world }) => world.things,
    add(sum, sign, { node }, path, thing) {
      const { state, world } = node
      const { type, key, sentAt, presence, leaseUntil, healthy, releaseSent, parents } = thing
      const { lease, critical } = resourceNamed(truth, type)
      const own = thingLine(
        path,
        `${type} ${keyText(path, key)} ${presence} ${lease && healthy} ${(lease || critical) && releaseSent} ${parents.join()} ${leaseUntil === undefined}`,
      )
      const ageMs = Math.min(world.now - sentAt, ageThatCounts(thing, state.obligations[path]))
      add(sum, sign, at(at(own, ageMs), leaseUntil === undefined ? 0 : leaseUntil - world.now))
    },
    isMoved: (before, node, path) => before.state.obligations[path]?.state !== node.state.obligations[path]?.state,
  }

  /** How long the age of a thing decides something: its hold, its appearance, and, while its call may be repeated, its key. */
  function ageThatCounts({ type, presence }: Thing, owed: Obligation | undefined): number {
    const { critical, maxHoldMs = 0, appearsWithinMs } = resourceNamed(truth, type)
    const mayRepeat = owed?.state === 'intended' || owed?.state === 'inDoubt'
    return Math.max(critical ? maxHoldMs + 1 : 0, presence === 'late' ? appearsWithinMs : 0, mayRepeat ? keyMs : 0)
  }

  const doubtMs = Math.max(keyMs, horizonMs)
  const doubt = worded('d')
  const doubts: Part<Doubt> = {
    of: ({ world }) => world.doubts,
    add(sum, sign, { node }, path, { key, firstSentAt, sentAt, crashed }) {
      const { now } = node.world
      const own = doubt(path, `${keyText(path, key)} ${crashed}`)
      add(sum, sign, at(at(own, Math.min(doubtMs, now - firstSentAt)), Math.min(doubtMs, now - sentAt)))
    },
  }

  const freeze = worded('z')
  const freezes: Part<World['freezes'][string]> = {
    of: ({ world }) => world.freezes,
    add: (sum, sign, _, path, { vm, acquired, covers, broken }) =>
      add(sum, sign, freeze(path, `${vm} ${acquired} ${covers} ${broken}`)),
  }
  const point = worded('point')
  const points: Part<string> = { of: ({ world }) => world.points, add: (sum, sign, _, vm, is) => add(sum, sign, point(vm, is)) }
  const claim = worded('claim')
  const claims: Part<World['claims'][string]> = {
    of: ({ world }) => world.claims,
    add: (sum, sign, _, vm, { path, level }) => add(sum, sign, claim(vm, `${path} ${level}`)),
  }
  const holder = worded('h')
  const locked: Part<string> = {
    of: ({ world }) => world.locked,
    add: (sum, sign, _, name, lockId) => add(sum, sign, holder(name, lockId)),
  }
  const breach = worded('broken')
  const broken: Part<true> = { of: ({ world }) => world.broken, add: (sum, sign, _, name) => add(sum, sign, breach(name)) }

  /** Calls and the like stand in lists, each once. */
  function addList<T>(sum: Sum, before: readonly T[], now: readonly T[], lineOf: (each: T) => Line): void {
    if (before === now) return
    for (const each of before) if (!now.includes(each)) add(sum, -1, lineOf(each))
    for (const each of now) if (!before.includes(each)) add(sum, 1, lineOf(each))
  }

  const sentLine = worded('x')
  const sentIn =
    (node: Node) =>
    (sent: Sent): Line => {
      // How long its age decides what it can still do.
      const { resource } = actionNamed(truth, sent.command.action)
      const withinMs = resource === undefined ? 0 : resourceNamed(truth, resource).appearsWithinMs
      const { command, slow, aborted } = sent
      const own = sentLine(command.path, `${command.purpose} ${slow} ${aborted} ${command.stallMs !== undefined}`)
      return at(own, Math.min(withinMs, node.world.now - sent.sentAt))
    }
  const hostEvaluation = worded('host')
  const waiting = worded('q')
  const failure = worded('failed')
  const rest = worded('rest')
  const owed = worded('owed')

  function addLists(sum: Sum, before: World | undefined, node: Node): void {
    const { world } = node
    addList(sum, before?.evaluations ?? [], world.evaluations, ({ id }) => hostEvaluation(id))
    addList(sum, before?.calls ?? [], world.calls, sentIn(node))
    addList(sum, before?.waiting ?? [], world.waiting, (each) => waiting(each.lock))
    addList(sum, before?.failed ?? [], world.failed, (path) => failure(path))
  }

  function addRest(sum: Sum, sign: Sign, { state, world }: Node): void {
    const { recovering, reaped, finished, hasEnded } = world
    add(sum, sign, rest(state.phase, `${state.outcome?.status} ${recovering} ${reaped} ${finished} ${hasEnded}`))
    if (state.outcome) for (const id of state.outcome.owed) add(sum, sign, owed(id))
  }

  const isRestSame = (a: Node, b: Node): boolean =>
    a.state.phase === b.state.phase &&
    a.state.outcome === b.state.outcome &&
    a.world.recovering === b.world.recovering &&
    a.world.reaped === b.world.reaped &&
    a.world.finished === b.world.finished &&
    a.world.hasEnded === b.world.hasEnded

  // ---- the whole ------------------------------------------------------------------------------------------------

  function addAll<T>(sum: Sum, { of, add: addOne }: Part<T>, node: Node): void {
    const record = of(node)
    const view = { node }
    for (const name in record) addOne(sum, 1, view, name, record[name] as T)
  }

  function addChanges<T>(sum: Sum, { of, add: addOne, isMoved }: Part<T>, known: Known, now: View): void {
    const { node: before } = known
    const { node } = now
    const was = of(before)
    const is = of(node)
    if (was === is && isMoved === undefined) return
    for (const name in is) {
      const old = was[name]
      const value = is[name] as T
      if (old === value && isMoved?.(before, node, name, value) !== true) continue
      if (old !== undefined) addOne(sum, -1, known, name, old)
      addOne(sum, 1, now, name, value)
    }
    for (const name in was) if (is[name] === undefined) addOne(sum, -1, known, name, was[name] as T)
  }

  function eachPart(visit: <T>(part: Part<T>) => void): void {
    visit(blocks)
    visit(steps)
    visit(obligations)
    visit(calls)
    visit(timers)
    visit(hostTimers)
    visit(evaluations)
    visit(locks)
    visit(approvals)
    visit(things)
    visit(doubts)
    visit(freezes)
    visit(points)
    visit(claims)
    visit(locked)
    visit(broken)
  }

  function whole(node: Node): Sum {
    const sum = newSum()
    eachPart((part) => addAll(sum, part, node))
    addLists(sum, undefined, node)
    addRest(sum, 1, node)
    return sum
  }

  return {
    sumOf(node, known) {
      // Almost everything is told by its distance from now.
      const isLater = known?.node.world.now !== node.world.now || known.node.state.now !== node.state.now
      if (known === undefined || isLater) return whole(node)
      const { node: before } = known
      const sum = copyOfSum(known.sum)
      const now = { node }
      eachPart((part) => addChanges(sum, part, known, now))
      addLists(sum, before.world, node)
      if (!isRestSame(before, node)) {
        addRest(sum, -1, before)
        addRest(sum, 1, node)
      }
      return sum
    },
    nameOf: (sum) => nameOfSum(sum, lines),
  }
}

/** How long the platform knows the key of the step's call: as long its age decides whether it is repeated. */
function keyLifetimeOf(program: Program, path: string): number {
  const step = stepOfPath(program, path)
  return step?.kind === 'uses' ? (program.actions[step.action]?.keyLifetimeMs ?? 0) : 0
}
