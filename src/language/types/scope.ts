// Where an expression stands while it is inferred: its context value, the variables it sees, the facts that hold there.
import type { Tree } from '../expressions/index.ts'
import type { Facts } from './facts.ts'
import { SIGNATURES } from './signatures.ts'
import type { Type } from './type.ts'

export interface Scope {
  /** The context value, `$`. */
  readonly input: Type
  /** The input is the whole document: one thing, though it be a list. */
  readonly whole: boolean
  /** Tells apart what equal names mean in different contexts; '' at the root. */
  readonly place: string
  /** How a reader calls the context value; '' at the root. */
  readonly label: string
  readonly frame: Frame
  readonly facts: Facts
  readonly world: World
}

/** What all scopes of one expression share. */
export interface World {
  readonly root: Type
  readonly infer: (tree: Tree, scope: Scope) => Type
  readonly findings: Finding[]
  /** Variables that are bound more than once, or perhaps not at all: nothing is said of them. */
  readonly unsure: ReadonlySet<string>
  /** Names that are bound somewhere. */
  readonly bound: ReadonlySet<string>
  /** Of each node, all that it may be, over every time it is looked at. */
  readonly seen?: Map<Tree, Type>
  /** What `%` finds, by the label that the parser gave. */
  readonly ancestors: Map<string, Type>
  places: number
  depth: number
  /** Looks so far: what grows beyond all bounds is given up. */
  looks: number
}

export interface Frame {
  readonly variables: Map<string, Bound>
  readonly outer?: Frame
}

export interface Bound {
  readonly type: Type
  readonly closure?: Closure
}

/** A function that is defined in the expression, with the scope it was defined in; or one of JSONata's own. */
export type Closure =
  | { readonly kind: 'lambda'; readonly tree: Tree; readonly scope: Scope }
  | { readonly kind: 'own'; readonly name: string }

/** What can be said against an expression; each is certain to happen whenever the place is evaluated, but `absent`. */
export type Finding =
  /** A variable or a function that nothing is bound to. */
  | { readonly kind: 'unbound'; readonly node: Tree; readonly name: string; readonly known: readonly string[] }
  /** A comparison whose two sides have no value in common; the node is one of them, or an item of a list that is one. */
  | { readonly kind: 'never'; readonly node: Tree; readonly type: Type; readonly other: Type }
  | {
      readonly kind: 'missing'
      readonly node: Tree
      readonly name: string
      readonly of: string
      readonly known: readonly string[]
    }
  /** A condition or an operand that may have no value. */
  | { readonly kind: 'absent'; readonly node: Tree; readonly role: Role }
  /** What an operator or a function cannot work on. */
  | {
      readonly kind: 'mismatch'
      readonly node: Tree
      readonly needed: string
      readonly type: Type
      readonly operator?: string
    }

export type Role = 'condition' | 'operand'

/** Reports a name that is neither bound in the expression nor one of JSONata's own. */
export function expectBound(node: Tree, { frame, world }: Scope): void {
  const name = String(node.value)
  if (name === '' || name === '$' || world.bound.has(name) || lookUp(frame, name) || SIGNATURES.has(name)) return
  world.findings.push({ kind: 'unbound', node, name, known: [...world.bound, ...SIGNATURES.keys()] })
}

export function lookUp(frame: Frame, name: string): Bound | undefined {
  return frame.variables.get(name) ?? (frame.outer && lookUp(frame.outer, name))
}

export const inside = (scope: Scope, frame: Frame = { variables: new Map(), outer: scope.frame }): Scope => ({ ...scope, frame })

/** The same place with another context value. */
export function withInput(scope: Scope, input: Type, label: string): Scope {
  scope.world.places += 1
  return { ...scope, input, whole: false, place: `@${scope.world.places}`, label }
}
