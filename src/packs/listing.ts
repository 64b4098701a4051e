// A read that lists: where in its output the list stands, and what its items are.
import { isObject, type JsonSchema } from '../values/index.ts'
import type { Action } from './model.ts'

export interface Listing {
  /** Property of the output that holds the list. */
  readonly property: string
  /** Schema of an item. */
  readonly items: JsonSchema
}

/** The one list of objects that the output requires; undefined where there is none, or more than one. */
export function listingOf({ output }: Pick<Action, 'output'>): Listing | undefined {
  const required = Array.isArray(output.required) ? output.required : []
  const lists = Object.entries(isObject(output.properties) ? output.properties : {}).flatMap(([property, schema]) => {
    const items = isObject(schema) && schema.type === 'array' && isObject(schema.items) ? schema.items : undefined
    return items?.type === 'object' && required.includes(property) ? [{ property, items }] : []
  })
  return lists.length === 1 ? lists[0] : undefined
}
