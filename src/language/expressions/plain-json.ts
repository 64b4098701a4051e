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

function plainList(list: readonly unknown[]): Json {
  const items = list.map(plainJson).filter((item) => item !== undefined)
  // A mark is an own key beside the indices.
  const marked = Object.keys(list).length !== list.length
  const same = !marked && items.length === list.length && items.every((item, index) => item === list[index])
  return same ? (list as Json) : items
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
