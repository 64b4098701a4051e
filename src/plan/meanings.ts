// What the values of an action mean, by the words that its manifest puts on their schemas (`x-means`).
import { isObject, isUnknown, type Json, type JsonSchema } from '../values/index.ts'

/** A value that means something, with the words that stand beside it in the same object. */
export interface Meant {
  readonly word: string
  readonly value: Json
  /** Numbers the object that it stands in. */
  readonly beside: number
}

/** All that a value holds which has a meaning, outer first. */
export function meaningsIn(schema: JsonSchema, value: Json): readonly Meant[] {
  const found: Meant[] = []
  let objects = 0
  function visit(at: Json | undefined, here: Json | undefined, beside: number): void {
    if (!isObject(at) || here === undefined) return
    const word = at['x-means']
    if (typeof word === 'string') found.push(...listed(word, targetName(here) ?? here, beside))
    if (isUnknown(here)) return
    if (Array.isArray(here)) for (const item of here as readonly Json[]) visit(at.items, item, beside)
    if (!isObject(here) || !isObject(at.properties)) return
    objects += 1
    const inside = objects
    for (const [name, property] of Object.entries(at.properties)) visit(property, here[name], inside)
  }
  visit(schema, value, 0)
  return found
}

/** A connection stands for what it leads to. */
const targetName = (value: Json): Json | undefined => (isObject(value) ? value.$target : undefined)

/** A list of ids is so many things; extents stay one. */
const listed = (word: string, value: Json, beside: number): readonly Meant[] =>
  Array.isArray(value) && word !== 'extents'
    ? value.map((each: Json) => ({ word, value: each, beside }))
    : [{ word, value, beside }]

export const meant = (meanings: readonly Meant[], word: string): Json | undefined =>
  meanings.find((each) => each.word === word)?.value

/** Bytes that extents hold; undefined where that is not known. */
export function dataBytes(extents: Json): number | undefined {
  if (!Array.isArray(extents)) return undefined
  let sumBytes = 0
  for (const extent of extents as readonly Json[]) {
    if (!isObject(extent) || isUnknown(extent.lengthBytes) || isUnknown(extent.kind)) return undefined
    if (extent.kind === 'data') sumBytes += Number(extent.lengthBytes)
  }
  return sumBytes
}
