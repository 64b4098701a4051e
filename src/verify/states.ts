// The states that were seen, by their names, the way to each, and where moves without a deviation lead. Plain arrays of numbers: a
// search may see millions.
import type { Name } from './naming/index.ts'

export interface Entry {
  /** The state that a move led from; -1 for the first. */
  readonly parent: number
  /** The moves from there. */
  readonly choices: readonly number[]
  readonly faults: number
  /** The run has ended, and owes nothing. */
  readonly ends: boolean
}

export interface States {
  /** Answers the number of the state. It is a new one too where the same was reached with more deviations before: more can follow. */
  enter(name: Name, entry: Entry): { readonly id: number; readonly isNew: boolean }
  /** A move without a deviation leads from one to the other. */
  lead(from: number, to: number): void
  count(): number
  depth(): number
  depthOf(id: number): number
  faultsOf(id: number): number
  isSuperseded(id: number): boolean
  /** The moves from the first state. */
  wayTo(id: number): readonly number[]
  /** A state from which no moves without deviations lead to an end; -1 where there is none. */
  stuck(): number
}

export function createStates(): States {
  const names = createNames()
  const parents = createNumbers(Int32Array)
  const depths = createNumbers(Int32Array)
  const faults = createNumbers(Uint8Array)
  const marks = createNumbers(Uint8Array)
  /** The choices of a state are those between its entry here and the next state's. */
  const firstChoices = createNumbers(Int32Array)
  const choices = createNumbers(Uint16Array)
  const from = createNumbers(Int32Array)
  const to = createNumbers(Int32Array)

  return {
    enter(name, entry) {
      const id = parents.size()
      const known = names.put(name, id, (before) => faults.at(before) > entry.faults)
      if (known >= 0 && faults.at(known) <= entry.faults) return { id: known, isNew: false }
      if (known >= 0) {
        marks.set(known, marks.at(known) | SUPERSEDED)
        from.push(known)
        to.push(id)
      }
      parents.push(entry.parent)
      depths.push(entry.parent < 0 ? 0 : depths.at(entry.parent) + 1)
      faults.push(entry.faults)
      marks.push(entry.ends ? ENDS : 0)
      firstChoices.push(choices.size())
      for (const choice of entry.choices) choices.push(choice)
      return { id, isNew: true }
    },
    lead(id, next) {
      from.push(id)
      to.push(next)
    },
    count: parents.size,
    depth() {
      let most = 0
      for (let id = 0; id < depths.size(); id += 1) most = Math.max(most, depths.at(id))
      return most
    },
    depthOf: depths.at,
    faultsOf: faults.at,
    isSuperseded: (id) => (marks.at(id) & SUPERSEDED) !== 0,
    wayTo(id) {
      const way: number[][] = []
      for (let at = id; parents.at(at) >= 0; at = parents.at(at)) {
        const end = at + 1 < parents.size() ? firstChoices.at(at + 1) : choices.size()
        const part: number[] = []
        for (let index = firstChoices.at(at); index < end; index += 1) part.push(choices.at(index))
        way.push(part)
      }
      return way.reverse().flat()
    },
    stuck() {
      const before = createLists(parents.size(), from, to)
      const queue: number[] = []
      const canEnd = new Uint8Array(parents.size())
      const mark = (id: number): void => {
        if (canEnd[id] === 1) return
        canEnd[id] = 1
        queue.push(id)
      }
      for (let id = 0; id < canEnd.length; id += 1) if ((marks.at(id) & ENDS) !== 0) mark(id)
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) before(id, mark)
      return canEnd.indexOf(0)
    },
  }
}

const ENDS = 1
const SUPERSEDED = 2

// ---- arrays that grow -------------------------------------------------------------------------------------------

interface Numbers {
  push(value: number): void
  at(index: number): number
  set(index: number, value: number): void
  size(): number
}

function createNumbers(Kind: Int32ArrayConstructor | Uint16ArrayConstructor | Uint8ArrayConstructor): Numbers {
  let values: Int32Array | Uint16Array | Uint8Array = new Kind(1024)
  let size = 0
  return {
    push(value) {
      if (size === values.length) {
        const larger = new Kind(size * 2)
        larger.set(values)
        values = larger
      }
      values[size++] = value
    },
    at: (index) => values[index] ?? 0,
    set(index, value) {
      values[index] = value
    },
    size: () => size,
  }
}

/** Visits what leads to a state. */
function createLists(count: number, from: Numbers, to: Numbers): (id: number, visit: (id: number) => void) => void {
  const starts = new Int32Array(count + 1)
  for (let edge = 0; edge < to.size(); edge += 1) starts[to.at(edge) + 1] = (starts[to.at(edge) + 1] ?? 0) + 1
  for (let id = 0; id < count; id += 1) starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0)
  const next = starts.slice()
  const sources = new Int32Array(to.size())
  for (let edge = 0; edge < to.size(); edge += 1) {
    const target = to.at(edge)
    const place = next[target] ?? 0
    sources[place] = from.at(edge)
    next[target] = place + 1
  }
  return (id, visit) => {
    for (let place = starts[id] ?? 0; place < (starts[id + 1] ?? 0); place += 1) visit(sources[place] ?? 0)
  }
}

// ---- names ------------------------------------------------------------------------------------------------------

/** A table of names with open addresses. */
function createNames() {
  let slots = 1 << 12
  let a = new Int32Array(slots)
  let b = new Int32Array(slots)
  /** Zero where it is free, else the number of the state and one. */
  let ids = new Int32Array(slots)
  let size = 0

  function slotOf(nameA: number, nameB: number): number {
    let slot = (nameA ^ (nameB >>> 7)) & (slots - 1)
    while (ids[slot] !== 0 && (a[slot] !== nameA || b[slot] !== nameB)) slot = (slot + 1) & (slots - 1)
    return slot
  }

  function grow(): void {
    const [oldA, oldB, oldIds] = [a, b, ids]
    slots *= 2
    a = new Int32Array(slots)
    b = new Int32Array(slots)
    ids = new Int32Array(slots)
    for (let old = 0; old < oldIds.length; old += 1) {
      if (oldIds[old] === 0) continue
      const slot = slotOf(oldA[old] ?? 0, oldB[old] ?? 0)
      a[slot] = oldA[old] ?? 0
      b[slot] = oldB[old] ?? 0
      ids[slot] = oldIds[old] ?? 0
    }
  }

  return {
    /** Answers who has the name, or -1. It goes to `id` if nobody has, or if it `mayReplace` who has. */
    put(name: Name, id: number, mayReplace: (before: number) => boolean): number {
      const slot = slotOf(name.a, name.b)
      const before = (ids[slot] ?? 0) - 1
      if (before >= 0 && !mayReplace(before)) return before
      a[slot] = name.a
      b[slot] = name.b
      ids[slot] = id + 1
      size += before < 0 ? 1 : 0
      if (size * 2 > slots) grow()
      return before
    },
  }
}
