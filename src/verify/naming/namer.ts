// The name of a node: nodes with the same name have the same future. Left out is what decides nothing: moments (only distances from
// now count), counters of calls, attempts for people, last failures of obligations, what has ended, what nobody reads any more,
// orders among strands, and which of several interchangeable items is which.
import type { Node, Subject } from '../model.ts'
import { horizonOf } from '../options.ts'
import { copyOfSum, createLines, type Name, nameOfSum, newSum, type Sum } from './lines.ts'
import { partsOfRun } from './of-run.ts'
import { toldOfWorld } from './of-world.ts'
import { createWords, type Known, type Part, type View, type Visit } from './part.ts'

export interface Namer {
  /** What a node is, in sum. After a move from a node whose sum is known only what has changed is looked at. */
  sumOf(node: Node, before?: Known): Sum
  nameOf(sum: Sum): Name
}

/** `lists`: paths of loops and sources of lists whose items are interchangeable; it may grow. */
export function createNamer(subject: Subject, lists: ReadonlySet<string>): Namer {
  const lines = createLines(lists)
  const words = createWords(lines, horizonOf(subject))
  const eachOfRun = partsOfRun(subject, words)
  const { eachPart: eachOfWorld, addLists, addRest, isRestSame } = toldOfWorld(subject, words)

  function eachPart(visit: Visit): void {
    eachOfRun(visit)
    eachOfWorld(visit)
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
