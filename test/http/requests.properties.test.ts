import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { json } from './scripted-server.ts'
import { createWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(async () => {
  await world.close()
})

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[/?#%&=+:;.\s~-]*$/))

it('a path parameter arrives as it was given, whatever it holds, and is refused where it cannot', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (id) => {
      if (['', '.', '..'].includes(id)) {
        expect(await world.failure('thing.get', { id })).toMatchObject({ type: 'inputInvalid' })
        return
      }
      world.server.expect(json(200, { id, name: 'Ant' }))
      await world.call('thing.get', { id })
      const [, things, segment, ...rest] = world.server.received.at(-1)?.path.split('/') ?? []
      expect([things, decodeURIComponent(segment ?? ''), rest]).toEqual(['things', id, []])
    }),
    { numRuns: 60 },
  )
})

it('a query parameter arrives as it was given, whatever it holds', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (kind) => {
      world.server.expect(json(200, { things: [] }))
      await world.call('thing.list', { kind })
      const url = new URL(world.server.received.at(-1)?.path ?? '', 'http://toy')
      expect([...url.searchParams]).toEqual([['kind', kind]])
    }),
    { numRuns: 60 },
  )
})

it('text that is half a character is refused before anything is sent', async () => {
  const before = world.server.received.length
  expect(await world.failure('thing.get', { id: '\ud800' })).toMatchObject({ type: 'inputInvalid', applied: 'no' })
  expect(world.server.received).toHaveLength(before)
})
