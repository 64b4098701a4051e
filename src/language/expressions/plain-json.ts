// What an evaluation answers, as plain JSON: jsonata marks its lists and may answer with a function.
import type { Json } from '../../values/index.ts'

export class NotJson extends Error {}

/** The same value where it is plain already; throws `NotJson` on a function, NaN or an infinity. */
export function plainJson(value: unknown): Json | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson(`the expression yields ${value}, which is no JSON number`)
      return value
    case 'object':
      if (value === null) return null
      return Array.isArray(value) ? plainList(value) : plainObject(value)
    default:
      throw new NotJson(`the expression yields a ${typeof value}, not data`)
  }
}

/** What jsonata leaves on its lists; such a list is copied. */
const MARKS = ['sequence', 'keepSingleton', 'cons', 'outerWrapper', 'tupleStream'] as const

function plainList(list: readonly unknown[]): Json {
  let copy: Json[] | undefined = MARKS.some((mark) => mark in list) ? [] : undefined
  for (const [index, item] of list.entries()) {
    const plain = plainJson(item)
    if (plain !== item || plain === undefined) copy ??= list.slice(0, index) as Json[]
    if (plain !== undefined) copy?.push(plain)
  }
  return copy ?? (list as Json)
}

function plainObject(object: object): Json {
  if ('_jsonata_function' in object || '_jsonata_lambda' in object)
    throw new NotJson('the expression yields a function, not data')
  const fields = Object.entries(object)
  let same = true
  const plain: [string, Json][] = []
  for (const [name, value] of fields) {
    const made = plainJson(value)
    if (made !== value || made === undefined) same = false
    if (made !== undefined) plain.push([name, made])
  }
  return same ? (object as Json) : Object.fromEntries(plain)
}
