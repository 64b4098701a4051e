// JSONata's rules for lists: paths map over them, lists within lists are joined, and a sequence of one is that one.
import { ABSENT, type Absence, EMPTY, kindsOf, NEVER, ownProperty, present, type Type, UNKNOWN, union, unionOf } from './type.ts'

/** What a value is when it is walked over: the items of a list, else itself. */
export function elementsOf(type: Type): Type {
  if (type.any) return { any: true }
  const { array, absent: _, ...single } = type
  return array ? union(single, array.items) : single
}

/** How many elements there are at least. */
export function leastOf(type: Type): number {
  if (type.any) return 0
  if (type.absent !== undefined) return 0
  const single = kindsOf(type).some((kind) => kind !== 'array')
  if (!type.array) return single ? 1 : 0
  return single ? Math.min(1, type.array.min) : type.array.min
}

/** Some elements in a row, as an expression yields them: none is absent, one is itself, several are a list. */
export function sequenceOf(element: Type, min: number, none: Absence = 'empty'): Type {
  const absent: Type = min > 0 ? NEVER : { absent: none }
  if (element.any) return { any: true, ...absent }
  if (kindsOf(element).length === 0) return min > 0 ? NEVER : EMPTY
  const several: Type = { array: { items: element, min: min > 1 ? min : 0 } }
  return unionOf([absent, min > 1 ? NEVER : element, several])
}

/** What `value.name` is. */
export function propertyOf(type: Type, name: string): Type {
  if (type.any) return UNKNOWN
  const found: Type[] = []
  if (type.absent) found.push({ absent: type.absent })
  if (type.object) found.push(ownProperty(type.object, name))
  if (type.array) {
    const each = propertyOf(type.array.items, name)
    found.push(sequenceOf(elementsOf(each), type.array.min * leastOf(each)))
  }
  if (kindsOf(type).some((kind) => kind !== 'object' && kind !== 'array')) found.push(ABSENT)
  return unionOf(found)
}

/** Whatever of this type is there, it has no such property. */
export function lacks(type: Type, name: string): boolean {
  if (type.any) return false
  const kinds = kindsOf(type).filter((kind) => kind !== 'null' && kind !== 'function')
  return (
    kinds.length > 0 &&
    kinds.every((kind) => {
      if (kind === 'array') return type.array !== undefined && lacks(type.array.items, name)
      return kind !== 'object' || (type.object !== undefined && ownProperty(type.object, name) === ABSENT)
    })
  )
}

/** The properties that a value may have, through lists too. */
export function propertyNames(type: Type): readonly string[] {
  const own = Object.keys(type.object?.properties ?? {})
  return type.array ? [...own, ...propertyNames(type.array.items)] : own
}

/** The values of all properties (`*`), and of a list its items: lists among them are taken apart, however deep. */
export function propertyValues(type: Type): Type {
  if (type.any || type.object?.rest) return UNKNOWN
  const values = Object.values(type.object?.properties ?? {})
  const ofObject = values.reduce((sum, value) => sum + (value.array ? 0 : leastOf(value)), 0)
  const single = kindsOf(type).length === 1 && type.absent === undefined
  const items = type.array ? [flattened(type.array.items)] : []
  return sequenceOf(unionOf([...values.map(flattened), ...items]), single && type.object ? ofObject : 0)
}

function flattened(type: Type): Type {
  const element = elementsOf(type)
  return element.array ? flattened(element) : present(element)
}

/** The value and all that is inside it, but lists (`**`). */
export function descendants(type: Type): Type {
  const inside = everyValueIn(type, 0)
  return inside ? optional(sequenceOf(inside, 0)) : UNKNOWN
}

const optional = (type: Type): Type => union(type, EMPTY)

function everyValueIn(type: Type, depth: number): Type | undefined {
  if (type.any || depth > 20) return undefined
  const element = elementsOf(type)
  if (element.array) return everyValueIn(element, depth + 1)
  if (!element.object) return element
  if (element.object.rest) return undefined
  let all = element
  for (const property of Object.values(element.object.properties)) {
    const inside = everyValueIn(present(property), depth + 1)
    if (!inside) return undefined
    all = union(all, inside)
  }
  return all
}
