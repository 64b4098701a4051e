// The type of an expression over the types of its roots. What cannot be told is unknown; what is told is always so.
import { childrenOf, compile, isTree, type Tree, treesIn } from '../expressions/index.ts'
import { argumentOf, closureOf, resultOf, typeOfCall } from './calls.ts'
import { type Facts, factsOf, keyOf, narrowed, withFacts } from './facts.ts'
import { disjoint } from './fit.ts'
import { filteredBy, typeOfGroup, typeOfPath } from './paths.ts'
import { expectBound, type Finding, type Frame, inside, lookUp, type Role, type Scope, type World } from './scope.ts'
import { descendants, elementsOf, leastOf, propertyValues, sequenceOf } from './sequence.ts'
import { SIGNATURES } from './signatures.ts'
import {
  ABSENT,
  FUNCTION,
  kindsOf,
  type ListType,
  listOf,
  mayBeAbsent,
  mayBePresent,
  NEVER,
  NUMBER,
  optional,
  present,
  TEXT,
  TRUTH,
  type Type,
  UNKNOWN,
  union,
  unionOf,
} from './type.ts'

export interface Inferred {
  readonly type: Type
  readonly findings: readonly Finding[]
}

export interface Surroundings {
  /** The context value at the start. */
  readonly root: Type
  readonly facts?: Facts
  readonly variables?: Readonly<Record<string, Type>>
  /** Filled with what each node may be. */
  readonly seen?: Map<Tree, Type>
}

/** An expression that takes more looks than this is given up: a few milliseconds. */
const LOOKS_LIMIT = 20_000

/** Unknown for a source that does not compile. */
export function inferSource(source: string, surroundings: Surroundings): Inferred {
  const compilation = compile(source)
  return compilation.ok ? inferTree(compilation.compiled.tree, surroundings) : { type: UNKNOWN, findings: [] }
}

export function inferTree(tree: Tree, { root, facts = [], variables = {}, seen }: Surroundings): Inferred {
  const findings: Finding[] = []
  const bound = bindingsIn(tree)
  const world: World = {
    root,
    infer,
    findings,
    ...bound,
    ancestors: new Map(),
    places: 0,
    depth: 0,
    looks: 0,
    ...(seen ? { seen } : {}),
  }
  const frame: Frame = { variables: new Map(Object.entries(variables).map(([name, type]) => [name, { type }])) }
  const type = infer(tree, { input: root, whole: true, place: '', label: '', frame, facts, world })
  return world.looks > LOOKS_LIMIT ? { type: UNKNOWN, findings: [] } : { type, findings }
}

function infer(tree: Tree, scope: Scope): Type {
  scope.world.looks += 1
  if (scope.world.looks > LOOKS_LIMIT) return UNKNOWN
  let type = ofNode(tree, scope)
  for (const predicate of Array.isArray(tree.predicate) ? (tree.predicate as readonly Tree[]) : []) {
    if (isTree(predicate.expr)) type = filteredBy(predicate.expr, type, scope)
  }
  if (tree.type !== 'path' && tree.group !== undefined) type = typeOfGroup(tree.group, type, { scope, tuple: false })
  if (tree.keepArray && !type.any) type = union(type, listOf(elementsOf(type)))
  const key = scope.facts.length > 0 ? keyOf(tree, scope.place) : undefined
  if (key !== undefined) type = narrowed(type, key, scope.facts)
  const { seen } = scope.world
  if (seen) seen.set(tree, union(seen.get(tree) ?? NEVER, type))
  return type
}

function ofNode(tree: Tree, scope: Scope): Type {
  switch (tree.type) {
    case 'path':
      return typeOfPath(tree, scope)
    case 'string':
      return { string: [String(tree.value)] }
    case 'number':
      return { number: Number.isInteger(tree.value) ? 'integer' : 'number' }
    case 'value':
      return tree.value === null ? { null: true } : tree.value === undefined ? ABSENT : TRUTH
    case 'variable':
      return ofVariable(tree, scope)
    case 'binary':
      return ofBinary(tree, scope)
    case 'unary':
      return ofUnary(tree, scope)
    case 'condition':
      return ofCondition(tree, scope)
    case 'block':
      return ofBlock(tree, scope)
    case 'bind':
      return ofBind(tree, scope)
    case 'function':
      return typeOfCall(tree, scope)
    case 'apply':
      return ofApply(tree, scope)
    case 'lambda':
      return tree.thunk && isTree(tree.body) ? scope.world.infer(tree.body, scope) : FUNCTION
    case 'partial':
    case 'transform':
    case 'regex':
      return FUNCTION
    case 'wildcard':
      return propertyValues(scope.input)
    case 'descendant':
      return descendants(scope.input)
    case 'parent':
      return ofParent(tree, scope)
    default:
      return UNKNOWN
  }
}

function ofVariable(tree: Tree, scope: Scope): Type {
  const { input, frame, world } = scope
  const name = String(tree.value)
  expectBound(tree, scope)
  if (name === '') return input
  if (name === '$') return world.root
  if (world.unsure.has(name)) return UNKNOWN
  const bound = lookUp(frame, name)
  if (bound) return bound.type
  if (world.bound.has(name)) return UNKNOWN
  return SIGNATURES.has(name) ? FUNCTION : ABSENT
}

function ofParent(tree: Tree, { world }: Scope): Type {
  const { slot } = tree
  const label = typeof slot === 'object' && slot !== null && 'label' in slot ? String(slot.label) : ''
  return optional(world.ancestors.get(label) ?? UNKNOWN, 'unknown')
}

function ofBinary(tree: Tree, scope: Scope): Type {
  const { lhs, rhs } = tree
  if (!isTree(lhs) || !isTree(rhs)) return UNKNOWN
  const left = scope.world.infer(lhs, scope)
  const operator = String(tree.value)
  const facts = operator === 'and' || operator === 'or' ? factsOf(lhs, operator === 'and', scope.place) : []
  const right = scope.world.infer(rhs, { ...scope, facts: withFacts(scope.facts, facts) })
  const sides = [
    { node: lhs, type: left },
    { node: rhs, type: right },
  ] as const
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return sides.every((side) => expectKinds(['number'], 'a number', side.node, side.type, scope, operator))
        ? eitherAbsent(NUMBER, left, right)
        : UNKNOWN
    case '&':
      return TEXT
    case 'and':
    case 'or':
      for (const { node, type } of sides) expectPresent('condition', node, type, scope)
      return TRUTH
    case '=':
    case '!=':
    case 'in':
      expectOperands(operator, sides, scope)
      expectInCommon(operator, sides, scope)
      return TRUTH
    case '<':
    case '<=':
    case '>':
    case '>=':
      expectOperands(operator, sides, scope)
      return sides.every((side) => expectKinds(['number', 'string'], 'text or a number', side.node, side.type, scope))
        ? eitherAbsent(TRUTH, left, right)
        : UNKNOWN
    case '..':
      for (const { node, type } of sides) expectKinds(['number'], 'a number', node, type, scope)
      return sequenceOf({ number: 'integer' }, 0)
    default:
      return UNKNOWN
  }
}

/** Nothing when either side is nothing. */
function eitherAbsent(type: Type, left: Type, right: Type): Type {
  const absent = union({ ...onlyAbsence(left) }, { ...onlyAbsence(right) })
  const certain = [left, right].some((side) => !mayBePresent(side) && side.absent)
  return certain ? absent : union(type, absent)
}

const onlyAbsence = ({ absent }: Type): Type => (absent ? { absent } : NEVER)

interface Side {
  readonly node: Tree
  readonly type: Type
}

/**
 * An item that lacks what a predicate compares does not match it, as its author means; but != does not match it either.
 * Nothing is in an empty list, as it should be.
 */
function expectOperands(operator: string, sides: readonly Side[], scope: Scope): void {
  if (scope.place !== '' && (operator === '=' || operator === 'in')) return
  for (const { node, type } of sides) {
    const emptyList = operator === 'in' && node === sides[1]?.node && type.absent === 'empty'
    if (!emptyList) expectPresent('operand', node, type, scope)
  }
}

/** Some value may be on both sides; of a list that is written out, each item may be on the left. */
function expectInCommon(operator: string, [left, right]: readonly [Side, Side], { world }: Scope): void {
  // What holds in one call of a function need not hold in the next.
  if (world.depth > 0) return
  const items =
    operator === 'in' && right.node.type === 'unary' && right.node.value === '[' ? treesIn(right.node.expressions) : []
  const other = operator === 'in' ? elementsOf(right.type) : right.type
  if (disjoint(left.type, other))
    return never(
      isWord(left.node) ? { node: left.node, type: left.type, other } : { node: right.node, type: other, other: left.type },
      world,
    )
  for (const item of items) {
    if (isWord(item) && disjoint(left.type, literal(item))) never({ node: item, type: literal(item), other: left.type }, world)
  }
}

const never = (sides: Omit<Extract<Finding, { kind: 'never' }>, 'kind'>, { findings }: World): void => {
  findings.push({ kind: 'never', ...sides })
}

const isWord = ({ type }: Tree): boolean => type === 'string'
const literal = ({ value }: Tree): Type => ({ string: [String(value)] })

function expectPresent(role: Role, node: Tree, type: Type, { world }: Scope): void {
  if (mayBeAbsent(type)) world.findings.push({ kind: 'absent', node, role })
}

/** Reports, and says no, where there always is something, and whatever it is, it is of none of these kinds. */
function expectKinds(
  kinds: readonly string[],
  needed: string,
  node: Tree,
  type: Type,
  { world }: Scope,
  operator?: string,
): boolean {
  const has = kindsOf(type)
  if (type.any || type.absent || has.length === 0 || has.some((kind) => kinds.includes(kind))) return true
  world.findings.push({ kind: 'mismatch', node, needed, type, ...(operator === undefined ? {} : { operator }) })
  return false
}

function ofUnary(tree: Tree, scope: Scope): Type {
  switch (tree.value) {
    case '-': {
      if (!isTree(tree.expression)) return UNKNOWN
      const type = scope.world.infer(tree.expression, scope)
      expectKinds(['number'], 'a number', tree.expression, type, scope)
      return eitherAbsent(NUMBER, type, type)
    }
    case '[': {
      const items = treesIn(tree.expressions).map((item) => {
        const type = scope.world.infer(item, scope)
        const nested = item.value === '['
        return { each: nested ? present(type) : elementsOf(type), least: nested ? 1 : leastOf(type) }
      })
      const array: ListType = {
        items: unionOf(items.map(({ each }) => each)),
        min: items.reduce((sum, { least }) => sum + least, 0),
      }
      return { array: tree.consarray === true ? { ...array, built: true } : array }
    }
    case '{':
      return typeOfGroup(tree, scope.input, { scope, tuple: false, whole: scope.whole })
    default:
      return UNKNOWN
  }
}

function ofCondition(tree: Tree, scope: Scope): Type {
  const { condition, then, else: otherwise } = tree
  if (!isTree(condition) || !isTree(then)) return UNKNOWN
  const type = scope.world.infer(condition, scope)
  // `a ?: b` is there to handle what may be absent.
  if (!sameTree(condition, then)) expectPresent('condition', condition, type, scope)
  const held = { ...scope, facts: withFacts(scope.facts, factsOf(condition, true, scope.place)) }
  const failed = { ...scope, facts: withFacts(scope.facts, factsOf(condition, false, scope.place)) }
  return union(scope.world.infer(then, held), isTree(otherwise) ? scope.world.infer(otherwise, failed) : { absent: 'missing' })
}

const sameTree = (one: Tree, other: Tree): boolean =>
  one.position === other.position && JSON.stringify(one) === JSON.stringify(other)

function ofBlock(tree: Tree, scope: Scope): Type {
  const within = inside(scope)
  let type: Type = ABSENT
  for (const expression of treesIn(tree.expressions)) type = scope.world.infer(expression, within)
  return type
}

function ofBind(tree: Tree, scope: Scope): Type {
  if (!isTree(tree.lhs) || !isTree(tree.rhs)) return UNKNOWN
  const type = scope.world.infer(tree.rhs, scope)
  const closure = closureOf(tree.rhs, scope)
  scope.frame.variables.set(String(tree.lhs.value), closure ? { type, closure } : { type })
  return type
}

function ofApply(tree: Tree, scope: Scope): Type {
  const { lhs, rhs } = tree
  if (!isTree(lhs) || !isTree(rhs)) return UNKNOWN
  const first = argumentOf(lhs, scope)
  if (rhs.type === 'variable') expectBound(rhs, scope)
  if (rhs.type === 'function') return typeOfCall(rhs, scope, first)
  const closure = closureOf(rhs, scope)
  if (first.type.any || first.type.function) return UNKNOWN
  return closure ? resultOf(closure, [first], scope) : UNKNOWN
}

interface Bindings {
  readonly bound: ReadonlySet<string>
  readonly unsure: ReadonlySet<string>
}

const bindings = new WeakMap<Tree, Bindings>()

/** The variables that are bound somewhere, and those of which it is not sure which value they have where. */
function bindingsIn(tree: Tree): Bindings {
  const before = bindings.get(tree)
  if (before) return before
  const bound = new Set<string>()
  const unsure = new Set<string>()
  const note = (name: string): void => {
    if (bound.has(name)) unsure.add(name)
    bound.add(name)
  }
  const visit = (node: Tree, inBlock: boolean): void => {
    if (node.type === 'bind' && isTree(node.lhs)) {
      note(String(node.lhs.value))
      if (!inBlock) unsure.add(String(node.lhs.value))
    }
    for (const binding of [node.focus, node.index]) if (typeof binding === 'string') note(binding)
    for (const child of childrenOf(node)) visit(child, node.type === 'block')
  }
  visit(tree, true)
  const made = { bound, unsure }
  bindings.set(tree, made)
  return made
}
