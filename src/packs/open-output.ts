// What a call would answer, as far as its manifest can tell: each property of the output, unknown.
import { isObject, type JsonObject, unknown } from '../values/index.ts'
import type { Action } from './model.ts'

/** `path` names where the values would come from. */
export function openOutput({ output }: Action, path: string): JsonObject {
  const names = isObject(output.properties) ? Object.keys(output.properties) : []
  return Object.fromEntries(names.map((name) => [name, unknown(`${path}.${name}`)]))
}
