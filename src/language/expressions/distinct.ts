// `$distinct` in time that grows with the list. The library's own compares each item with each: of a million items, for hours.

interface Evaluation {
  createSequence(): unknown[]
}

/** As the library has it: the first of those that are alike stays. */
export function distinct(this: unknown, list: unknown): unknown {
  if (!Array.isArray(list) || list.length <= 1) return list
  const isSequence = (list as { sequence?: boolean }).sequence === true
  const first = isSequence ? (this as Evaluation).createSequence() : []
  const seen = new Set<unknown>()
  for (const item of list) {
    const likeness = typeof item === 'object' && item !== null ? `{${JSON.stringify(item, sorted)}` : keyOf(item)
    if (seen.has(likeness)) continue
    seen.add(likeness)
    first.push(item)
  }
  return first
}

/** Texts apart from what objects are known by. */
const keyOf = (item: unknown): unknown => (typeof item === 'string' ? `"${item}` : item)

/** Objects are alike whatever the order of their keys. */
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value
