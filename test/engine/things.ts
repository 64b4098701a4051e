// A platform for tests: things that can be held, and effects that are counted. What it holds outlives every engine,
// so a leak or a repeated effect shows, in this process or (kept in a folder) in another.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActionFailure, type ActionHandler, type Handlers } from '../../src/packs/index.ts'
import type { JsonObject } from '../../src/values/index.ts'

export const THINGS_MANIFEST = `
pack: 1
name: things
version: 1.0.0
title: Things that tests hold
connections:
  Place:
    title: Where things are
    properties:
      url: { type: string }
      password: { type: string, x-secret: true }
resources:
  Thing:
    title: A thing
    identity: [name]
    find: thing.find
    release: { action: thing.delete, idempotent: true, timeout: 30s, gone: [notFound] }
  Part:
    title: A part of a thing, on a lease
    identity: [name]
    find: part.find
    childOf: [Thing]
    release: { action: part.delete, idempotent: true, timeout: 30s, gone: [notFound] }
    lease: { renew: part.renew, every: 60s, lifetime: 300s, lost: [notFound] }
    deadman: platform
actions:
  thing.create:
    title: Makes a thing
    source: none
    effect: acquire
    resource: Thing
    input: { required: [place, name], properties: { place: { x-connection: Place }, name: { type: string } } }
    output: { required: [size], properties: { size: { type: integer } } }
    handler: true
  thing.find:
    title: Looks for a thing
    source: none
    effect: read
    input: { required: [place, name], properties: { place: { x-connection: Place }, name: { type: string } } }
    output: { required: [found], properties: { found: { type: boolean }, size: { type: integer } } }
    handler: true
  thing.delete:
    title: Deletes a thing
    source: none
    effect: release
    resource: Thing
    input: { required: [place, name], properties: { place: { x-connection: Place }, name: { type: string } } }
    output: {}
    failures: { notFound: { message: there is none, retryable: false, applied: no } }
    handler: true
  part.create:
    title: Makes a part of a thing
    source: none
    effect: acquire
    resource: Part
    input:
      required: [place, thing, name]
      properties: { place: { x-connection: Place }, thing: { x-resource: [Thing] }, name: { type: string } }
    output: { required: [size], properties: { size: { type: integer } } }
    handler: true
  part.find:
    title: Looks for a part
    source: none
    effect: read
    input: { required: [place, name], properties: { place: { x-connection: Place }, name: { type: string } } }
    output: { required: [found], properties: { found: { type: boolean }, size: { type: integer } } }
    handler: true
  part.delete:
    title: Deletes a part
    source: none
    effect: release
    resource: Part
    input: { required: [place, name], properties: { place: { x-connection: Place }, name: { type: string } } }
    output: {}
    failures: { notFound: { message: there is none, retryable: false, applied: no } }
    handler: true
  part.renew:
    title: Keeps a part
    source: none
    effect: mutate
    idempotent: true
    input: { required: [place, name], properties: { place: { x-connection: Place }, name: { type: string } } }
    output: {}
    failures: { notFound: { message: there is none, retryable: false, applied: no } }
    handler: true
  list:
    title: Lists names
    source: none
    effect: read
    input: { required: [count], properties: { count: { type: integer } } }
    output: { required: [names], properties: { names: { type: array, items: { type: string } } } }
    handler: true
  put:
    title: Writes a value; again makes no difference
    source: none
    effect: mutate
    idempotent: true
    input: { required: [name], properties: { name: { type: string } } }
    output: {}
    handler: true
  count:
    title: Adds one; again adds another
    source: none
    effect: mutate
    input: { required: [name], properties: { name: { type: string } } }
    output: {}
    handler: true
  copy:
    title: Does what the test says
    source: none
    effect: mutate
    idempotent: true
    resumable: true
    timeout: 1h
    input: { properties: { place: { x-connection: Place }, name: { type: string } } }
    output: { properties: { answer: {} } }
    handler: true
`

/** What is held, and every effect in its order. */
export interface Store {
  has(name: string): boolean
  add(name: string): void
  remove(name: string): void
  names(): readonly string[]
  say(effect: string): void
  said(): readonly string[]
}

export function memoryStore(): Store {
  const held = new Set<string>()
  const effects: string[] = []
  return {
    has: (name) => held.has(name),
    add: (name) => void held.add(name),
    remove: (name) => void held.delete(name),
    names: () => [...held],
    say: (effect) => void effects.push(effect),
    said: () => effects,
  }
}

export function folderStore(folder: string): Store {
  const things = join(folder, 'things')
  const log = join(folder, 'effects')
  mkdirSync(things, { recursive: true })
  const file = (name: string): string => join(things, encodeURIComponent(name))
  return {
    has: (name) => existsSync(file(name)),
    add: (name) => writeFileSync(file(name), ''),
    remove: (name) => rmSync(file(name)),
    names: () => readdirSync(things).map(decodeURIComponent),
    say: (effect) => appendFileSync(log, `${effect}\n`),
    said: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  }
}

export function thingHandlers(store: Store): Handlers {
  const creates =
    (type: string): ActionHandler =>
    async ({ name }, context) => {
      context.assertOwner()
      store.say(`create ${type} ${name}`)
      store.add(`${type} ${name}`)
      return { size: 1 }
    }
  const finds =
    (type: string): ActionHandler =>
    async ({ name }) =>
      store.has(`${type} ${name}`) ? { found: true, size: 1 } : { found: false }
  const needs = (type: string, { name }: JsonObject): string => {
    if (store.has(`${type} ${name}`)) return `${type} ${name}`
    throw new ActionFailure({ type: 'notFound', message: `there is no ${type} ${name}`, retryable: false, applied: 'no' })
  }
  const deletes =
    (type: string): ActionHandler =>
    async (input) => {
      const known = needs(type, input)
      store.say(`delete ${known}`)
      store.remove(known)
      return {}
    }
  return {
    'things/thing.create': creates('thing'),
    'things/thing.find': finds('thing'),
    'things/thing.delete': deletes('thing'),
    'things/part.create': creates('part'),
    'things/part.find': finds('part'),
    'things/part.delete': deletes('part'),
    'things/part.renew': async (input) => {
      needs('part', input)
      return {}
    },
    'things/list': async ({ count }) => ({ names: Array.from({ length: Number(count) }, (_, n) => `n${n}`) }),
    'things/put': async () => ({}),
    'things/count': async ({ name }, context) => {
      context.assertOwner()
      store.say(`count ${name}`)
      return {}
    },
    'things/copy': async () => ({}),
  }
}
