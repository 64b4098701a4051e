// Plain JSON values and the two marks they may carry: unknown (a plan's value that only a run can tell) and secret.
// It may not know what the values mean.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}
/** A JSON Schema, draft 2020-12. */
export type JsonSchema = JsonObject

/** What a plan puts where only a run can tell the value; `of` names where it would come from. Plain data, so it survives a journal. */
export interface Unknown extends JsonObject {
  readonly $unknown: string
}

export const unknown = (of: string): Unknown => ({ $unknown: of })

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isUnknown = (value: unknown): value is Unknown => isObject(value) && typeof value.$unknown === 'string'

/** True when the value or anything inside it is unknown. */
export function holdsUnknown(value: Json): boolean {
  if (isUnknown(value)) return true
  if (Array.isArray(value)) return value.some(holdsUnknown)
  return isObject(value) && Object.values(value).some(holdsUnknown)
}
