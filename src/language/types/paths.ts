// The type of a path: its steps over everything before them, with predicates, bindings, order and groups.
import { isTree, type Tree, treesIn } from '../expressions/index.ts'
import { hasExtras, joined, narrowed, startOf } from './facts.ts'
import { inside, type Scope, withInput } from './scope.ts'
import { elementsOf, lacks, leastOf, propertyNames, propertyOf, sequenceOf } from './sequence.ts'
import {
  type Absence,
  EMPTY,
  kindsOf,
  listOf,
  mayBePresent,
  NEVER,
  NUMBER,
  type ObjectType,
  optional,
  present,
  type Type,
  union,
} from './type.ts'

/** Everything that a path has reached: each of it, how many there are at least, and whether at most one. */
interface Reached {
  readonly each: Type
  readonly least: number
  readonly single: boolean
  /** Why there may be none. */
  readonly none: Absence
}

export function typeOfPath(tree: Tree, scope: Scope): Type {
  const steps = treesIn(tree.steps)
  const [first] = steps
  if (!first) return NEVER
  // Names stay names of one place until something else than a name stands between.
  const walk: Walk = {
    scope: inside(scope),
    start: startOf(first, scope.place),
    names: [],
    tuple: false,
    holes: false,
    labels: [],
  }
  let reached = startingPoint(first, scope)
  if (!reached.single) walk.names = undefined
  let whole: Type | undefined
  // Of several things that turn out to be one, the last step's list stays as it is, too.
  let list = NEVER
  for (const [index, step] of steps.entries()) {
    const last = index === steps.length - 1
    walk.tuple ||= step.tuple === true
    if (step.type === 'sort') {
      sortTerms(step, reached, walk)
      reached = filterAll(reached, step, walk)
      whole = undefined
      continue
    }
    const made = step.consarray === true && index === 0
    const outcome = made ? walk.scope.world.infer(step, walk.scope) : outcomeOf(step, index, reached, walk)
    whole = last && reached.single && !walk.tuple ? wholeOutcome(step, outcome, reached) : undefined
    if (last && !walk.tuple && outcome.array) list = { array: outcome.array }
    reached = after(step, made ? { ...reached, single: true, least: 1 } : reached, outcome, made, walk)
    // Bindings go along with each thing reached, and predicates then choose among all of them.
    if (walk.tuple) reached = filterAll(reached, step, walk)
  }
  const type = whole ?? (reached.single ? singleOf(reached) : union(sequenceOf(reached.each, reached.least, reached.none), list))
  const listed = walk.holes && !type.any ? union(type, listOf(elementsOf(type))) : type
  const kept = tree.keepSingletonArray ? keptAsList(listed, steps) : listed
  return isTree(tree.group) || typeof tree.group === 'object'
    ? typeOfGroup(tree.group, kept, { ...walk, scope: { ...walk.scope, label: labelOf(walk) } })
    : kept
}

interface Walk {
  readonly scope: Scope
  readonly start: string
  names: readonly string[] | undefined
  /** Steps so far as a reader would say them. */
  labels: readonly string[]
  tuple: boolean
  /** Lists may hold holes, which count for nothing and yet make a list. */
  holes: boolean
}

function startingPoint(first: Tree, { input, whole }: Scope): Reached {
  if (first.type === 'variable' || whole || !(input.array || input.any)) {
    return { each: input, least: 1, single: true, none: 'missing' }
  }
  return { each: elementsOf(input), least: leastOf(input), single: false, none: 'empty' }
}

const singleOf = ({ each, least, none }: Reached): Type =>
  least > 0 ? each : mayBePresent(each) ? optional(each, none) : { absent: none }

/** What one step yields for one thing. */
function outcomeOf(step: Tree, index: number, reached: Reached, walk: Walk): Type {
  const first = index === 0
  const same = first && reached.single
  const label = labelOf(walk)
  const scope = same ? walk.scope : { ...withInput(walk.scope, reached.each, label), facts: walk.scope.facts }
  if (first && step.type === 'variable' && !hasExtras(step)) {
    walk.labels = step.value === '' || step.value === '$' ? [] : [`$${String(step.value)}`]
    return scope.world.infer(step, scope)
  }
  if (step.type !== 'name') {
    const type = scope.world.infer(step, scope)
    walk.labels = []
    walk.names = undefined
    bind(step, type, reached.each, walk)
    return stages(step, type, walk)
  }
  const found = typeOfName(step, scope)
  walk.labels = [...walk.labels, String(step.value)]
  walk.names = walk.names && [...walk.names, String(step.value)]
  const type = walk.names && reached.single ? narrowed(found, joined(walk.start, walk.names), walk.scope.facts) : found
  if (!hasExtras(step)) return type
  walk.names = undefined
  bind(step, type, reached.each, walk)
  return stages(step, type, walk)
}

const labelOf = ({ scope, labels }: Walk): string => [...(scope.label === '' ? [] : [scope.label]), ...labels].join('.')

/** `input.name`. */
export function typeOfName(step: Tree, scope: Scope): Type {
  const name = String(step.value)
  if (lacks(scope.input, name)) {
    scope.world.findings.push({ kind: 'missing', node: step, name, of: scope.label, known: propertyNames(scope.input) })
  }
  return propertyOf(scope.input, name)
}

function stages(step: Tree, type: Type, walk: Walk): Type {
  if (walk.tuple) return type
  const all = Array.isArray(step.stages) ? (step.stages as readonly Tree[]) : []
  // A predicate that nothing meets may let nothing through: as often as there is nothing.
  if (type.absent && isTree(all[0]?.expr) && all[0].expr.type !== 'number') walk.holes = true
  let filtered = type
  for (const stage of all) {
    if (stage.type === 'index') variable(String(stage.value), NUMBER, walk)
    else if (isTree(stage.expr)) filtered = filteredBy(stage.expr, filtered, { ...walk.scope, label: labelOf(walk) })
  }
  return filtered
}

/** `@$x`, `#$i` and what `%` looks up. */
function bind(step: Tree, type: Type, from: Type, walk: Walk): void {
  if (typeof step.focus === 'string') variable(step.focus, elementsOf(type), walk)
  if (typeof step.index === 'string') variable(step.index, NUMBER, walk)
  const { ancestor } = step
  if (typeof ancestor === 'object' && ancestor !== null && 'label' in ancestor) {
    const known = walk.scope.world.ancestors.get(String(ancestor.label))
    walk.scope.world.ancestors.set(String(ancestor.label), known ? union(known, from) : from)
  }
}

const variable = (name: string, type: Type, { scope }: Walk): void => {
  scope.frame.variables.set(name, { type })
}

/** The only thing there is, and the last step: a list stays as it is. */
function wholeOutcome(step: Tree, outcome: Type, { least, none }: Reached): Type {
  // Only a list that was built or read stays; what else yields a list may have marked a sequence of one.
  const marked = outcome.array && step.type !== 'name' && !(step.type === 'unary' && step.value === '[')
  const type = marked ? union(outcome, elementsOf(outcome)) : outcome
  return least > 0 ? type : optional(type, none)
}

function after(step: Tree, before: Reached, outcome: Type, first: boolean, walk: Walk): Reached {
  // What `@$x` binds leaves the context where it was, once for each.
  if (typeof step.focus === 'string') return { ...before, single: false, least: 0, none: 'empty' }
  // A list that a step builds is not taken apart.
  const taking = !first && !walk.tuple
  if (taking && step.consarray === true && step.stages === undefined) return { ...before, each: present(outcome) }
  const built = taking && outcome.array?.built === true
  const each = built ? union(elementsOf(outcome), present(outcome)) : elementsOf(outcome)
  const fewest = built ? Math.min(1, leastOf(outcome)) : leastOf(outcome)
  const several = outcome.array !== undefined || outcome.any === true
  const single = before.single && !several
  const none: Absence = single
    ? (outcome.absent ?? before.none)
    : outcome.any && outcome.absent === 'unknown'
      ? 'unknown'
      : 'empty'
  let least = before.least * fewest
  const key = walk.names && joined(walk.start, walk.names)
  if (key !== undefined && least === 0 && !mayStillBeAbsent(key, walk)) least = 1
  return { each, least, single, none }
}

const PROBE: Type = { any: true, absent: 'missing' }
const mayStillBeAbsent = (key: string, { scope }: Walk): boolean => narrowed(PROBE, key, scope.facts).absent !== undefined

function filterAll(reached: Reached, step: Tree, walk: Walk): Reached {
  let all = reached
  for (const stage of Array.isArray(step.stages) ? (step.stages as readonly Tree[]) : []) {
    if (stage.type === 'index') variable(String(stage.value), NUMBER, walk)
    else if (isTree(stage.expr)) {
      const type = filteredBy(stage.expr, listOf(all.each, all.least), { ...walk.scope, label: labelOf(walk) })
      // One that is chosen by its number is itself, also when it is a list.
      const each = all.each.array ? union(elementsOf(type), all.each) : elementsOf(type)
      all = { each, least: all.each.array ? 0 : leastOf(type), single: false, none: 'empty' }
    }
  }
  return all
}

function sortTerms(step: Tree, { each }: Reached, walk: Walk): void {
  if (typeof step.index === 'string') variable(step.index, NUMBER, walk)
  const scope = withInput(walk.scope, each, labelOf(walk))
  for (const term of treesIn(step.terms)) scope.world.infer(term, scope)
}

/** `[]` behind a path: a list, however many there are. */
function keptAsList(type: Type, steps: readonly Tree[]): Type {
  if (type.any) return type
  const built = steps.some(({ consarray }) => consarray === true)
  const items = built ? union(elementsOf(type), present(type)) : elementsOf(type)
  const list = kindsOf(type).length > 0 ? listOf(items, kindsOf(type).every((kind) => kind !== 'array') ? 1 : 0) : NEVER
  return type.absent ? optional(list, type.absent) : list
}

/** `value[predicate]`. */
export function filteredBy(predicate: Tree, type: Type, scope: Scope): Type {
  const each = elementsOf(type)
  const least = leastOf(type)
  if (predicate.type === 'number' && typeof predicate.value === 'number') {
    const index = Math.floor(predicate.value)
    const there = index < 0 ? -index <= least : index < least
    // Nothing but one thing: its first is itself, and why there is none stays the same.
    const why = type.array || type.any ? 'empty' : (type.absent ?? 'empty')
    return there ? each : mayBePresent(each) ? optional(each, why) : { absent: why }
  }
  // Nothing is filtered too: the predicate is then evaluated over nothing, and whatever it says, nothing remains.
  const item = type.absent ? optional(each, 'unknown') : each
  scope.world.infer(predicate, withInput(scope, item, scope.label))
  if (each.any) return { any: true, absent: 'empty' }
  return mayBePresent(each) ? sequenceOf(each, 0) : EMPTY
}

/** `value{key: value}`, or an object on its own: one property per key, made of all that has this key. */
export function typeOfGroup(
  group: unknown,
  type: Type,
  walk: { readonly scope: Scope; readonly tuple: boolean; readonly whole?: boolean },
): Type {
  const pairs = typeof group === 'object' && group !== null && 'lhs' in group && Array.isArray(group.lhs) ? group.lhs : []
  const one = walk.whole === true || !(type.array || type.any)
  const each = one ? present(type) : elementsOf(type)
  const item = leastOf(type) > 0 ? each : optional(each, type.absent ?? 'empty')
  // All that has the key, as one list, or the only one by itself.
  const context = one ? item : union(item, listOf(elementsOf(each)))
  const properties: Record<string, Type> = {}
  let rest: Type | undefined
  for (const pair of pairs as readonly (readonly unknown[])[]) {
    const [key, value] = pair
    if (!isTree(key) || !isTree(value)) continue
    const keyScope = one ? { ...walk.scope, input: item } : withInput(walk.scope, item, walk.scope.label)
    const name = walk.scope.world.infer(key, keyScope)
    const valueScope = one ? { ...keyScope, facts: walk.scope.facts } : withInput(grouped(walk), context, walk.scope.label)
    const made = walk.scope.world.infer(value, valueScope)
    if (key.type === 'string') properties[String(key.value)] = made
    else if (Array.isArray(name.string) && one) for (const each of name.string) properties[each] = optional(made)
    else rest = rest ? union(rest, made) : made
  }
  const object: ObjectType = { properties, ...(rest ? { rest: optional(rest, 'unknown') } : {}) }
  return { object }
}

/** In a group that was made of bindings, each variable stands for all of its values. */
function grouped({ scope, tuple }: { readonly scope: Scope; readonly tuple: boolean }): Scope {
  if (!tuple) return scope
  const variables = new Map(
    [...scope.frame.variables].map(([name, { type }]) => [name, { type: union(type, listOf(elementsOf(type))) }] as const),
  )
  return inside(scope, { variables, outer: scope.frame })
}
