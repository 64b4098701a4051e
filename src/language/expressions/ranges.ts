// Which part of the source a node of the syntax tree came from. The library tells only where each token ends.
import { childrenOf, type Tree } from './tree.ts'

/** Half-open, in characters of the source. */
export type Range = readonly [start: number, end: number]

/** A name, also one in backquotes or quotes. */
export function rangeOfName(name: Tree, source: string): Range {
  const end = name.position ?? source.length
  const quoted = /["'`]/.test(source.charAt(end - 1)) ? 2 : 0
  return [Math.max(0, end - String(name.value).length - quoted), end]
}

/** From the first token of a node to its last, with the brackets that belong to it; the whole source where it cannot be told. */
export function rangeOf(node: Tree, source: string): Range {
  let start = source.length
  let end = 0
  const visit = (tree: Tree): void => {
    if (typeof tree.position === 'number' && tree.position > 0) {
      const token =
        tree.type === 'name' || tree.type === 'variable' || tree.type === 'string' ? rangeOfName(tree, source) : undefined
      const length = tree.type === 'variable' ? String(tree.value).length + 1 : lengthOf(tree)
      start = Math.min(start, token && tree.type !== 'variable' ? token[0] : Math.max(0, tree.position - length))
      end = Math.max(end, tree.position)
    }
    for (const child of childrenOf(tree)) visit(child)
  }
  visit(node)
  return start < end ? [start, closed(source, start, end)] : [0, source.length]
}

const lengthOf = ({ type, value }: Tree): number =>
  type === 'regex' && value instanceof RegExp
    ? value.source.length + 2
    : value === null
      ? 'null'.length
      : typeof value === 'object'
        ? 1
        : String(value ?? ' ').length

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Takes in the brackets that the range opens and does not close. */
function closed(source: string, start: number, end: number): number {
  const open: string[] = []
  let last = end
  for (const { 0: token, index } of source.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()[\]{}]/g)) {
    const at = start + index
    if (at >= last && open.length === 0) break
    const closing = CLOSING[token]
    if (closing !== undefined && at < last) open.push(closing)
    else if (token === open.at(-1)) {
      open.pop()
      last = Math.max(last, at + 1)
    } else if (at >= last && closing === undefined) break
  }
  return last
}
