// What the environment may do next in a node: every move, with what it costs. The order is fixed, so an index names a move.
import { actionNamed, isOpen, type Path, ROOT, resourceNamed } from '../kernel/index.ts'
import type { Action } from '../packs/index.ts'
import { abortedBy, kindsOfFailure, NOT_REACHABLE } from './failures.ts'
import type { Effect, Node, Option, Sent, Subject, World } from './model.ts'
import type { Unknowns } from './unknowns.ts'

export function optionsOf(subject: Subject, unknowns: Unknowns, node: Node): readonly Option[] {
  const { state, world } = node
  if (state.phase === 'new') return [{ move: { kind: 'start' }, cost: 0 }]
  if (world.finished)
    return Object.keys(state.obligations).length > 0 && !world.reaped ? [{ move: { kind: 'reap' }, cost: 0 }] : []
  const options: Option[] = []
  for (const command of world.evaluations) {
    const ways = unknowns.ways(command)
    for (let way = 0; way < ways.length; way += 1) options.push({ move: { kind: 'evaluate', id: command.id, way }, cost: 0 })
  }
  for (const { lock, name } of world.waiting) {
    if (world.locked[name] === undefined) options.push({ move: { kind: 'lock', lock }, cost: 0 })
  }
  for (const approval in state.approvals) {
    const step = state.steps[approval]
    if (step?.kind === 'plain' && step.answer) continue
    for (const decision of ['granted', 'denied'] as const)
      options.push({ move: { kind: 'approve', approval, decision }, cost: 0 })
  }
  for (const sent of world.calls) addAnswers(subject, world, sent, options)
  if (isQuiet(world)) for (const timer of dueTimers(subject, world)) options.push({ move: { kind: 'timer', timer }, cost: 0 })
  addLapses(subject, world, options)
  if (state.blocks[ROOT]?.cancelled === false) options.push({ move: { kind: 'cancel' }, cost: 1 })
  for (const effects of crashes(subject, world)) options.push({ move: { kind: 'crash', effects }, cost: 1 })
  return options
}

// ---- calls ------------------------------------------------------------------------------------------------------

function addAnswers(subject: Subject, world: World, sent: Sent, options: Option[]): void {
  const { id: call, action: name, purpose, path, stallMs } = sent.command
  const action = actionNamed(subject.truth, name)
  if (sent.aborted) {
    options.push({ move: { kind: 'succeed', call }, cost: 0 })
    for (const effect of effectsOf(subject, world, sent, action)) {
      options.push({ move: { kind: 'fail', call, failure: abortedBy(action), effect }, cost: 0 })
    }
    return
  }
  if (world.broken[`${purpose} ${path}`]) {
    options.push({ move: { kind: 'fail', call, failure: NOT_REACHABLE, effect: 'no' }, cost: 0 })
    return
  }
  options.push({ move: { kind: 'succeed', call }, cost: 0 })
  if (sent.slow) {
    if (stallMs !== undefined) options.push({ move: { kind: 'stall', call }, cost: 0 })
    return
  }
  const told = truthful(subject, world, sent)
  for (const failure of kindsOfFailure(subject.truth, action)) {
    if (told.includes(failure.type)) continue
    const effects: readonly Effect[] = failure.applied === 'no' ? ['no'] : effectsOf(subject, world, sent, action)
    for (const effect of effects) options.push({ move: { kind: 'fail', call, failure, effect }, cost: 1 })
  }
  options.push({ move: { kind: 'slow', call }, cost: 1 })
  if (purpose !== 'step') options.push({ move: { kind: 'break', call }, cost: 1 })
}

/** Failures that say that something is gone: a platform says so when it is, and then as its plain answer. */
function truthful({ truth }: Subject, world: World, { command }: Sent): readonly string[] {
  const type = world.things[command.path]?.type
  if (type === undefined || command.purpose === 'step') return []
  const { release, lease } = resourceNamed(truth, type)
  return command.purpose === 'release' ? release.gone : (lease?.lost ?? [])
}

/** What a call that was not answered may have done. Later than a look-up can see only where there is a look-up. */
function effectsOf({ truth }: Subject, world: World, sent: Sent, action: Action): readonly Effect[] {
  if (sent.command.purpose === 'release') return ['no', 'now']
  if (sent.command.purpose !== 'step' || action.effect !== 'acquire') return ['no']
  const { find, appearsWithinMs } = resourceNamed(truth, action.resource ?? '')
  return find !== undefined && world.now < sent.sentAt + appearsWithinMs ? ['no', 'now', 'late'] : ['no', 'now']
}

/** Every combination of what the calls under way may have done when the process died. */
function crashes(subject: Subject, world: World): readonly (readonly Effect[])[] {
  let combinations: readonly (readonly Effect[])[] = [[]]
  for (const sent of world.calls) {
    const effects = effectsOf(subject, world, sent, actionNamed(subject.truth, sent.command.action))
    combinations = combinations.flatMap((before) => effects.map((effect) => [...before, effect]))
  }
  return combinations
}

/** A lease or a freeze that ends shows only in the answer of a call about it, so that is when it matters. */
function addLapses({ truth }: Subject, world: World, options: Option[]): void {
  for (const path in world.things) {
    const thing = world.things[path]
    if (thing?.presence !== 'there') continue
    const { lease, critical, deadman } = resourceNamed(truth, thing.type)
    const mayEnd = lease !== undefined || (critical && deadman !== undefined && deadman.by !== 'none')
    if (mayEnd && isMet(world, path)) options.push({ move: { kind: 'lapse', thing: path }, cost: 1 })
  }
}

const isMet = (world: World, path: Path): boolean =>
  world.calls.some(({ command }) => command.path === path && command.purpose !== 'step' && command.purpose !== 'find')

// ---- time -------------------------------------------------------------------------------------------------------

/** Time passes only when nothing else can happen at once. */
export const isQuiet = (world: World): boolean =>
  world.evaluations.length === 0 &&
  world.calls.every((sent) => sent.slow && !sent.aborted) &&
  world.waiting.every(({ name }) => world.locked[name] !== undefined)

const horizons = new WeakMap<Subject, number>()

/** Beyond this the exact distance of a timer decides nothing: longer than any lease, hold or look-up. */
export function horizonOf(subject: Subject): number {
  const known = horizons.get(subject)
  if (known !== undefined) return known
  const resources = [...Object.values(subject.program.resources), ...Object.values(subject.truth.resources)]
  const spans = resources.flatMap(({ lease, maxHoldMs = 0 }) => [maxHoldMs, lease?.lifetimeMs ?? 0])
  const horizonMs = Math.max(60_000, ...spans)
  horizons.set(subject, horizonMs)
  return horizonMs
}

const isRenewal = (timer: string): boolean => timer.startsWith('renew:') || timer.startsWith('leaseEnd:')

/** The timers that may fire next. Where leases are renewed round after round, a far timer may be due after any round. */
function dueTimers(subject: Subject, world: World): readonly string[] {
  const horizon = world.now + horizonOf(subject)
  const all = Object.entries(world.timers)
  const first = Math.min(...all.map(([, at]) => at))
  const due = all.filter(([, at]) => at <= Math.max(first, world.now))
  const cyclic = all.every(([timer, at]) => at > horizon || isRenewal(timer)) && first <= horizon
  const far = cyclic ? all.filter(([, at]) => at > horizon) : []
  return [...due, ...far].map(([timer]) => timer)
}

/** Critical things that nothing hangs on and that are still to be let go. [P5] */
export const criticalLeft = ({ truth }: Subject, { state }: Node): readonly Path[] =>
  Object.values(state.obligations)
    .filter(({ id, type, state: at }) => {
      const isLeaf = !Object.values(state.obligations).some((other) => isOpen(other) && other.parents.includes(id))
      return at !== 'owed' && isLeaf && resourceNamed(truth, type).critical
    })
    .map(({ id }) => id)
