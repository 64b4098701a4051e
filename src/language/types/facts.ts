// What a condition that held, or did not, tells of the paths it speaks of. Values never change during a run, so a fact stays one.
import { compile, isTree, type Tree, treesIn } from '../expressions/index.ts'
import { present, type Type } from './type.ts'

/** `key` names an expression within one place: see `keyOf`. */
export type Fact =
  | { readonly kind: 'present' | 'absent' | 'false'; readonly key: string }
  /** A list with something in it. */
  | { readonly kind: 'filled'; readonly key: string }
  /** One of the two, or both. */
  | { readonly kind: 'either'; readonly one: Facts; readonly other: Facts }
export type Facts = readonly Fact[]

/** Names a path by its names (`steps.a.b`), and any other expression by its tree, within a place. */
export function keyOf(tree: Tree, place: string): string | undefined {
  if (tree.type === 'path') {
    const steps = treesIn(tree.steps)
    const names = plainNames(steps)
    if (names) return joined(startOf(steps[0], place), names)
  }
  return tree.type === 'path' || tree.type === 'function' || tree.type === 'variable' ? place + printed(tree) : undefined
}

export const joined = (start: string, names: readonly string[]): string =>
  start === '' ? names.join('.') : [start, ...names].join('.')

/** Where a path starts: `$$` is the root wherever it stands, a variable is itself, anything else is seen from the place. */
export function startOf(first: Tree | undefined, place: string): string {
  if (first?.type !== 'variable' || first.value === '') return place
  return first.value === '$' ? '' : `$${String(first.value)}`
}

function plainNames(steps: readonly Tree[]): readonly string[] | undefined {
  const [first] = steps
  const names = first?.type === 'variable' && !hasExtras(first) ? steps.slice(1) : steps
  return names.every((step) => step.type === 'name' && !hasExtras(step)) ? names.map(({ value }) => String(value)) : undefined
}

export const hasExtras = (step: Tree): boolean =>
  ['predicate', 'stages', 'group', 'focus', 'index', 'ancestor'].some((field) => field in step)

const prints = new WeakMap<Tree, string>()

function printed(tree: Tree): string {
  const before = prints.get(tree)
  if (before !== undefined) return before
  const print = JSON.stringify(tree, (name, value: unknown) => (name === 'position' || name === 'keepArray' ? undefined : value))
  prints.set(tree, print)
  return print
}

/** What is known when a condition at the root is true. */
export function factsOfSource(source: string): Facts {
  const compilation = compile(source)
  return compilation.ok ? factsOf(compilation.compiled.tree, true, '') : []
}

/** The conditions that `and` joins, each as text that is the same for the same condition. */
export function conditionsIn(source: string): readonly string[] {
  const compilation = compile(source)
  if (!compilation.ok) return []
  const { tree } = compilation.compiled
  const before = conditions.get(tree)
  if (before) return before
  const joint = joinedByAnd(tree).map(printed)
  conditions.set(tree, joint)
  return joint
}

const conditions = new WeakMap<Tree, readonly string[]>()

function joinedByAnd(tree: Tree): readonly Tree[] {
  const [only, ...more] = tree.type === 'block' ? treesIn(tree.expressions) : []
  if (only && more.length === 0 && !hasExtras(tree)) return joinedByAnd(only)
  const { lhs, rhs } = tree
  const joins = tree.type === 'binary' && tree.value === 'and' && isTree(lhs) && isTree(rhs)
  return joins ? [...joinedByAnd(lhs), ...joinedByAnd(rhs)] : [tree]
}

/** What is known when the condition is true, or when it is not. */
export function factsOf(tree: Tree, held: boolean, place: string): Facts {
  const { lhs, rhs } = tree
  if (tree.type === 'binary' && isTree(lhs) && isTree(rhs)) return factsOfBinary(String(tree.value), lhs, rhs, held, place)
  if (tree.type === 'block') {
    const expressions = treesIn(tree.expressions)
    return expressions.length === 1 && expressions[0] ? factsOf(expressions[0], held, place) : []
  }
  if (tree.type === 'function') return factsOfCall(tree, held, place)
  const key = keyOf(tree, place)
  if (key === undefined) return []
  return held ? [{ kind: 'present', key }] : []
}

function factsOfCall(tree: Tree, held: boolean, place: string): Facts {
  const [argument, ...more] = treesIn(tree.arguments)
  const name = isTree(tree.procedure) && tree.procedure.type === 'variable' ? tree.procedure.value : undefined
  if (!argument || more.length > 0) return []
  const key = keyOf(argument, place)
  if (name === 'exists') return key === undefined ? [] : [{ kind: held ? 'present' : 'absent', key }]
  if (name === 'boolean') return factsOf(argument, held, place)
  if (name !== 'not') return []
  // $not of nothing is nothing, which counts as false: only a condition that always has an outcome can be turned around.
  if (!held) return alwaysDecides(argument) ? factsOf(argument, true, place) : []
  const isFalse: Facts =
    key === undefined
      ? []
      : [
          { kind: 'present', key },
          { kind: 'false', key },
        ]
  return [...factsOf(argument, false, place), ...isFalse]
}

const alwaysDecides = (tree: Tree): boolean =>
  tree.type === 'binary'
    ? ['=', '!=', 'in', 'and', 'or'].includes(String(tree.value))
    : tree.type === 'function' && isTree(tree.procedure) && tree.procedure.value === 'exists'

function factsOfBinary(operator: string, lhs: Tree, rhs: Tree, held: boolean, place: string): Facts {
  switch (operator) {
    case 'and':
      if (held) return [...factsOf(lhs, true, place), ...factsOf(rhs, true, place)]
      return oneOf(factsOf(lhs, false, place), factsOf(rhs, false, place))
    case 'or':
      if (!held) return [...factsOf(lhs, false, place), ...factsOf(rhs, false, place)]
      return oneOf(factsOf(lhs, true, place), factsOf(rhs, true, place))
    case '=':
      if (!held) return countFact(lhs, rhs, (count) => count === 0, place)
      return [...bothPresent(lhs, rhs, place), ...falseFact(lhs, rhs, place), ...countFact(lhs, rhs, (count) => count > 0, place)]
    case '!=':
      return held ? [...bothPresent(lhs, rhs, place), ...countFact(lhs, rhs, (count) => count === 0, place)] : []
    case '>':
      return held ? [...bothPresent(lhs, rhs, place), ...countFact(lhs, rhs, (count) => count >= 0, place)] : []
    case '>=':
      return held ? [...bothPresent(lhs, rhs, place), ...countFact(lhs, rhs, (count) => count > 0, place)] : []
    case '<':
    case '<=':
    case 'in':
      return held ? bothPresent(lhs, rhs, place) : []
    default:
      return []
  }
}

/** Nothing is known unless both sides tell something. */
const oneOf = (one: Facts, other: Facts): Facts => (one.length > 0 && other.length > 0 ? [{ kind: 'either', one, other }] : [])

/** A comparison with nothing is never true. */
const bothPresent = (lhs: Tree, rhs: Tree, place: string): Facts =>
  [lhs, rhs].flatMap(withSubjects).flatMap((side) => {
    const key = keyOf(side, place)
    return key === undefined ? [] : [{ kind: 'present' as const, key }]
  })

/** Of nothing these make nothing, so what they are called with is there when their result is. */
const STRICT = [
  'type',
  'length',
  'string',
  'number',
  'uppercase',
  'lowercase',
  'trim',
  'substring',
  'abs',
  'floor',
  'ceil',
  'round',
]

function withSubjects(side: Tree): readonly Tree[] {
  const [subject] = STRICT.some((name) => isCallOf(name, side)) ? treesIn(side.arguments) : []
  return subject === undefined ? [side] : [side, ...withSubjects(subject)]
}

function falseFact(lhs: Tree, rhs: Tree, place: string): Facts {
  const key = rhs.type === 'value' && rhs.value === false ? keyOf(lhs, place) : undefined
  return key === undefined ? [] : [{ kind: 'false', key }]
}

/** `$count(list) > 0` and its like: something is in the list. */
function countFact(lhs: Tree, rhs: Tree, meansFilled: (count: number) => boolean, place: string): Facts {
  if (!isCallOf('count', lhs) || typeof rhs.value !== 'number' || !meansFilled(rhs.value)) return []
  const [list] = treesIn(lhs.arguments)
  const [within] = list && isCallOf('distinct', list) ? treesIn(list.arguments) : []
  return [list, within].flatMap((each) => {
    const key = each && keyOf(each, place)
    return key === undefined ? [] : [{ kind: 'filled' as const, key }]
  })
}

const isCallOf = (name: string, { type, procedure }: Tree): boolean =>
  type === 'function' && isTree(procedure) && procedure.type === 'variable' && procedure.value === name

/** The oldest are forgotten, lest a long runbook cost its length squared. */
const FACTS_LIMIT = 50

/** Both, and what follows from them together: of "either", what is left when one side cannot be. */
export function withFacts(known: Facts, added: Facts): Facts {
  if (added.length === 0) return known
  const all = [...known, ...added].slice(-FACTS_LIMIT)
  const left = all.flatMap((fact) => {
    if (fact.kind !== 'either') return []
    if (contradicts(fact.one, all)) return fact.other
    return contradicts(fact.other, all) ? fact.one : []
  })
  const news = left.filter((fact) => !all.includes(fact))
  return news.length > 0 ? withFacts(all, news) : all
}

const contradicts = (claims: Facts, known: Facts): boolean =>
  claims.some((claim) =>
    claim.kind === 'present' || claim.kind === 'filled'
      ? known.some(({ kind, ...fact }) => kind === 'absent' && 'key' in fact && isWithin(claim.key, fact.key))
      : claim.kind === 'absent' && known.some((fact) => fact.kind === 'present' && isWithin(fact.key, claim.key)),
  )

const isWithin = (key: string, outer: string): boolean => key === outer || key.startsWith(`${outer}.`)

/** Leaves out what speaks of a name that means something else from here on. */
export const withoutName = (facts: Facts, name: string): Facts =>
  facts.filter((fact) => {
    if (fact.kind === 'either')
      return withoutName(fact.one, name).length + withoutName(fact.other, name).length === fact.one.length + fact.other.length
    return !new RegExp(`(^|[^\\w])${name.replace('$', '\\$')}($|[^\\w])`).test(fact.key)
  })

/** The type of what `key` names, with what is known of it. */
export function narrowed(type: Type, key: string, facts: Facts): Type {
  let known = type
  for (const fact of facts) {
    if (fact.kind === 'false' && known.object?.ran && fact.key === `${key}.skipped`)
      known = { ...known, object: known.object.ran }
    else if (fact.kind === 'present' && isWithin(fact.key, key)) known = present(known)
    else if (fact.kind === 'filled' && isWithin(fact.key, key)) known = filled(present(known))
  }
  return known
}

/** The type of what `key` names, with what is known of it and of all that it has. */
export function narrowedWithin(type: Type, key: string, facts: Facts): Type {
  const known = narrowed(type, key, facts)
  if (facts.length === 0 || !known.object) return known
  const properties = Object.entries(known.object.properties).map(([name, property]): [string, Type] => [
    name,
    narrowedWithin(property, `${key}.${name}`, facts),
  ])
  return { ...known, object: { ...known.object, properties: Object.fromEntries(properties) } }
}

const filled = (type: Type): Type => (type.array ? { ...type, array: { ...type.array, min: Math.max(1, type.array.min) } } : type)
