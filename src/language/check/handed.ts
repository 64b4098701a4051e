// Handles that a called runbook hands to its caller: what the called one acquires outside of its scopes is the caller's to hold.
import type { ObjectType, Type } from '../types/index.ts'

/** Owner of what is acquired outside of all scopes. */
export const THE_RUN = 'the run'

/** The same type, where handles that the called run itself would own belong to the caller's block of that id. */
export function handedTo(owner: string, type: Type): Type {
  const { object, array } = type
  return {
    ...type,
    ...(object ? { object: objectHandedTo(owner, object) } : {}),
    ...(array ? { array: { ...array, items: handedTo(owner, array.items) } } : {}),
  }
}

function objectHandedTo(owner: string, object: ObjectType): ObjectType {
  const { owners, ran } = object
  const properties = Object.entries(object.properties).map(([name, type]): [string, Type] => [name, handedTo(owner, type)])
  return {
    ...object,
    properties: Object.fromEntries(properties),
    ...(ran ? { ran: objectHandedTo(owner, ran) } : {}),
    ...(owners ? { owners: owners.map((each) => (each === THE_RUN ? owner : each)) } : {}),
  }
}
