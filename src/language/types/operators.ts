// What operators make of what stands on their sides, and what they cannot take.
import { isTree, type Tree, treesIn } from '../expressions/index.ts'
import { factsOf, withFacts } from './facts.ts'
import { disjoint } from './fit.ts'
import { typeOfGroup } from './paths.ts'
import type { Finding, Role, Scope, World } from './scope.ts'
import { elementsOf, leastOf, sequenceOf } from './sequence.ts'
import {
  kindsOf,
  type ListType,
  mayBeAbsent,
  mayBePresent,
  NEVER,
  NUMBER,
  present,
  TEXT,
  TRUTH,
  type Type,
  UNKNOWN,
  union,
  unionOf,
} from './type.ts'

export function typeOfBinary(tree: Tree, scope: Scope): Type {
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

/** Reports what may be nothing. */
export function expectPresent(role: Role, node: Tree, type: Type, { world }: Scope): void {
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

export function typeOfUnary(tree: Tree, scope: Scope): Type {
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
