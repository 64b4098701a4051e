// What a value of an action can mean to plan and verify: the words that `x-means` takes, and where they stand. A closed list, so that
// a word means one thing.
import { isObject, isUnknown, type Json, type JsonSchema } from '../values/index.ts'

/** Things of a platform. What is done to one touches those after it that belong to it. */
export const THINGS = ['group', 'vm', 'disk', 'snapshot', 'storage', 'host', 'repository'] as const
export type Thing = (typeof THINGS)[number]

const NAMES = THINGS.map((thing) => `${thing}.name` as const)

const FACTS = [
  /** Extents of one disk, of which those of the kind data are moved. */
  'extents',
  /** Folders whose files the call itself stores, where it makes a restore point of them. */
  'folders',
  /** `full` or `incremental`. */
  'level',
  'consistency',
  /** A VM in words that no platform owns; one schema for all packs. */
  'machine',
  /** When a restore point was taken, ISO 8601. */
  'pointTime',
] as const

export const MEANINGS: readonly string[] = [...THINGS, ...NAMES, ...FACTS]

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

/** All words on a schema, whatever its values are. */
export function wordsIn(schema: Json | undefined): ReadonlySet<string> {
  if (!isObject(schema)) return new Set()
  const inside = [schema.items, ...Object.values(isObject(schema.properties) ? schema.properties : {})]
  const own = typeof schema['x-means'] === 'string' ? [schema['x-means']] : []
  return new Set([...own, ...inside.flatMap((each) => [...wordsIn(each)])])
}
