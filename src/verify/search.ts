// The search: breadth first, all that fewer deviations reach before more, so that a counterexample is as short as can be.
import { createState } from '../kernel/index.ts'
import { fork, share } from './fork.ts'
import type { Counterexample, Node, Option, Subject, Verdict, Violation } from './model.ts'
import { createNamer, type Known, type Namer, type Sum } from './naming/index.ts'
import { optionsOf } from './options.ts'
import { perform } from './perform.ts'
import { onlyLocal, reduced } from './reduce.ts'
import { createStates, type States } from './states.ts'
import { createUnknowns, type Unknowns } from './unknowns.ts'

export interface Bounds {
  /** Deviations from a good day: failures, lost answers, slow calls, crashes, cancels. */
  readonly faults: number
  readonly maxStates: number
  /** The search ends when it answers true, and is not complete then. */
  readonly isTimeUp?: () => boolean
  /** Different violations after which the search ends. */
  readonly maxViolations: number
  /** Leave out orders that cannot matter. Off only to show that they do not. */
  readonly reduce?: boolean
  /** Take items of a list that only a run can tell for interchangeable. Off only to show that they are. */
  readonly symmetry?: boolean
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

interface Waiting {
  readonly id: number
  readonly node: Node
  readonly sum: Sum
}

type From = Waiting & Known

interface Search {
  readonly subject: Subject
  readonly bounds: Bounds
  readonly unknowns: Unknowns
  readonly namer: Namer
  readonly states: States
  /** States to look into, by their number of deviations. */
  readonly levels: (Waiting | undefined)[][]
  readonly found: Map<string, Counterexample>
  transitions: number
}

export async function search(subject: Subject, bounds: Bounds): Promise<Verdict> {
  const unknowns = createUnknowns(subject)
  const on: Search = {
    subject,
    bounds,
    unknowns,
    namer: createNamer(subject, bounds.symmetry === false ? new Set() : unknowns.lists),
    states: createStates(),
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
      const first = a && (!b || on.states.depthOf(a.id) <= on.states.depthOf(b.id)) ? a : b
      if (!first) break
      // What was looked into may be forgotten: only the way to it is kept.
      if (first === a) entries[entry++] = undefined
      else level[own++] = undefined
      if (on.states.isSuperseded(first.id)) continue
      const { evaluations } = first.node.world
      for (const command of evaluations) {
        const working = on.unknowns.prepare(command, first.node.state)
        if (working) await working
      }
      expand(on, first)
      complete = !isSpent(on)
    }
  }
  const { transitions, states } = on
  if (complete) {
    const stuck = states.stuck()
    if (stuck >= 0 && on.found.size === 0) {
      note(on, stuck, [{ promise: 'ends', path: 'run', text: 'from here the run never ends, whatever happens' }])
    }
  }
  return {
    violations: [...on.found.values()],
    complete,
    states: states.count(),
    transitions,
    depth: states.depth(),
    faults: bounds.faults,
    items: subject.items,
  }
}

function isSpent({ states, found, bounds }: Search): boolean {
  return states.count() >= bounds.maxStates || found.size >= bounds.maxViolations || bounds.isTimeUp?.() === true
}

function expand(on: Search, { id, node, sum }: Waiting): void {
  const from: From = { id, node, sum, memory: new Map() }
  const { subject, unknowns, bounds } = on
  const options = optionsOf(subject, unknowns, node)
  const budget = bounds.faults - node.world.faults
  const chosen = bounds.reduce === false ? undefined : reduced(subject, unknowns, node, options, budget)
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
      const only = onlyLocal(subject, unknowns, next)
      if (!only) break
      choices.push(only.choice)
      violations = perform(subject, unknowns, next, only.option)
      on.transitions += 1
    }
    if (violations.length > 0) note(on, id, violations, choices, option.cost)
    else {
      const to = enter(on, next, id, choices, from)
      if (option.cost === 0) on.states.lead(id, to)
    }
  }
}

/** Answers the number of the state, which is a new one where nobody was there with as few deviations. */
function enter(on: Search, node: Node, parent: number, choices: readonly number[], before?: From): number {
  const { states, bounds } = on
  const { faults, finished } = node.world
  const ends = finished && Object.keys(node.state.obligations).length === 0
  const sum = on.namer.sumOf(node, before)
  const name = bounds.merge === false ? { a: states.count(), b: 0 } : on.namer.nameOf(sum)
  const { id, isNew } = states.enter(name, { parent, choices, faults, ends })
  if (isNew) {
    if (before) share(node, before.node)
    on.levels[faults]?.push({ id, node, sum })
  }
  return id
}

/** Keeps the first, hence shortest, way to each kind of violation. */
function note(on: Search, id: number, violations: readonly Violation[], last: readonly number[] = [], cost = 0): void {
  const [first] = violations
  if (!first) return
  const kind = `${first.promise} ${first.text}`
  if (on.found.has(kind)) return
  on.found.set(kind, { violations, choices: [...on.states.wayTo(id), ...last], faults: on.states.faultsOf(id) + cost })
}
