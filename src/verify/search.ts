// The search: breadth first, all that fewer deviations reach before more, so that a counterexample is as short as can be.
import { createState } from '../kernel/index.ts'
import { canonical } from './canonical.ts'
import { fork } from './fork.ts'
import type { Counterexample, Node, Option, Subject, Verdict, Violation } from './model.ts'
import { optionsOf } from './options.ts'
import { perform } from './perform.ts'
import { onlyLocal, reduced } from './reduce.ts'
import { share } from './share.ts'
import { createUnknowns, type Unknowns } from './unknowns.ts'

export interface Bounds {
  /** Deviations from a good day: failures, lost answers, slow calls, crashes, cancels. */
  readonly faults: number
  readonly maxStates: number
  /** Different violations after which the search ends. */
  readonly maxViolations: number
  /** Leave out orders that cannot matter. Off only to show that they do not. */
  readonly reduce?: boolean
  /** Let a node share with the one before it what a move left alone. Off only to show that it changes nothing. */
  readonly share?: boolean
  /** Take nodes with the same future for one. Off only to show that they are. */
  readonly merge?: boolean
}

export function firstNode({ inputs, targets }: Subject): Node {
  const state = createState({ runId: '‹run›', startedAt: 0, inputs, targets })
  return {
    state,
    world: {
      now: 0,
      faults: 0,
      evaluations: [],
      calls: [],
      timers: {},
      waiting: [],
      locked: {},
      things: {},
      doubts: {},
      freezes: {},
      points: {},
      claims: {},
      failed: [],
      broken: {},
      recovering: false,
      reaped: false,
      finished: false,
      hasEnded: false,
    },
  }
}

/** The options of a node, with what its evaluations come to. */
export async function openOptions(subject: Subject, unknowns: Unknowns, node: Node): Promise<readonly Option[]> {
  for (const command of node.world.evaluations) await unknowns.prepare(command, node.state)
  return optionsOf(subject, unknowns, node)
}

/** A state that was seen, the way to it, and where moves without a deviation lead from it. */
interface Seen {
  readonly parent: number
  /** The moves from there. */
  readonly choices: readonly number[]
  readonly depth: number
  readonly faults: number
  next: number[]
  ends: boolean
  /** The same state was reached with fewer deviations. */
  isSuperseded: boolean
}

interface Waiting {
  readonly id: number
  readonly node: Node
}

interface Search {
  readonly subject: Subject
  readonly bounds: Bounds
  readonly unknowns: Unknowns
  readonly seen: Seen[]
  readonly ids: Map<string, number>
  /** States to look into, by their number of deviations. */
  readonly levels: (Waiting | undefined)[][]
  readonly found: Map<string, Counterexample>
  transitions: number
}

export async function search(subject: Subject, bounds: Bounds): Promise<Verdict> {
  const on: Search = {
    subject,
    bounds,
    unknowns: createUnknowns(subject.program, subject.items),
    seen: [],
    ids: new Map(),
    levels: Array.from({ length: bounds.faults + 1 }, () => []),
    found: new Map(),
    transitions: 0,
  }
  enter(on, firstNode(subject), -1, [])
  let complete = true
  for (const level of on.levels) {
    // Entries from the level below and those found on this one, each in order of their depth.
    const entries = level.splice(0)
    let entry = 0
    let own = 0
    while (complete && (entry < entries.length || own < level.length)) {
      const a = entries[entry]
      const b = level[own]
      const first = a && (!b || depthOf(on, a) <= depthOf(on, b)) ? a : b
      if (!first) break
      // What was looked into may be forgotten: only the way to it is kept.
      if (first === a) entries[entry++] = undefined
      else level[own++] = undefined
      if (on.seen[first.id]?.isSuperseded) continue
      const { evaluations } = first.node.world
      for (const command of evaluations) {
        const working = on.unknowns.prepare(command, first.node.state)
        if (working) await working
      }
      expand(on, first)
      if (on.seen.length >= bounds.maxStates || on.found.size >= bounds.maxViolations) complete = false
    }
  }
  if (complete) judgeEnding(on)
  const { transitions, seen } = on
  return {
    violations: [...on.found.values()],
    complete,
    states: seen.length,
    transitions,
    depth: seen.reduce((most, { depth }) => Math.max(most, depth), 0),
    faults: bounds.faults,
    items: subject.items,
  }
}

const depthOf = ({ seen }: Search, { id }: Waiting): number => seen[id]?.depth ?? 0

function expand(on: Search, { id, node }: Waiting): void {
  const { subject, unknowns, bounds } = on
  const options = optionsOf(subject, unknowns, node)
  const budget = bounds.faults - node.world.faults
  const chosen = bounds.reduce === false ? undefined : reduced(subject, node, options, budget)
  if (options.every(({ cost }) => cost > 0) && !node.world.finished) {
    return note(on, id, [{ promise: 'ends', path: 'run', text: 'nothing can happen any more, and the run has not ended' }])
  }
  for (const [choice, option] of options.entries()) {
    if (option.cost > budget || (chosen && !chosen.has(choice))) continue
    const next = fork(node)
    const choices = [choice]
    let violations = perform(subject, unknowns, next, option)
    on.transitions += 1
    while (violations.length === 0 && bounds.reduce !== false && next.world.faults === bounds.faults) {
      const only = onlyLocal(unknowns, next)
      if (!only) break
      choices.push(only.choice)
      violations = perform(subject, unknowns, next, only.option)
      on.transitions += 1
    }
    if (violations.length > 0) note(on, id, violations, choices, option.cost)
    else {
      if (bounds.share !== false) share(next, node)
      const to = enter(on, next, id, choices)
      if (option.cost === 0) on.seen[id]?.next.push(to)
    }
  }
}

function enter(on: Search, node: Node, parent: number, choices: readonly number[]): number {
  const key = on.bounds.merge === false ? String(on.seen.length) : canonical(on.subject, node)
  const known = on.ids.get(key)
  const before = known === undefined ? undefined : on.seen[known]
  if (known !== undefined && before && before.faults <= node.world.faults) return known
  const id = on.seen.length
  if (before) {
    // A deviation has led there before a good day did. More can follow with the fewer deviations.
    before.next = [id]
    before.isSuperseded = true
  }
  on.ids.set(key, id)
  const ends = node.world.finished && Object.keys(node.state.obligations).length === 0
  const depth = (on.seen[parent]?.depth ?? -1) + 1
  on.seen.push({ parent, choices, depth, faults: node.world.faults, next: [], ends, isSuperseded: false })
  on.levels[node.world.faults]?.push({ id, node })
  return id
}

/** Keeps the first, hence shortest, way to each kind of violation. */
function note(on: Search, id: number, violations: readonly Violation[], last: readonly number[] = [], cost = 0): void {
  const [first] = violations
  if (!first) return
  const kind = `${first.promise} ${first.text}`
  if (on.found.has(kind)) return
  const choices = [...wayTo(on, id), ...last]
  on.found.set(kind, { violations, choices, faults: (on.seen[id]?.faults ?? 0) + cost })
}

function wayTo({ seen }: Search, id: number): readonly number[] {
  const way: (readonly number[])[] = []
  for (let at = seen[id]; at && at.parent >= 0; at = seen[at.parent]) way.push(at.choices)
  return way.reverse().flat()
}

/** From every state the run can end without a further deviation; where it cannot, it goes round for ever. */
function judgeEnding(on: Search): void {
  const { seen } = on
  const before: number[][] = seen.map(() => [])
  for (const [id, { next }] of seen.entries()) for (const to of next) before[to]?.push(id)
  const canEnd = seen.map(({ ends }) => ends)
  const queue = [...canEnd.keys()].filter((id) => canEnd[id])
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const id of before[at] ?? []) {
      if (canEnd[id]) continue
      canEnd[id] = true
      queue.push(id)
    }
  }
  const stuck = canEnd.indexOf(false)
  if (stuck >= 0 && on.found.size === 0) {
    note(on, stuck, [{ promise: 'ends', path: 'run', text: 'from here the run never ends, whatever happens' }])
  }
}
