// What a move left as it was is shared with the node before it: it takes no memory, and its name is known already.
import type { Node } from './model.ts'

/** Nobody changes a node that was looked into: forks copy first. */
export function share(next: Node, before: Node): void {
  shareIn(next.state.blocks, before.state.blocks)
  shareIn(next.state.steps, before.state.steps)
  shareIn(next.state.obligations, before.state.obligations)
  shareIn(next.state.locks, before.state.locks)
}

function shareIn<T extends object>(next: Record<string, T>, before: Readonly<Record<string, T>>): void {
  for (const name in next) {
    const known = before[name]
    if (known !== undefined && isSame(next[name], known, DEPTH)) next[name] = known
  }
}

/** As deep as a fork copies: a step, its loop, the keys of the loop. */
const DEPTH = 3

function isSame(a: unknown, b: unknown, depth: number): boolean {
  if (a === b) return true
  if (depth === 0 || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, at) => isSame(each, b[at], depth - 1))
  let fields = 0
  for (const name in a) {
    if (!isSame(a[name as keyof typeof a], b[name as keyof typeof b], depth - 1)) return false
    fields += 1
  }
  for (const _ in b) fields -= 1
  return fields === 0
}
