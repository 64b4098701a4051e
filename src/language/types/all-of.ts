// JSON Schema's allOf as one schema, so that what one part names and another describes comes together.
import { isObject, type Json, type JsonObject, type JsonSchema } from '../../values/index.ts'

/**
 * One schema that says what all parts say. Where two parts say different things that cannot be joined, the last one counts: the
 * outcome is never narrower than all parts together.
 */
export const joinedSchema = (parts: readonly JsonSchema[]): JsonSchema => parts.flatMap(partsOf).reduce(both, {})

const partsOf = ({ allOf, ...own }: JsonSchema): readonly JsonSchema[] => [
  own,
  ...(Array.isArray(allOf) ? allOf.filter(isObject).flatMap(partsOf) : []),
]

function both(one: JsonObject, other: JsonObject): JsonObject {
  const joined = Object.entries(JOINS).flatMap(([keyword, join]): [string, Json][] => {
    const [left, right] = [one[keyword], other[keyword]]
    return left === undefined || right === undefined ? [] : [[keyword, join(left, right)]]
  })
  return { ...one, ...other, ...Object.fromEntries(joined) }
}

type Join = (left: Json, right: Json) => Json

const schemas: Join = (left, right) => {
  if (left === false || right === false) return false
  return isObject(left) && isObject(right) ? { allOf: [left, right] } : isObject(left) ? left : right
}

const JOINS: Readonly<Record<string, Join>> = {
  type: (left, right) => {
    const [types, others] = [[left].flat(), [right].flat()]
    const common = types.filter((type) => others.includes(type) || (type === 'integer' && others.includes('number')))
    return common.length > 0 ? common : right
  },
  properties: (left, right) =>
    isObject(left) && isObject(right)
      ? Object.fromEntries(
          [...new Set([...Object.keys(left), ...Object.keys(right)])].map((name) => [
            name,
            Object.hasOwn(left, name) && Object.hasOwn(right, name)
              ? schemas(left[name] ?? true, right[name] ?? true)
              : (left[name] ?? right[name] ?? true),
          ]),
        )
      : right,
  required: (left, right) => [...new Set([left, right].flat())],
  items: schemas,
  additionalProperties: schemas,
  minItems: (left, right) => Math.max(Number(left), Number(right)),
}
