// What a call or a person would answer, as far as its schema can tell: each property, unknown.
import { isObject, type JsonObject, type JsonSchema, unknown } from '../values/index.ts'
import type { Action } from './model.ts'

/** `path` names where the values would come from. */
export const openOutput = ({ output }: Action, path: string): JsonObject => openValue(output, path)

/** An object of this schema; an empty one without a schema. */
export function openValue(schema: JsonSchema | undefined, path: string): JsonObject {
  const names = isObject(schema?.properties) ? Object.keys(schema.properties) : []
  return Object.fromEntries(names.map((name) => [name, unknown(`${path}.${name}`)]))
}
