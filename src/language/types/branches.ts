// The parts among which an expression chooses: each has to fit where the expression stands.

import type { Json } from '../../values/index.ts'
import { compile, isTree, type Tree, treesIn } from '../expressions/index.ts'
import { fromValue } from './from-schema.ts'
import { inferTree, type Surroundings } from './infer.ts'
import { type Type, UNKNOWN } from './type.ts'

export interface Branch {
  readonly node: Tree
  readonly type: Type
  /** Where it is written out. */
  readonly literal?: Json
}

/** Branches of conditions, defaults, the last of a block; the whole expression where it does not choose. */
export function branchesOf(source: string, surroundings: Surroundings): readonly Branch[] {
  const compilation = compile(source)
  if (!compilation.ok) return []
  const { tree } = compilation.compiled
  const ends = endsOf(tree)
  const seen = new Map<Tree, Type>()
  // What the whole yields is known already.
  if (ends.some((end) => end !== tree && !LITERALS.has(end.type))) inferTree(tree, { ...surroundings, seen })
  return ends.map((node): Branch => {
    const { value } = node
    const isScalar = value === null || ['string', 'number', 'boolean'].includes(typeof value)
    if (LITERALS.has(node.type) && isScalar) return { node, type: fromValue(value as Json), literal: value as Json }
    return { node, type: seen.get(node) ?? UNKNOWN }
  })
}

const LITERALS: ReadonlySet<string> = new Set(['string', 'number', 'value'])

function endsOf(tree: Tree): readonly Tree[] {
  if ('predicate' in tree || 'group' in tree) return [tree]
  switch (tree.type) {
    case 'condition':
      return [tree.then, tree.else].flatMap((branch) => (isTree(branch) ? endsOf(branch) : []))
    case 'block': {
      const last = treesIn(tree.expressions).at(-1)
      return last ? endsOf(last) : []
    }
    default:
      return [tree]
  }
}
