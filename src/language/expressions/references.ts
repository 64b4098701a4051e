// What an expression refers to: the static paths that start at a root. Names inside predicates and later path steps are relative
// to what stands before them and are no references.
import type { Span } from '../../diagnostics/index.ts'
import type { ExpressionTemplate, Template } from '../model.ts'
import { compile } from './compile.ts'
import { type Range, rangeOfName } from './ranges.ts'
import { spanWithin } from './span-within.ts'
import { isTree, type Tree, treesIn } from './tree.ts'

export interface Reference {
  /** `inputs`, `steps`, `vm` … */
  readonly root: string
  /** The names that follow it: `['snap', 'handle']`. */
  readonly path: readonly string[]
  /** Root to last name. */
  readonly span: Span
  /** Of the root and then of each name in `path`. */
  readonly partSpans: readonly Span[]
  /** Only whether it is there is asked: `$exists( … )`. */
  readonly asked?: true
}

/** All references in a template, in reading order. */
export function references(template: Template): readonly Reference[] {
  switch (template.kind) {
    case 'literal':
      return []
    case 'list':
      return template.items.flatMap(references)
    case 'map':
      return template.entries.flatMap((entry) => references(entry.value))
    case 'expression':
      return referencesOf(template)
  }
}

const known = new WeakMap<ExpressionTemplate, readonly Reference[]>()

function referencesOf(template: ExpressionTemplate): readonly Reference[] {
  const before = known.get(template)
  if (before) return before
  const made = staticPaths(template.source).map((path) => toReference(path, template))
  known.set(template, made)
  return made
}

/** A static path with the source ranges of its names. */
export interface StaticPath {
  readonly names: readonly string[]
  readonly ranges: readonly Range[]
  /** Only whether it is there is asked: `$exists( … )`. */
  readonly asked?: true
}

const cache = new WeakMap<Tree, readonly StaticPath[]>()

/** The static paths of an expression; none when it does not compile. */
export function staticPaths(source: string): readonly StaticPath[] {
  const compilation = compile(source)
  if (!compilation.ok) return []
  const { tree } = compilation.compiled
  const before = cache.get(tree)
  if (before) return before
  const found: StaticPath[] = []
  collect(tree, true, source, found)
  // `a ?? b` holds its left side twice: it asks whether it is there, and then yields it.
  const askedFirst = found.toSorted((a, b) => Number(b.asked ?? false) - Number(a.asked ?? false))
  const distinct = [...new Map(askedFirst.map((path) => [String(path.ranges), path])).values()]
  distinct.sort((a, b) => (a.ranges[0]?.[0] ?? 0) - (b.ranges[0]?.[0] ?? 0))
  cache.set(tree, distinct)
  return distinct
}

/** The whole expression when it is nothing but one static path. */
export function purePath(source: string): StaticPath | undefined {
  const compilation = compile(source)
  if (!compilation.ok) return undefined
  const { tree } = compilation.compiled
  if (tree.type !== 'path' || !Array.isArray(tree.steps) || 'group' in tree || tree.keepSingletonArray) return undefined
  const plain = tree.steps.every((step) => isTree(step) && step.type === 'name' && !hasExtras(step))
  return plain ? staticPaths(source)[0] : undefined
}

/** Its names: root first. */
export const purePathNames = (source: string): readonly string[] | undefined => purePath(source)?.names

const hasExtras = (step: Tree): boolean =>
  ['predicate', 'stages', 'group', 'focus', 'index', 'ancestor', 'tuple', 'keepArray'].some((field) => field in step)

/** Fields of a node whose names are relative to what the node yields. */
const RELATIVE = new Set(['predicate', 'stages', 'group'])

/** `atRoot`: names mean roots here. */
function collect(node: Tree, atRoot: boolean, source: string, found: StaticPath[]): void {
  if (node.type === 'path') return collectPath(node, atRoot, source, found)
  if (node.type === 'name') {
    if (atRoot) found.push(pathFrom([node], source))
    return collectExtras(node, source, found)
  }
  for (const [field, value] of Object.entries(node)) {
    const inner = atRoot && node.type !== 'transform' && !RELATIVE.has(field)
    const before = found.length
    for (const child of treesIn(value)) collect(child, inner, source, found)
    if (field !== 'arguments' || !isCallOfExists(node)) continue
    found.push(...found.splice(before).map((path): StaticPath => ({ ...path, asked: true })))
  }
}

const isCallOfExists = ({ type, procedure }: Tree): boolean =>
  type === 'function' && isTree(procedure) && procedure.type === 'variable' && procedure.value === 'exists'

function collectPath(node: Tree, atRoot: boolean, source: string, found: StaticPath[]): void {
  const steps = treesIn(node.steps)
  const [first, ...later] = steps
  if (first === undefined) return
  const absolute = first.type === 'variable' && first.value === '$'
  const context = first.type === 'variable' && first.value === '' && atRoot
  const names = absolute || context ? later : atRoot ? steps : []
  const count = leadingNames(names)
  if (count > 0) found.push(pathFrom(names.slice(0, count), source))
  // `$$` is the root wherever it stands.
  for (const [index, step] of steps.entries()) {
    const after = steps.slice(index + 1)
    const more = index > 0 && step.type === 'variable' && step.value === '$' ? leadingNames(after) : 0
    if (more > 0) found.push(pathFrom(after.slice(0, more), source))
  }
  steps.forEach((step, index) => {
    if (step.type === 'name') collectExtras(step, source, found)
    else collect(step, atRoot && index === 0, source, found)
  })
  for (const child of treesIn(node.group)) collect(child, false, source, found)
}

/** How many names a path starts with. A binding (`@$x`, `#$i`) ends it: what follows is not below what stands before. */
function leadingNames(steps: readonly Tree[]): number {
  const other = steps.findIndex((step) => step.type !== 'name')
  const bound = steps.findIndex((step) => 'focus' in step || 'index' in step)
  return Math.min(other === -1 ? steps.length : other, bound === -1 ? steps.length : bound + 1)
}

/** Predicates and the like: what they name is relative to the node they belong to. */
function collectExtras(node: Tree, source: string, found: StaticPath[]): void {
  for (const [field, value] of Object.entries(node)) {
    if (field !== 'value') for (const child of treesIn(value)) collect(child, false, source, found)
  }
}

function pathFrom(names: readonly Tree[], source: string): StaticPath {
  return { names: names.map((name) => String(name.value)), ranges: names.map((name) => rangeOfName(name, source)) }
}

function toReference({ names, ranges, asked }: StaticPath, template: ExpressionTemplate): Reference {
  const [root = '', ...path] = names
  const start = ranges[0]?.[0] ?? 0
  const end = ranges.at(-1)?.[1] ?? template.source.length
  return {
    root,
    path,
    span: spanWithin(template, start, end),
    partSpans: ranges.map(([from, to]) => spanWithin(template, from, to)),
    ...(asked ? { asked } : {}),
  }
}
