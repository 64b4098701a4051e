// What a node is told in: kinds of things, each by name, as lines; and how lines are made so that none is made twice.
import type { Node } from '../model.ts'
import { add, at, type Line, type Lines, newSum, type Sign, type Sum } from './lines.ts'

/** A node that is being looked into. */
export interface Known {
  readonly node: Node
  readonly sum: Sum
  /** What was made of its frames: each is taken away once for every move that changes it. */
  readonly memory: Map<object, unknown>
}

/** A node whose frames may be remembered. */
export type View = Pick<Known, 'node'> & Partial<Known>

/** One kind of thing in a node, by name. */
export interface Part<T> {
  readonly of: (node: Node) => Readonly<Record<string, T>>
  readonly add: (sum: Sum, sign: Sign, view: View, name: string, value: T) => void
  /** Something else has changed that its lines depend on. */
  readonly isMoved?: (before: Node, node: Node, name: string, value: T) => boolean
}

/** Called with every part, each with its own type of things. */
export type Visit = <T>(part: Part<T>) => void

/** What is made of a frame, as long as it stands. */
export function once<F extends object, T>(make: (frame: F, node: Node) => T): (frame: F, view: View) => T {
  return (frame, { node, memory }) => {
    if (memory === undefined) return make(frame, node)
    const made = (memory.get(frame) as T | undefined) ?? make(frame, node)
    memory.set(frame, made)
    return made
  }
}

export interface Words {
  of(text: string): Line
  ofAll(texts: readonly string[]): Sum
  /** Lines of one kind that go by a name and a word. */
  worded(kind: string): (name: string, word?: string) => Line
  /** The number of a call is left out of its timer's name. Beyond the horizon all distances are the same. */
  timers(kind: string): (name: string, leftMs: number) => Line
}

export function createWords({ of: line }: Lines, horizonMs: number): Words {
  function ofAll(texts: readonly string[]): Sum {
    const sum = newSum()
    for (const text of texts) add(sum, 1, line(text))
    return sum
  }

  function worded(kind: string): (name: string, word?: string) => Line {
    const known = new Map<string, Line>()
    const byName = new Map<string, Map<string, Line>>()
    return (name, word) => {
      const memory = word === undefined ? known : (byName.get(name) ?? new Map<string, Line>())
      if (word !== undefined) byName.set(name, memory)
      const made = memory.get(word ?? name) ?? line(word === undefined ? `${kind} ${name}` : `${kind} ${name} ${word}`)
      memory.set(word ?? name, made)
      return made
    }
  }

  function timers(kind: string): (name: string, leftMs: number) => Line {
    const known = new Map<string, Line>()
    return (name, leftMs) => {
      const own = known.get(name) ?? line(`${kind} ${name.replace(/#\d+$/, '')}`)
      known.set(name, own)
      return at(own, leftMs > horizonMs ? -1 : Math.max(0, leftMs))
    }
  }

  return { of: line, ofAll, worded, timers }
}
