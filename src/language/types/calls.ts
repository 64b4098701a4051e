// What a call yields: JSONata's own functions, lambdas, and functions that are given functions.
import { isTree, type Tree, treesIn } from '../expressions/index.ts'
import { withoutName } from './facts.ts'
import { type Closure, expectBound, lookUp, type Scope } from './scope.ts'
import { elementsOf, leastOf, propertyOf, sequenceOf } from './sequence.ts'
import { SIGNATURES, type Signature } from './signatures.ts'
import {
  ABSENT,
  EMPTY,
  kindsOf,
  listOf,
  mayBePresent,
  NEVER,
  NUMBER,
  optional,
  ownProperty,
  present,
  record,
  TEXT,
  type Type,
  UNKNOWN,
  union,
  unionOf,
} from './type.ts'

interface Argument {
  readonly type: Type
  readonly tree?: Tree
  readonly closure?: Closure | undefined
}

const DEPTH_LIMIT = 24

/** `$f(a, b)`; `piped` is what stands before `~>`. */
export function typeOfCall(tree: Tree, scope: Scope, piped?: Argument): Type {
  const written = treesIn(tree.arguments).map((each) => argumentOf(each, scope))
  const given = piped ? [piped, ...written] : written
  const closure = isTree(tree.procedure) ? closureOf(tree.procedure, scope) : undefined
  if (isTree(tree.procedure)) {
    if (tree.procedure.type === 'variable') expectBound(tree.procedure, scope)
    else scope.world.infer(tree.procedure, scope)
  }
  return closure ? resultOf(closure, given, scope) : UNKNOWN
}

export const argumentOf = (tree: Tree, scope: Scope): Argument => ({
  type: scope.world.infer(tree, scope),
  tree,
  closure: closureOf(tree, scope),
})

/** The function that an expression stands for, where that can be told. */
export function closureOf(tree: Tree, scope: Scope): Closure | undefined {
  if (tree.type === 'lambda' && !tree.thunk) return { kind: 'lambda', tree, scope }
  if (tree.type === 'block') {
    const [only, ...more] = treesIn(tree.expressions)
    return only && more.length === 0 ? closureOf(only, scope) : undefined
  }
  if (tree.type !== 'variable' || tree.predicate) return undefined
  const name = String(tree.value)
  const bound = lookUp(scope.frame, name)
  if (bound) return bound.closure
  return SIGNATURES.has(name) && !scope.world.bound.has(name) ? { kind: 'own', name } : undefined
}

export function resultOf(closure: Closure, given: readonly Argument[], scope: Scope): Type {
  const { world } = scope
  if (world.depth > DEPTH_LIMIT) return UNKNOWN
  world.depth += 1
  try {
    return closure.kind === 'own' ? resultOfOwn(closure.name, given, scope) : resultOfLambda(closure.tree, closure.scope, given)
  } finally {
    world.depth -= 1
  }
}

function resultOfLambda(tree: Tree, scope: Scope, given: readonly Argument[]): Type {
  const { body } = tree
  if (!isTree(body)) return UNKNOWN
  const names = treesIn(tree.arguments).map(({ value }) => String(value))
  // A signature may wrap an argument or take the context for it.
  const typed = tree.signature !== undefined
  const variables = new Map(
    names.map((name, index) => {
      const argument = typed ? { type: UNKNOWN } : (given[index] ?? { type: ABSENT })
      return [name, argument.closure ? { type: argument.type, closure: argument.closure } : { type: argument.type }] as const
    }),
  )
  const facts = names.reduce((known, name) => withoutName(known, `$${name}`), scope.facts)
  return scope.world.infer(body, { ...scope, frame: { variables, outer: scope.frame }, facts })
}

/** What a lambda hands to the function that called it: a sequence that a call at its end made is not yet looked at. */
function handedOver(tree: Closure, type: Type): Type {
  if (tree.kind === 'lambda' && !(isTree(tree.tree.body) && endsInCall(tree.tree.body))) return type
  if (type.any || !(type.array || type.absent)) return type
  return unionOf([type, listOf(elementsOf(type)), EMPTY])
}

function endsInCall(body: Tree): boolean {
  switch (body.type) {
    case 'lambda':
      return body.thunk === true
    case 'condition':
      return [body.then, body.else].some((branch) => isTree(branch) && endsInCall(branch))
    case 'block': {
      const last = treesIn(body.expressions).at(-1)
      return last !== undefined && endsInCall(last)
    }
    default:
      return false
  }
}

function resultOfOwn(name: string, given: readonly Argument[], scope: Scope): Type {
  const signature = SIGNATURES.get(name)
  if (!signature) return UNKNOWN
  const taken = signature.context && given.length < signature.needed ? [{ type: scope.input }, ...given] : given
  checkArguments(signature, taken, scope)
  const { result, absent } = signature
  if (result) {
    const first = taken[0]?.type ?? ABSENT
    if (absent === 'never') return result
    if (absent === 'maybe') return optional(result, 'unknown')
    if (first.absent) return mayBePresent(first) ? optional(result, first.absent) : { absent: first.absent }
    return taken.slice(1).some(({ type }) => type.absent) ? optional(result, 'unknown') : result
  }
  const [first = { type: ABSENT }] = taken
  const type = DEPENDING[name]?.(first, taken.slice(1), scope) ?? UNKNOWN
  return first.type.absent && !(name in WITHOUT) ? optional(type, first.type.absent) : type
}

/** Functions that have an outcome though their first argument is nothing, or that never have one. */
const WITHOUT: Readonly<Record<string, true>> = { append: true, assert: true, error: true, zip: true, keys: true }

type Depending = (first: Argument, more: readonly Argument[], scope: Scope) => Type

const least = ({ type }: Argument): number => leastOf(type)
const each = ({ type }: Argument): Type => elementsOf(present(type))

/** A list of the same things; one thing becomes a list of it. */
function sameList(argument: Argument): Type {
  const { type } = argument
  if (type.any) return { any: true }
  if (!mayBePresent(type)) return NEVER
  return { array: { items: each(argument), min: least(argument), ...(type.array?.built ? { built: true } : {}) } }
}

const extreme: Depending = (list) => (least(list) > 0 ? NUMBER : optional(NUMBER, 'empty'))

const DEPENDING: Readonly<Record<string, Depending>> = {
  max: extreme,
  min: extreme,
  average: extreme,
  split: () => listOf(TEXT),
  match: (_, [matcher]) =>
    matcher?.tree?.type === 'regex' ? sequenceOf(record({ match: TEXT, index: NUMBER, groups: listOf(TEXT) }), 0) : UNKNOWN,
  keys: (value) => (value.type.object && !value.type.any && hasCertain(value.type) ? sequenceOf(TEXT, 1) : sequenceOf(TEXT, 0)),
  lookup: (value, [name]) => {
    const names = name?.type.string
    return Array.isArray(names) ? unionOf(names.map((each) => propertyOf(value.type, each))) : UNKNOWN
  },
  append: (first, [second]) => appended(first.type, second?.type ?? ABSENT),
  spread: (value) => (value.type.any ? UNKNOWN : spread(value.type)),
  merge: (list, _, scope) => {
    const { tree } = list
    const parts = tree?.type === 'unary' && tree.value === '[' && !('predicate' in tree) ? treesIn(tree.expressions) : []
    const types = parts.map((part) => scope.world.infer(part, scope))
    return types.length > 0 && types.every(isOneObject)
      ? types.reduce(overlaid)
      : merged(each(list), !list.type.array && !list.type.any)
  },
  reverse: sameList,
  sort: (list, [order], scope) => {
    if (order?.closure) resultOf(order.closure, [{ type: each(list) }, { type: each(list) }], scope)
    return sameList(list)
  },
  shuffle: sameList,
  distinct: ({ type }) =>
    type.array
      ? unionOf([present(type), listOf(type.array.items, Math.min(1, type.array.min)), type.array.items])
      : present(type),
  zip: (first, more) => {
    const lists = [first, ...more]
    const tuple = listOf(unionOf(lists.map(each)), Math.min(...lists.map(least)) > 0 ? lists.length : 0)
    return listOf(lists.every(({ type }) => type.any) ? { any: true } : tuple)
  },
  map: (list, [f], scope) => {
    if (!f?.closure) return UNKNOWN
    const made = handedOver(
      f.closure,
      resultOf(f.closure, [{ type: each(list) }, { type: NUMBER }, { type: sameList(list) }], scope),
    )
    return sequenceOf(present(made), made.absent ? 0 : least(list))
  },
  filter: (list, [f], scope) => {
    if (f?.closure) resultOf(f.closure, [{ type: each(list) }, { type: NUMBER }, { type: sameList(list) }], scope)
    return sequenceOf(each(list), 0)
  },
  single: (list, [f], scope) => {
    if (f?.closure) resultOf(f.closure, [{ type: each(list) }, { type: NUMBER }, { type: sameList(list) }], scope)
    return each(list)
  },
  reduce: (list, [f, start], scope) => {
    if (!f?.closure || (f.closure.kind === 'lambda' && treesIn(f.closure.tree.arguments).length < 2)) return UNKNOWN
    const first = start && mayBePresent(start.type) ? start.type : union(each(list), least(list) > 0 ? NEVER : EMPTY)
    return folded(f.closure, start?.type.absent ? union(first, each(list)) : first, list, scope)
  },
  each: (object, [f], scope) => {
    if (!f?.closure) return UNKNOWN
    const values = valuesOf(object.type)
    const made = handedOver(
      f.closure,
      resultOf(f.closure, [{ type: values }, { type: TEXT }, { type: present(object.type) }], scope),
    )
    return sequenceOf(present(made), 0)
  },
  sift: (object, [f], scope) => {
    if (f?.closure) resultOf(f.closure, [{ type: valuesOf(object.type) }, { type: TEXT }, { type: present(object.type) }], scope)
    return optional(sifted(object.type), 'empty')
  },
  assert: () => ABSENT,
  error: () => NEVER,
  clone: ({ type }) => present(type),
}

const hasCertain = (type: Type): boolean =>
  kindsOf(type).length === 1 && !type.absent && Object.values(type.object?.properties ?? {}).some((each) => leastOf(each) > 0)

function appended(first: Type, second: Type): Type {
  if (!mayBePresent(first)) return second
  if (!mayBePresent(second)) return first
  if (first.any || second.any) return { any: true, absent: 'unknown' }
  const both = listOf(union(elementsOf(first), elementsOf(second)), leastOf(first) + leastOf(second))
  const onlyOne = [first.absent ? second : NEVER, second.absent ? first : NEVER]
  return unionOf([both, ...onlyOne])
}

function spread(type: Type): Type {
  const { object, array: _, ...others } = type
  const parts: Type[] = [others]
  const element = elementsOf(type)
  if (element.object || object) parts.push(sequenceOf(pairOf(element.object ? element : type), 0))
  if (type.array) parts.push(element.any ? UNKNOWN : sequenceOf(nonObject(element), 0))
  return type.array ? { any: true, absent: 'unknown' } : unionOf(parts)
}

const nonObject = ({ object: _, ...others }: Type): Type => others
const pairOf = (type: Type): Type => {
  if (!type.object) return NEVER
  const properties = Object.fromEntries(Object.entries(type.object.properties).map(([name, value]) => [name, optional(value)]))
  return { object: { properties, ...(type.object.rest ? { rest: type.object.rest } : {}) } }
}

/** Of several objects any may lack what the others have; of one it is that object. */
function merged(type: Type, single: boolean): Type {
  if (type.any || !type.object) return { object: { properties: {}, rest: UNKNOWN } }
  const { properties, rest } = type.object
  const named = single
    ? properties
    : Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, optional(value)]))
  return { object: { properties: named, ...(rest ? { rest } : {}) } }
}

const isOneObject = (type: Type): boolean => !type.any && type.object !== undefined && kindsOf(type).length === 1

/** The properties of both; those of the second count where it has them. */
function overlaid(one: Type, other: Type): Type {
  const [below, above] = [one.object, other.object]
  if (!below || !above) return { object: { properties: {}, rest: UNKNOWN } }
  const names = [...new Set([...Object.keys(below.properties), ...Object.keys(above.properties)])]
  const properties = names.map((name): [string, Type] => {
    const [first, second] = [optionalWith(one, ownProperty(below, name)), optionalWith(other, ownProperty(above, name))]
    return [name, second.absent ? union(present(second), first) : second]
  })
  const rest = unionOf([below.rest ?? NEVER, above.rest ?? NEVER])
  return { object: { properties: Object.fromEntries(properties), ...(below.rest || above.rest ? { rest } : {}) } }
}

/** What an object has that may itself not be there. */
const optionalWith = ({ absent }: Type, property: Type): Type => (absent ? optional(property, absent) : property)

function sifted(type: Type): Type {
  if (type.any || !type.object) return { object: { properties: {}, rest: UNKNOWN } }
  return merged(type, false)
}

function valuesOf(type: Type): Type {
  if (type.any || !type.object || type.object.rest) return { any: true }
  return unionOf(Object.values(type.object.properties).map(present))
}

/** Goes on until another round adds nothing. */
function folded(closure: Closure, first: Type, list: Argument, scope: Scope): Type {
  let all = first
  for (let round = 0; round < 4; round += 1) {
    const made = resultOf(closure, [{ type: all }, { type: each(list) }, { type: NUMBER }, { type: sameList(list) }], scope)
    const grown = union(all, handedOver(closure, made))
    if (JSON.stringify(grown) === JSON.stringify(all)) return all
    all = grown
  }
  return UNKNOWN
}

// ---- what is given to them ----------------------------------------------------------------------------------------

const ACCEPTED: Readonly<
  Record<Signature['parameters'][number], { readonly kinds: readonly string[]; readonly needed: string }>
> = {
  s: { kinds: ['string'], needed: 'text' },
  n: { kinds: ['number'], needed: 'a number' },
  b: { kinds: ['boolean'], needed: 'true or false' },
  o: { kinds: ['object'], needed: 'an object' },
  f: { kinds: ['function'], needed: 'a function' },
  sf: { kinds: ['string', 'function'], needed: 'text or a pattern' },
  nsb: { kinds: ['number', 'string', 'boolean'], needed: 'text or a number' },
  oa: { kinds: ['object', 'array'], needed: 'an object or a list' },
  an: { kinds: ['number'], needed: 'a list of numbers' },
  as: { kinds: ['string'], needed: 'a list of texts' },
  ao: { kinds: ['object'], needed: 'a list of objects' },
  a: { kinds: [], needed: 'a list' },
  x: { kinds: [], needed: 'a value' },
}

/** Only what cannot be right, whatever the run brings. */
function checkArguments({ parameters }: Signature, given: readonly Argument[], { world }: Scope): void {
  for (const [index, { type, tree }] of given.entries()) {
    const parameter = parameters[index]
    if (!parameter || !tree) continue
    const { kinds, needed } = ACCEPTED[parameter]
    const ofList = parameter.length === 2 && parameter.startsWith('a')
    const certain = ofList ? leastOf(type) > 0 : !type.absent && kindsOf(type).length > 0
    const has = kindsOf(ofList ? elementsOf(type) : type)
    if (kinds.length === 0 || !certain || type.any || has.length === 0 || has.some((kind) => kinds.includes(kind))) continue
    world.findings.push({ kind: 'mismatch', node: tree, needed, type })
  }
}
