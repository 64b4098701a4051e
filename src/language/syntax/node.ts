// A YAML document as plain data: maps, lists and scalars, each with its span.
import type { Span } from '../../diagnostics/index.ts'
import type { Json } from '../../values/index.ts'

export type YamlNode = YamlMap | YamlList | YamlScalar

export interface YamlMap {
  readonly kind: 'map'
  readonly entries: readonly YamlEntry[]
  readonly span: Span
}
export interface YamlEntry {
  readonly key: string
  readonly keySpan: Span
  readonly value: YamlNode
}
export interface YamlList {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
  readonly span: Span
}
export interface YamlScalar {
  readonly kind: 'scalar'
  readonly value: null | boolean | number | string
  readonly raw: RawScalar
  readonly span: Span
}

export type ScalarStyle = 'plain' | 'single' | 'double' | 'folded' | 'literal'

/** A scalar as written, from which the place of each of its characters is told. */
export interface RawScalar {
  readonly style: ScalarStyle
  /** As in the file, quotes included; of a block scalar only the lines below its header. */
  readonly source: string
  /** Offset of `source` in the file. */
  readonly start: number
  /** Block scalars: columns by which the parent is indented, and those the header adds (0: told by the first line). */
  readonly indent: number
  readonly headerIndent: number
  readonly chomp: '' | '+' | '-'
  /** A comment stands behind it on its line. */
  readonly commented: boolean
}

/** The entry's value, or undefined. */
export function entryOf(map: YamlMap, key: string): YamlEntry | undefined {
  return map.entries.find((entry) => entry.key === key)
}

export function toJson(node: YamlNode): Json {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, toJson(value)]))
    case 'list':
      return node.items.map(toJson)
    case 'scalar':
      return node.value
  }
}

/** Follows a path of keys and indices as far as it leads: the place to point at when something below is wrong or missing. */
export function closestNode(node: YamlNode, path: readonly string[]): YamlNode {
  const [first, ...rest] = path
  if (first === undefined || node.kind === 'scalar') return node
  const next = node.kind === 'map' ? entryOf(node, first)?.value : node.items[Number(first)]
  return next ? closestNode(next, rest) : node
}
