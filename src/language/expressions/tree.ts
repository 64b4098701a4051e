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
  return Object.values(node).flatMap(treesIn)
}

/** Lists, pairs of an object constructor and wrappers without a type of their own (sort terms, groups) are looked through. */
export function treesIn(value: unknown): readonly Tree[] {
  if (isTree(value)) return [value]
  if (Array.isArray(value)) return value.flatMap(treesIn)
  if (typeof value === 'object' && value !== null && !(value instanceof RegExp)) return Object.values(value).flatMap(treesIn)
  return []
}
