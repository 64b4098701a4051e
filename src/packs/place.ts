// Where in a YAML document something stands: the value of a short scalar, else the key that leads to it.
import type { Span } from '../diagnostics/index.ts'
import { closestNode, type YamlNode } from '../language/index.ts'

export type Path = readonly string[]

/** The place to point at for a path; of a path that leads nowhere, the last key that exists. */
export function spanAt(root: YamlNode, path: Path): Span {
  const last = path.at(-1)
  if (last === undefined) return startOf(root)
  const parent = closestNode(root, path.slice(0, -1))
  if (parent.kind === 'map') {
    const entry = parent.entries.find((candidate) => candidate.key === last)
    if (entry) return entry.value.kind === 'scalar' && entry.value.value !== null ? entry.value.span : entry.keySpan
  }
  if (parent.kind === 'list') {
    const item = parent.items[Number(last)]
    if (item) return startOf(item)
  }
  return spanAt(root, path.slice(0, -1))
}

/** The key at the end of a path. */
export function keySpanAt(root: YamlNode, path: Path): Span {
  const parent = closestNode(root, path.slice(0, -1))
  const entry = parent.kind === 'map' ? parent.entries.find((candidate) => candidate.key === path.at(-1)) : undefined
  return entry?.keySpan ?? spanAt(root, path)
}

/** A whole map or list is too much to point at. */
function startOf(node: YamlNode): Span {
  switch (node.kind) {
    case 'scalar':
      return node.span
    case 'list':
      return node.items[0] ? startOf(node.items[0]) : node.span
    case 'map':
      return node.entries[0]?.keySpan ?? node.span
  }
}
