// JSONata's syntax tree as far as we read it. The library does not type it; every field is looked at before use.

export interface Tree {
  readonly type: string
  readonly value?: unknown
  /** Offset behind the token, within the source. */
  readonly position?: number
  readonly [field: string]: unknown
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** A node's children in the order of the source, as far as the library keeps it. */
export function childrenOf(node: Tree): readonly Tree[] {
  const found: Tree[] = []
  for (const name in node) collect(node[name], found)
  return found
}

/** Lists, pairs of an object constructor and wrappers without a type of their own (sort terms, groups) are looked through. */
export function treesIn(value: unknown): readonly Tree[] {
  const found: Tree[] = []
  collect(value, found)
  return found
}

function collect(value: unknown, found: Tree[]): void {
  if (typeof value !== 'object' || value === null) return
  if (isTree(value)) found.push(value)
  else if (Array.isArray(value)) for (const item of value) collect(item, found)
  else if (!(value instanceof RegExp)) for (const item of Object.values(value)) collect(item, found)
}
