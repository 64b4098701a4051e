// The type of an expression over the types of its roots. What cannot be told is unknown; what is told is always so.
import { childrenOf, compile, isTree, type Tree, treesIn } from '../expressions/index.ts'
import { argumentOf, closureOf, resultOf, typeOfCall } from './calls.ts'
import { type Facts, factsOf, keyOf, narrowed, withFacts } from './facts.ts'
import { expectPresent, typeOfBinary, typeOfUnary } from './operators.ts'
import { filteredBy, typeOfGroup, typeOfPath } from './paths.ts'
import { expectBound, type Finding, type Frame, inside, lookUp, type Scope, type World } from './scope.ts'
import { descendants, elementsOf, propertyValues } from './sequence.ts'
import { SIGNATURES } from './signatures.ts'
import { ABSENT, FUNCTION, listOf, NEVER, optional, TRUTH, type Type, UNKNOWN, union } from './type.ts'

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
      return typeOfBinary(tree, scope)
    case 'unary':
      return typeOfUnary(tree, scope)
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
