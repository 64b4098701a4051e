// The literals among which an expression chooses: each has to fit where the expression stands.
import { compile, isTree, type Tree, treesIn } from '../expressions/index.ts'
import { fromValue } from './from-schema.ts'
import type { Type } from './type.ts'

export interface LiteralBranch {
  readonly node: Tree
  readonly type: Type
}

/** Literals that the whole expression may yield: branches of conditions, defaults, the last of a block. */
export function literalBranches(source: string): readonly LiteralBranch[] {
  const compilation = compile(source)
  return compilation.ok ? branchesOf(compilation.compiled.tree) : []
}

function branchesOf(tree: Tree): readonly LiteralBranch[] {
  if ('predicate' in tree || 'group' in tree) return []
  switch (tree.type) {
    case 'condition':
      return [tree.then, tree.else].flatMap((branch) => (isTree(branch) ? branchesOf(branch) : []))
    case 'block': {
      const last = treesIn(tree.expressions).at(-1)
      return last ? branchesOf(last) : []
    }
    case 'string':
    case 'number':
      return [{ node: tree, type: fromValue(tree.value as string | number) }]
    case 'value':
      return tree.value === null || typeof tree.value === 'boolean' ? [{ node: tree, type: fromValue(tree.value) }] : []
    default:
      return []
  }
}
