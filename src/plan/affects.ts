// What steps touch. Their inputs name some of it; what was read tells what else hangs on it: the VMs of a group, a VM's storages.
import { type Action, type Meant, meaningsIn, THINGS } from '../packs/index.ts'
import { holdsUnknown, isUnknown, type Json } from '../values/index.ts'
import type { Affected, Read } from './model.ts'

const ORDER: readonly string[] = THINGS
/** What has parts, and what can be one. A disk's id tells it from others of its VM only; a repository holds what is no part of it. */
const WHOLES: readonly string[] = ['group', 'vm', 'storage']
const PARTS: readonly string[] = ['vm', 'storage', 'host']

/** What reads have told of the things that there are. */
export interface World {
  readonly names: ReadonlyMap<string, Json>
  /** By thing, what belongs to it. */
  readonly parts: ReadonlyMap<string, readonly Affected[]>
}

const keyOf = ({ kind, id }: Affected): string => `${kind} ${JSON.stringify(id)}`

export function worldOf(reads: readonly Read[], actionNamed: (name: string) => Action): World {
  const names = new Map<string, Json>()
  const parts = new Map<string, Affected[]>()
  for (const { action: name, input, result } of reads) {
    if (result.kind !== 'output') continue
    const action = actionNamed(name)
    for (const meanings of [meaningsIn(action.input, input), meaningsIn(action.output, result.output)]) {
      for (const together of Map.groupBy(meanings, ({ beside }) => beside).values()) note(together, names, parts)
    }
  }
  for (const [whole, found] of parts) parts.set(whole, withoutStrangers(found, names))
  return { names, parts }
}

/** Where some of a kind were seen by name, an id among them that nobody could name is of another kind. */
function withoutStrangers(parts: readonly Affected[], names: ReadonlyMap<string, Json>): Affected[] {
  const named = new Set(parts.filter((part) => names.has(keyOf(part))).map(({ kind }) => kind))
  return parts.filter((part) => !named.has(part.kind) || names.has(keyOf(part)))
}

function note(together: readonly Meant[], names: Map<string, Json>, parts: Map<string, Affected[]>): void {
  const things = thingsIn(together)
  const [first] = things
  for (const { word, value } of together) {
    const kind = /^(.*)\.name$/.exec(word)?.[1]
    const named = things.find((thing) => thing.kind === kind)
    if (named) names.set(keyOf(named), value)
  }
  if (first === undefined || !WHOLES.includes(first.kind)) return
  const known = parts.get(keyOf(first)) ?? []
  parts.set(keyOf(first), [...known, ...things.filter(({ kind }) => kind !== first.kind && PARTS.includes(kind))])
}

/** In the order of their reach. */
const thingsIn = (meanings: readonly Meant[]): readonly Affected[] =>
  meanings
    .filter(({ word, value }) => ORDER.includes(word) && value !== null)
    .map(({ word, value }) => ({ kind: word, id: value }))
    .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))

/** What a call touches: what it is given, and what hangs on that. */
export function affectedBy({ input: schema }: Action, input: Json, { names, parts }: World): readonly Affected[] {
  const meanings = meaningsIn(schema, input)
  const found = new Map<string, Affected>()
  const reach = (thing: Affected): void => {
    const key = keyOf(thing)
    if (found.has(key)) return
    const name = names.get(key) ?? nameBeside(meanings, thing)
    found.set(key, name === undefined ? thing : { ...thing, name })
    for (const part of parts.get(key) ?? []) reach(part)
  }
  for (const thing of thingsIn(meanings)) reach(thing)
  return [...found.values()]
}

const nameBeside = (meanings: readonly Meant[], { kind, id }: Affected): Json | undefined => {
  const own = meanings.find(({ word, value }) => word === kind && value === id)
  return meanings.find(({ word, beside }) => word === `${kind}.name` && beside === own?.beside)?.value
}

/** Each thing once; with its name where any of them knows it. */
export function distinct(affected: readonly Affected[]): readonly Affected[] {
  const found = new Map<string, Affected>()
  for (const each of affected) {
    const known = found.get(keyOf(each))
    if (!known || (known.name === undefined && each.name !== undefined) || (isOpen(known.name) && !isOpen(each.name))) {
      found.set(keyOf(each), each)
    }
  }
  return [...found.values()]
}

const isOpen = (name: Json | undefined): boolean => name !== undefined && (isUnknown(name) || holdsUnknown(name))
