// What is told of the world outside the run: what is on the platforms, what is on its way, and what the host has in hand.
import { actionNamed, type Obligation, resourceNamed } from '../../kernel/index.ts'
import type { Doubt, Node, Sent, Subject, Thing, World } from '../model.ts'
import { horizonOf } from '../options.ts'
import { add, at, type Line, type Sign, type Sum } from './lines.ts'
import type { Part, Visit, Words } from './part.ts'

export interface WorldTold {
  eachPart(visit: Visit): void
  /** What has come to the lists since, and what has gone; all that is in them without a world before. */
  addLists(sum: Sum, before: World | undefined, node: Node): void
  /** What there is one of. */
  addRest(sum: Sum, sign: Sign, node: Node): void
  isRestSame(a: Node, b: Node): boolean
}

export function toldOfWorld(subject: Subject, words: Words): WorldTold {
  const { truth } = subject
  const { worded, timers: timersOf } = words
  const horizonMs = horizonOf(subject)
  const keyMs = Math.max(0, ...Object.values(truth.actions).map((each) => each.keyLifetimeMs ?? 0))

  const hostTimer = timersOf('host')
  const hostTimers: Part<number> = {
    of: ({ world }) => world.timers,
    add: (sum, sign, { node }, name, atMs) => add(sum, sign, hostTimer(name, atMs - node.world.now)),
  }

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

  return {
    eachPart(visit) {
      visit(hostTimers)
      visit(things)
      visit(doubts)
      visit(freezes)
      visit(points)
      visit(claims)
      visit(locked)
      visit(broken)
    },
    addLists,
    addRest,
    isRestSame,
  }
}
