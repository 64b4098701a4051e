// The far side: what calls do to things, what they answer, and what time does. Everything here follows from the manifests.
import { actionNamed, type CallCommand, type Path, resourceNamed } from '../kernel/index.ts'
import { type Action, type Failure, openOutput } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import { identityOf } from './identity.ts'
import type { Effect, Sent, Subject, Thing, Violation, World } from './model.ts'
import { appeared, brokeOff } from './points.ts'
import { altered, withEntry, without } from './records.ts'

export type Answer = { readonly output: JsonObject } | { readonly failure: Failure }

const refusal = (type: string, message: string): Answer => ({ failure: { type, message, retryable: false, applied: 'no' } })

/** The call takes effect and answers as things are. */
export function answer(subject: Subject, world: World, sent: Sent, found: Violation[]): Answer {
  const { truth } = subject
  const { purpose, path, input } = sent.command
  const action = actionNamed(truth, sent.command.action)
  switch (purpose) {
    case 'step':
      if (action.name === 'core/assert' && input.that === false)
        return refusal('assertionFailed', 'what is asserted does not hold')
      takeEffect(subject, world, sent, 'now', found)
      return { output: outputOf(action, path) }
    case 'find':
    case 'probe': {
      const thing = world.things[path]
      return { output: thing?.presence === 'there' ? foundOutput(subject, action, path, thing) : NOT_FOUND }
    }
    case 'release': {
      const isThere = world.things[path]?.presence === 'there'
      const [gone] = Object.values(truth.resources).find((each) => each.release.action === action.name)?.release.gone ?? []
      takeEffect(subject, world, sent, 'now', found)
      return isThere || gone === undefined ? { output: {} } : refusal(gone, 'there is no such thing any more')
    }
    case 'renew': {
      const thing = world.things[path]
      const lease = thing && resourceNamed(truth, thing.type).lease
      if (!lease || thing.presence !== 'there') return refusal(lease?.lost[0] ?? 'notFound', 'the lease has ended')
      world.things = altered(world.things, path, { leaseUntil: world.now + lease.lifetimeMs, healthy: true })
      return { output: {} }
    }
  }
}

const NOT_FOUND: JsonObject = { found: false }
const outputs = new Map<string, JsonObject>()

function remembered(key: string, make: () => JsonObject): JsonObject {
  const known = outputs.get(key) ?? make()
  outputs.set(key, known)
  return known
}

const outputOf = (action: Action, path: Path): JsonObject =>
  remembered(`${path} ${identityOf(action.output)}`, () => openOutput(action, path))

/** A look-up that finds answers what the acquire would have answered. */
function foundOutput({ truth }: Subject, action: Action, path: Path, { type }: Thing): JsonObject {
  return remembered(`${path} found ${type} ${identityOf(action.output)}`, () => {
    const acquires = Object.values(truth.actions).filter((each) => each.effect === 'acquire' && each.resource === type)
    return Object.assign({}, openOutput(action, path), ...acquires.map((each) => openOutput(each, path)), { found: true })
  })
}

/** What a call does on the far side, whether or not its answer arrives. */
export function takeEffect(subject: Subject, world: World, sent: Sent, effect: Effect, found: Violation[]): void {
  const { purpose, path } = sent.command
  if (effect === 'no') return
  if (purpose === 'release') world.things = without(world.things, path)
  const action = actionNamed(subject.truth, sent.command.action)
  if (purpose === 'step' && action.effect === 'acquire') acquire(subject, world, sent, action, effect, found)
}

function acquire(subject: Subject, world: World, sent: Sent, action: Action, effect: Effect, found: Violation[]): void {
  const { truth } = subject
  const { path, key } = sent.command
  const type = resourceNamed(truth, action.resource ?? '')
  const existing = world.things[path]
  if (existing) {
    if (!isSameAgain(action, sent.command, existing.key, sent.sentAt - existing.sentAt)) {
      found.push({ promise: 'P3', path, text: `${path} acquired a second ${type.title}: the first is there still` })
    }
    if (existing.presence === 'there') return
  }
  world.things = withEntry<Thing>(world.things, path, {
    type: type.name,
    key,
    parents: sent.uses,
    sentAt: sent.sentAt,
    presence: effect === 'late' ? 'late' : 'there',
    ...(type.lease === undefined ? {} : { leaseUntil: world.now + type.lease.lifetimeMs }),
    healthy: true,
    releaseSent: false,
  })
  if (effect === 'now') appeared(subject, world, path, type.name, sent)
}

/** The platform takes a repeat for the same call. */
export const isSameAgain = (action: Action, { key }: CallCommand, firstKey: string, ageMs: number): boolean =>
  action.idempotent === 'keyed' ? key === firstKey && ageMs < (action.keyLifetimeMs ?? 0) : action.idempotent

/** Time goes on: what was on its way appears, what was not renewed ends, what is critical is held too long. */
export function passTime(subject: Subject, world: World, to: number, found: Violation[]): void {
  const { truth } = subject
  world.now = Math.max(world.now, to)
  for (const path in world.things) {
    const before = world.things[path]
    if (!before) continue
    const type = resourceNamed(truth, before.type)
    if (before.presence === 'late' && world.now >= before.sentAt + type.appearsWithinMs) {
      const lease = type.lease && { leaseUntil: world.now + type.lease.lifetimeMs }
      world.things = altered<Thing>(world.things, path, { presence: 'there', ...lease })
      appeared(subject, world, path, before.type)
    }
    const thing = world.things[path] ?? before
    if (thing.presence === 'there' && thing.leaseUntil !== undefined && world.now >= thing.leaseUntil) {
      if (thing.healthy && !thing.releaseSent)
        found.push({ promise: 'P6', path, text: `the lease of ${path} ran out though every renewal worked` })
      lapse(world, path, found)
    }
    const isThere = world.things[path]?.presence === 'there'
    if (isThere && type.critical && !thing.releaseSent && world.now > thing.sentAt + (type.maxHoldMs ?? Infinity)) {
      found.push({
        promise: 'P5',
        path,
        text: `${path} is critical and was held longer than it may be, without a release under way`,
      })
    }
  }
}

/** The platform lets go by itself. */
export function lapse(world: World, path: Path, found: Violation[]): void {
  const thing = world.things[path]
  if (!thing) return
  const { leaseUntil: _, ...rest } = thing
  world.things = withEntry<Thing>(world.things, path, { ...rest, presence: 'lapsed' })
  brokeOff(world, path, found)
}
