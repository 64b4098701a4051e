// Whether a value of one type can go where another is wanted, and how types are called when it cannot.
import { elementsOf } from './sequence.ts'
import { ABSENT, type Kind, kindsOf, mayBePresent, ownProperty, present, type Type, union } from './type.ts'

/** Why no value of the type fits; nothing when one may. */
export interface Mismatch {
  readonly needed: string
  readonly has: string
  /** Names that lead to the place inside the value. */
  readonly path: readonly string[]
}

/** A list takes one thing too: it becomes a list of it. */
export function mismatch(type: Type, wanted: Type): Mismatch | undefined {
  if (type.any || wanted.any || !mayBePresent(type) || !mayBePresent(wanted)) return undefined
  if (wanted.array && !kindsOf(wanted).some((kind) => kind !== 'array')) return mismatch(elementsOf(type), wanted.array.items)
  const has = kindsOf(type)
  if (!has.some((kind) => wanted[kind] !== undefined || wanted.array))
    return { needed: describe(wanted), has: describe(type), path: [] }
  if (has.length > 1) return undefined
  if (Array.isArray(type.string) && Array.isArray(wanted.string)) {
    const possible = wanted.string
    return type.string.some((text) => possible.includes(text))
      ? undefined
      : { needed: describe(wanted), has: describe(type), path: [] }
  }
  return type.object && wanted.object ? mismatchInside(type.object, wanted.object) : undefined
}

function mismatchInside(type: NonNullable<Type['object']>, wanted: NonNullable<Type['object']>): Mismatch | undefined {
  for (const [name, property] of Object.entries(wanted.properties)) {
    const has = ownProperty(type, name)
    if (has === ABSENT && !property.absent && !property.array) return { needed: describe(property), has: 'absent', path: [name] }
    const inside = has.absent ? undefined : mismatch(has, present(property))
    if (inside) return { ...inside, path: [name, ...inside.path] }
  }
  return undefined
}

/** No value is of both types. Of a list, one item may stand for it. */
export function disjoint(one: Type, other: Type): boolean {
  const [left, right] = [withItems(one), withItems(other)]
  if (left.any || right.any || !mayBePresent(left) || !mayBePresent(right)) return false
  const common = kindsOf(left).filter((kind) => right[kind] !== undefined)
  if (common.some((kind) => kind !== 'string')) return false
  const [texts, others] = [left.string, right.string]
  return common.length === 0 || (Array.isArray(texts) && Array.isArray(others) && !texts.some((text) => others.includes(text)))
}

const withItems = (type: Type): Type => (type.array ? union(type, elementsOf(type)) : type)

const NAMES: Readonly<Record<Kind, string>> = {
  null: 'null',
  boolean: 'true or false',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'an object',
  function: 'a function',
}

/** In a reader's words. */
export function describe(type: Type): string {
  if (type.any) return 'anything'
  const kinds = kindsOf(type)
  return kinds.length === 0 ? 'nothing' : kinds.map((kind) => nameOf(kind, type)).join(' or ')
}

function nameOf(kind: Kind, type: Type): string {
  if (kind === 'number' && type.number === 'integer') return 'a whole number'
  if (kind === 'string' && Array.isArray(type.string) && type.string.length <= 5) {
    return type.string.map((text) => JSON.stringify(text)).join(' or ')
  }
  return NAMES[kind]
}
