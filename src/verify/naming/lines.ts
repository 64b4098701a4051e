// Lines of text, each as a pair of numbers, and sums of them: what a state is, in any order, as 64 bits.
//
// Items of a list that only a run can tell are the same to everybody: which is first and which is second decides nothing. A line that
// names such items is kept twice: as it stands, and with the items' numbers left out. A sum puts together what is said of the same
// item, and adds up the items; so states in which two items have changed places have the same sum. Where a line ties two items of one
// list together, the whole sum is taken as it stands.
import { textNamed } from '../identity.ts'

export interface Line {
  /** As it stands. */
  readonly a: number
  readonly b: number
  /** With the items' numbers left out. */
  readonly looseA: number
  readonly looseB: number
  /** A bit for each item that it names; `TIED` where that cannot be told apart. */
  readonly items: number
}

const TIED = -1
const MOST_ITEMS = 30

export interface Lines {
  of(text: string): Line
  /** The items of each list, as bits. */
  readonly lists: readonly number[]
}

/** `lists`: paths of loops and sources of lists whose items are interchangeable. */
export function createLines(lists: ReadonlySet<string>): Lines {
  const byText = new Map<string, Line>()
  const numbers = new Map<string, number>()
  const bits = new Map<string, number>()
  const listBits: number[] = []
  const listIndexes = new Map<string, number>()

  const numberOf = (text: string): number => {
    const known = numbers.get(text) ?? numbers.size + 1
    numbers.set(text, known)
    return known
  }

  const bitOf = (list: string, item: string): number => {
    const known = bits.get(item)
    if (known !== undefined) return known
    const bit = bits.size < MOST_ITEMS ? 1 << bits.size : TIED
    bits.set(item, bit)
    const index = listIndexes.get(list) ?? listBits.length
    listIndexes.set(list, index)
    listBits[index] = (listBits[index] ?? 0) | bit
    return bit
  }

  const read = (text: string): Line => {
    let items = 0
    const whole = text.replaceAll(/~[0-9a-z]+/g, (name) => textNamed(name) ?? name)
    const loose = whole.replaceAll(ITEM, (token, list: string, index: string, rest: string) => {
      if (!lists.has(list)) return token
      items |= bitOf(list, `${list}[${index}]`)
      return `${list}[*]${rest}`
    })
    const number = numberOf(text)
    const looseNumber = items === 0 ? number : numberOf(loose)
    return { a: first(number), b: second(number), looseA: first(looseNumber), looseB: second(looseNumber), items }
  }

  return {
    lists: listBits,
    of(text) {
      const known = byText.get(text)
      if (known) return known
      const line = read(text)
      byText.set(text, line)
      return line
    },
  }
}

/** The outermost item that a path or an unknown value names, and what follows it. */
const ITEM = /([A-Za-z][\w./-]*)\[([^\]]*)\]([\w./!?%[\]-]*)/g

/** The line, of something that is so many milliseconds away. */
export const at = (line: Line, distanceMs: number): Line => ({
  a: first(line.a + Math.imul(distanceMs, 0x27d4eb2f)),
  b: second(line.b ^ Math.imul(distanceMs, 0x165667b1)),
  looseA: first(line.looseA + Math.imul(distanceMs, 0x27d4eb2f)),
  looseB: second(line.looseB ^ Math.imul(distanceMs, 0x165667b1)),
  items: line.items,
})

/** Both are one to one and look like chance (the finalizer of MurmurHash3). */
const first = (number: number): number => scatter(Math.imul(number, 0x9e3779b1) + 0x7f4a7c15)
const second = (number: number): number => scatter(Math.imul(number, 0x85ebca6b) ^ 0x2545f491)

function scatter(number: number): number {
  let bits = number | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** Equal for the same lines in any order, and for states that differ in the places of interchangeable items alone. */
export interface Name {
  readonly a: number
  readonly b: number
}

/** A sum of lines. */
export interface Sum {
  a: number
  b: number
  /** What is said of no item. */
  freeA: number
  freeB: number
  /** What is said of items, by the items named together; and how many lines say it. */
  readonly items: number[]
  readonly itemA: number[]
  readonly itemB: number[]
  readonly counts: number[]
}

export const newSum = (): Sum => ({ a: 0, b: 0, freeA: 0, freeB: 0, items: [], itemA: [], itemB: [], counts: [] })

export const copyOfSum = (sum: Sum): Sum => ({
  ...sum,
  items: sum.items.slice(),
  itemA: sum.itemA.slice(),
  itemB: sum.itemB.slice(),
  counts: sum.counts.slice(),
})

export type Sign = 1 | -1

/** Adds the line, or takes it away. */
export function add(sum: Sum, sign: Sign, { a, b, looseA, looseB, items }: Line): void {
  sum.a = (sum.a + sign * a) | 0
  sum.b = (sum.b + sign * b) | 0
  if (items === 0) {
    sum.freeA = (sum.freeA + sign * looseA) | 0
    sum.freeB = (sum.freeB + sign * looseB) | 0
  } else addItems(sum, sign, items, looseA, looseB, 1)
}

export function addSum(sum: Sum, sign: Sign, part: Sum): void {
  sum.a = (sum.a + sign * part.a) | 0
  sum.b = (sum.b + sign * part.b) | 0
  sum.freeA = (sum.freeA + sign * part.freeA) | 0
  sum.freeB = (sum.freeB + sign * part.freeB) | 0
  for (let at = 0; at < part.items.length; at += 1) {
    addItems(sum, sign, part.items[at] ?? 0, part.itemA[at] ?? 0, part.itemB[at] ?? 0, part.counts[at] ?? 0)
  }
}

function addItems({ items, itemA, itemB, counts }: Sum, sign: Sign, named: number, a: number, b: number, count: number): void {
  let at = items.indexOf(named)
  if (at < 0) {
    at = items.length
    items.push(named)
    itemA.push(0)
    itemB.push(0)
    counts.push(0)
  }
  itemA[at] = ((itemA[at] ?? 0) + sign * a) | 0
  itemB[at] = ((itemB[at] ?? 0) + sign * b) | 0
  counts[at] = (counts[at] ?? 0) + sign * count
}

export function nameOfSum(sum: Sum, { lists }: Lines): Name {
  const groups = groupsIn(sum)
  if (groups.length === 0) return { a: sum.a, b: sum.b }
  let { freeA: a, freeB: b } = sum
  for (const group of groups) {
    for (const list of lists) if (isMany(group.items & list)) return { a: sum.a, b: sum.b }
    a = (a + first(group.a ^ second(group.b))) | 0
    b = (b + second(group.b ^ first(group.a))) | 0
  }
  return { a, b }
}

const isMany = (bits: number): boolean => (bits & (bits - 1)) !== 0

/** What is said of the same item, or of items of different lists that a line ties together, belongs together. */
function groupsIn({ items, itemA, itemB, counts }: Sum): { items: number; a: number; b: number }[] {
  const groups: { items: number; a: number; b: number }[] = []
  for (let at = 0; at < items.length; at += 1) {
    if (counts[at] === 0) continue
    const group = { items: items[at] ?? 0, a: itemA[at] ?? 0, b: itemB[at] ?? 0 }
    for (let other = 0; other < groups.length; other += 1) {
      const known = groups[other]
      if (known === undefined || (known.items & group.items) === 0) continue
      group.items |= known.items
      group.a = (group.a + known.a) | 0
      group.b = (group.b + known.b) | 0
      groups.splice(other, 1)
      // It may touch one that it passed by.
      other = -1
    }
    groups.push(group)
  }
  return groups
}
