// The query language of CloudTower over objects as the API shows them. An empty filter fits everything. [X8, X9, X14]
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'

const OPERATORS: Readonly<Record<string, (value: Json | undefined, wanted: Json) => boolean>> = {
  _not_in: (value, wanted) => Array.isArray(wanted) && !wanted.includes(value ?? null),
  _in: (value, wanted) => Array.isArray(wanted) && wanted.includes(value ?? null),
  _not: (value, wanted) => (value ?? null) !== wanted,
  _contains: (value, wanted) => String(value ?? '').includes(String(wanted)),
  _starts_with: (value, wanted) => String(value ?? '').startsWith(String(wanted)),
  _ends_with: (value, wanted) => String(value ?? '').endsWith(String(wanted)),
}

export const matching = <Item extends JsonObject>(items: readonly Item[], where: JsonObject): Item[] =>
  items.filter((item) => matches(item, where))

function matches(item: JsonObject, where: JsonObject): boolean {
  return Object.entries(where).every(([key, wanted]) => {
    const parts = Array.isArray(wanted) ? wanted.filter(isObject) : []
    if (key === 'AND') return parts.every((part) => matches(item, part))
    if (key === 'OR') return parts.some((part) => matches(item, part))
    if (key === 'NOT') return !parts.some((part) => matches(item, part))
    const value = item[key]
    if (isObject(wanted)) return isObject(value) && matches(value, wanted)
    const suffix = Object.hasOwn(item, key) ? undefined : Object.keys(OPERATORS).find((each) => key.endsWith(each))
    if (suffix === undefined) return (value ?? null) === wanted
    return OPERATORS[suffix]?.(item[key.slice(0, -suffix.length)], wanted) ?? false
  })
}
