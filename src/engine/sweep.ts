// Lists what is on a platform, by the reads that resource types name under `sweep`. It knows no ledger and touches nothing:
// every call goes through the reader, which refuses what is no read.
import { actionNamed, type CallCommand, type Program } from '../kernel/index.ts'
import { conform, type TargetRef } from '../language/index.ts'
import { type Catalogue, type Failure, listingOf, type ResourceType } from '../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../values/index.ts'
import type { Reader } from './read.ts'

/** Something that is there. */
export interface Listed {
  readonly kind: 'listed'
  /** Qualified resource type. */
  readonly type: string
  readonly identity: JsonObject
  /** Everything that was told of it, and of what it is in. */
  readonly facts: JsonObject
}

/** A part of the platform that could not be looked at. */
export interface Unread {
  readonly kind: 'unread'
  readonly action: string
  readonly input: JsonObject
  readonly failure: Failure
}

export type Swept = Listed | Unread

/** All that these resource types list on one target, a call at a time. */
export async function* sweep(
  read: Reader,
  catalogue: Catalogue,
  types: readonly ResourceType[],
  target: TargetRef,
): AsyncGenerator<Swept> {
  // Types that list the same things ask once.
  const answers = new Map<string, Promise<readonly JsonObject[] | Unread>>()
  let calls = 0

  function list(action: string, known: JsonObject): Promise<readonly JsonObject[] | Unread> {
    const program = programOf(catalogue, action)
    const input = inputOf(program, action, known, target)
    const key = JSON.stringify([action, input])
    const answer = answers.get(key) ?? ask(program, action, input)
    answers.set(key, answer)
    return answer
  }

  async function ask(program: Program, name: string, input: JsonObject): Promise<readonly JsonObject[] | Unread> {
    const action = actionNamed(program, name)
    const id = `sweep#${++calls}`
    const command: CallCommand = { kind: 'call', id, purpose: 'step', path: 'sweep', action: name, input, key: id, attempt: 1 }
    const answer = await read(program, command, action.timeoutMs)
    if (answer.kind === 'failure') return { kind: 'unread', action: name, input, failure: answer.failure }
    const items = answer.output[listingOf(action)?.property ?? '']
    return Array.isArray(items) ? items.filter(isObject) : []
  }

  async function* descend(type: ResourceType, actions: readonly string[], known: JsonObject): AsyncGenerator<Swept> {
    const [action, ...rest] = actions
    if (action === undefined) return yield { kind: 'listed', type: type.name, identity: identityOf(type, known), facts: known }
    const items = await list(action, known)
    if ('kind' in items) return yield items as Unread
    for (const item of items) yield* descend(type, rest, { ...known, ...item })
  }

  for (const type of types) if (type.sweep) yield* descend(type, type.sweep, {})
}

const identityOf = ({ identity }: ResourceType, known: JsonObject): JsonObject =>
  Object.fromEntries(identity.map((name) => [name, known[name] ?? null]))

/** What an action takes of what is known, by name, and the target where it takes one. */
function inputOf(program: Program, action: string, known: JsonObject, target: TargetRef): JsonObject {
  const schema = actionNamed(program, action).input
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  const given = properties.flatMap(([name, property]): readonly (readonly [string, Json])[] => {
    if (isObject(property) && property['x-connection'] !== undefined) return [[name, { ...target }]]
    const value = known[name]
    return value === undefined ? [] : [[name, value]]
  })
  return conform(schema, Object.fromEntries(given)).value as JsonObject
}

/** As much of a program as a call needs. */
function programOf(catalogue: Catalogue, name: string): Program {
  const action = catalogue.action(name)
  if (!action) throw new Error(`the packs hold no action ${name}`)
  const span = { file: name, start: 0, end: 0 }
  const root = { steps: [], yield: [], span }
  return { name: 'sweep', version: '0.0.0', root, targets: [], actions: { [name]: action }, resources: {} }
}
