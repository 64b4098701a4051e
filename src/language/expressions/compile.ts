// Source → a compiled expression, once per source. The only user of the jsonata library.
import jsonata from 'jsonata'
import { distinct } from './distinct.ts'
import type { Tree } from './tree.ts'

export interface Compiled {
  readonly tree: Tree
  /** Rejects with what the library throws. */
  evaluate(roots: Readonly<Record<string, unknown>>): Promise<unknown>
}

export interface SyntaxProblem {
  /** The library's code, such as `S0202`. */
  readonly code: string
  readonly message: string
  /** Offset behind the offending token, within the source; absent where the library cannot tell. */
  readonly position?: number
  readonly token: string
}

export type Compilation =
  | { readonly ok: true; readonly compiled: Compiled }
  | { readonly ok: false; readonly problem: SyntaxProblem }

/** What an evaluation may cost before it is stopped: work, which is the same on every machine. */
export const BOUNDS = {
  /** Nested evaluations. */
  depth: 500,
  /** Items of any one sequence. */
  sequence: 1_000_000,
  /** Nodes evaluated: about a second. */
  nodes: 1_000_000,
  /** Items of lists, and characters of texts, that nodes answered, all together: a few seconds. */
  items: 100_000_000,
  /** Far beyond all of them, however busy the machine: for what none of them counts. */
  timeoutMs: 600_000,
} as const

/** Not the same twice, or code from data: refused by check, and shadowed should one slip through. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  now: 'it would give another answer when the run is resumed; use ${ run.startedAt }',
  millis: 'it would give another answer when the run is resumed; use ${ run.startedAt }',
  random: 'it would give another answer when the run is resumed',
  shuffle: 'it would give another answer when the run is resumed',
  eval: 'what a runbook does must be readable in the runbook',
}

const CACHE_LIMIT = 20_000
const cache = new Map<string, Compilation>()

export function compile(source: string): Compilation {
  const known = cache.get(source)
  if (known) return known
  const made = compileAnew(source)
  if (cache.size >= CACHE_LIMIT) cache.clear()
  cache.set(source, made)
  return made
}

function compileAnew(source: string): Compilation {
  try {
    const expression = jsonata(source, { timeout: BOUNDS.timeoutMs, stack: BOUNDS.depth, sequence: BOUNDS.sequence })
    for (const name of Object.keys(REFUSED_FUNCTIONS)) expression.assign(name, undefined)
    expression.assign(ENTRY_HOOK as unknown as string, countNode)
    expression.assign(EXIT_HOOK as unknown as string, countItems)
    expression.registerFunction('distinct', distinct, '<x:x>')
    // The library's own type of the tree lacks most of its fields.
    const tree = expression.ast() as unknown as Tree
    return { ok: true, compiled: { tree, evaluate: (roots) => expression.evaluate(roots) } }
  } catch (error) {
    return { ok: false, problem: toProblem(error) }
  }
}

const ENTRY_HOOK = Symbol.for('jsonata.__evaluate_entry')
const EXIT_HOOK = Symbol.for('jsonata.__evaluate_exit')

interface Work {
  nodes: number
  items: number
}

/** One environment per evaluation, hence one count per evaluation. */
const workByEvaluation = new WeakMap<object, Work>()

interface Environment {
  readonly base: object
}

function workOf({ base }: Environment): Work {
  const work = workByEvaluation.get(base) ?? { nodes: 0, items: 0 }
  workByEvaluation.set(base, work)
  return work
}

function countNode(_tree: unknown, _input: unknown, environment: Environment): void {
  const work = workOf(environment)
  work.nodes += 1
  if (work.nodes > BOUNDS.nodes) throw stopped(`${BOUNDS.nodes} nodes`)
}

function countItems(_tree: unknown, _input: unknown, environment: Environment, result: unknown): void {
  if (typeof result !== 'string' && !Array.isArray(result)) return
  const work = workOf(environment)
  work.items += result.length
  if (work.items > BOUNDS.items) throw stopped(`${BOUNDS.items} items`)
}

const stopped = (after: string) => ({ code: 'D1012', message: `Evaluation stopped after ${after}` })

function toProblem(error: unknown): SyntaxProblem {
  const { code, message, position, token } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  return {
    code: typeof code === 'string' ? code : 'S0000',
    message: typeof message === 'string' ? message : String(error),
    ...(typeof position === 'number' ? { position } : {}),
    token: typeof token === 'string' ? token : '',
  }
}
