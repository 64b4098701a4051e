// What is known of a lock's name before the run: the text it starts with, and how the rest is computed.
import { compile, isTree, type Tree, treesIn } from '../expressions/index.ts'
import type { Template, UsesStep } from '../model.ts'

export interface LockName {
  /** Text that the name starts with; all of it where nothing is computed. */
  readonly start: string
  /** The same text for the same computation; '' where nothing is computed. */
  readonly rest: string
}

/** As people read it: `scp-vm/…`. */
export const shownLock = ({ start, rest }: LockName): string => (rest === '' ? start : `${start}…`)

/** Locks of one kind may be the same lock. Undefined where nothing at all is known of the name. */
export const kindOfLock = (name: LockName): string | undefined => (name.start === '' ? undefined : shownLock(name))

export const lockName = (template: Template): LockName => nameFrom(template, () => undefined)

/** The lock of a call: its root `input` is what the step passes. */
export function callLockName(lock: Template, step: UsesStep): LockName {
  return nameFrom(lock, (tree) => {
    const [root, name, ...more] = namesOf(tree)
    if (root !== 'input' || name === undefined || more.length > 0) return undefined
    return step.with.entries.find((field) => field.name === name)?.value
  })
}

type Passed = (tree: Tree) => Template | undefined

function nameFrom(template: Template, passed: Passed): LockName {
  if (template.kind === 'literal') return { start: String(template.value), rest: '' }
  const compilation = template.kind === 'expression' ? compile(template.source) : undefined
  if (!compilation?.ok) return { start: '', rest: JSON.stringify(template) }
  return operands(compilation.compiled.tree)
    .map((operand) => nameOfOperand(operand, passed))
    .reduce(joined)
}

function nameOfOperand(tree: Tree, passed: Passed): LockName {
  if (tree.type === 'string') return { start: String(tree.value), rest: '' }
  const given = passed(tree)
  return given ? nameFrom(given, () => undefined) : { start: '', rest: print(tree) }
}

const joined = (one: LockName, other: LockName): LockName =>
  one.rest === ''
    ? { start: one.start + other.start, rest: other.rest }
    : { start: one.start, rest: JSON.stringify([one.rest, other.start, other.rest]) }

/** What `&` joins. */
function operands(tree: Tree): readonly Tree[] {
  const [only, ...more] = tree.type === 'block' ? treesIn(tree.expressions) : []
  if (only && more.length === 0) return operands(only)
  const { lhs, rhs } = tree
  return tree.type === 'binary' && tree.value === '&' && isTree(lhs) && isTree(rhs)
    ? [...operands(lhs), ...operands(rhs)]
    : [tree]
}

const namesOf = (tree: Tree): readonly string[] => {
  const steps = tree.type === 'path' ? treesIn(tree.steps) : []
  return steps.every((step) => step.type === 'name' && !('predicate' in step) && !('stages' in step))
    ? steps.map(({ value }) => String(value))
    : []
}

const print = (tree: Tree): string => JSON.stringify(tree, (name, value: unknown) => (name === 'position' ? undefined : value))
