// Types inside an expression that is cut off, as it is while somebody types: brackets that stand open are closed first.
import { childrenOf, compile, type Tree, treesIn } from '../expressions/index.ts'
import { inferTree, type Surroundings } from './infer.ts'
import { elementsOf } from './sequence.ts'
import { present, type Type } from './type.ts'

/**
 * The type of the path or variable that ends where `before` ends. Undefined inside a text, and where nothing ends there or what stands
 * before is no expression.
 */
export function typeOfCut(before: string, surroundings: Surroundings): Type | undefined {
  const closers = closersOf(before)
  if (closers === undefined) return undefined
  const compilation = compile(before + closers)
  if (!compilation.ok) return undefined
  const { tree } = compilation.compiled
  const seen = new Map<Tree, Type>()
  inferTree(tree, { ...surroundings, seen })
  const node = nodeEndingAt(tree, before.length)
  return node && seen.get(node)
}

export interface Property {
  readonly name: string
  readonly type: Type
}

/** What can follow `head`, which ends with a dot or with anything that an operand may follow: the properties of the value that is seen there. */
export function propertiesAfter(head: string, surroundings: Surroundings): readonly Property[] {
  const context = typeOfCut(`${head}$`, surroundings)
  const { object } = present(context ? elementsOf(context) : {})
  return Object.entries(object?.properties ?? {}).map(([name, type]) => ({ name, type }))
}

/** The variables that an expression has bound before its end. */
export const variablesIn = (before: string): readonly string[] => [
  ...new Set([...before.matchAll(/\$([A-Za-z]\w*)\s*:=|[@#]\$([A-Za-z]\w*)/g)].flatMap(([, bound, at]) => bound ?? at ?? [])),
  ...new Set(
    [...before.matchAll(/function\s*\(([^)]*)\)/g)].flatMap(([, names = '']) => names.match(/(?<=\$)[A-Za-z]\w*/g) ?? []),
  ),
]

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }
const TOKENS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\/\*[\s\S]*?\*\/|["'`]|\/\*|[()[\]{}]/g

/** What closes the brackets that stand open; undefined inside a text or a comment. */
export function closersOf(text: string): string | undefined {
  const open: string[] = []
  for (const [token] of text.matchAll(TOKENS)) {
    const closing = CLOSING[token]
    if (closing !== undefined) open.push(closing)
    else if (token === open.at(-1)) open.pop()
    else if (/^(?:["'`]|\/\*)$/.test(token)) return undefined
  }
  return open.toReversed().join('')
}

function nodeEndingAt(tree: Tree, end: number): Tree | undefined {
  for (const child of childrenOf(tree)) {
    const inside = nodeEndingAt(child, end)
    if (inside) return inside
  }
  if (tree.type === 'variable') return tree.position === end ? tree : undefined
  return tree.type === 'path' && treesIn(tree.steps).at(-1)?.position === end ? tree : undefined
}
