// Logins that put calls into another form, and that end what they began.
import { afterEach, expect, it } from 'vitest'
import type { Login } from '../../src/http/index.ts'
import { json, raw } from './scripted-server.ts'
import { createWorld, type World } from './world.ts'

let world: World | undefined
afterEach(async () => {
  await world?.close()
  expect(world?.server.problems ?? []).toEqual([])
})

/** Asks by POST with the path as text, and is answered in capitals. */
const shouting = (ended: string[] = []): Login => ({
  authorize: async ({ path }) => ({ authorization: `for ${path}` }),
  refused: ({ body }) => new TextDecoder().decode(body).includes('"again"'),
  renew: async () => {},
  end: async (_, http) => {
    await http.send({ method: 'DELETE', origin: http.origin, path: '/session', headers: {} })
    ended.push('ended')
  },
  binding: () => ({
    request: async (request, { operationId }) => ({
      method: 'POST',
      origin: request.origin,
      path: '/shout',
      headers: { 'content-type': 'text/plain' },
      body: `${operationId} ${request.path}`,
    }),
    answer: (answer, { operationId }) => ({
      status: answer.status,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(new TextDecoder().decode(answer.body).toLowerCase().replace('operation', operationId)),
    }),
  }),
})

it('a call goes out in the other form, with credentials for that, and its answer is judged in the form of the operation', async () => {
  world = await createWorld({ login: shouting() })
  world.server.expect(raw(200, '{"ID":"A","NAME":"ANT"}'), json(200, {}))
  expect(await world.call('thing.get', { id: 'a' })).toEqual({ name: 'ant' })
  expect(world.server.received[0]).toMatchObject({
    method: 'POST',
    path: '/shout',
    headers: { authorization: 'for /shout', 'content-type': 'text/plain' },
    body: 'getThing /things/a',
  })
})

it('credentials that an answer in the other form refuses are renewed', async () => {
  world = await createWorld({ login: shouting() })
  world.server.expect(raw(500, '{"CODE":"AGAIN"}'), raw(200, '{"ID":"A","NAME":"ANT"}'), json(200, {}))
  expect(await world.call('thing.get', { id: 'a' })).toEqual({ name: 'ant' })
})

it('what a login began is ended when the connections are closed, and only then', async () => {
  const ended: string[] = []
  const own = await createWorld({ login: shouting(ended) })
  own.server.expect(raw(200, '{"ID":"A","NAME":"ANT"}'), json(200, {}))
  await own.call('thing.get', { id: 'a' })
  expect(ended).toEqual([])
  await own.close()
  expect(ended).toEqual(['ended'])
  world = undefined
})

it('a connection that nothing was called over has nothing to end', async () => {
  const ended: string[] = []
  const own = await createWorld({ login: shouting(ended) })
  await own.close()
  expect(ended).toEqual([])
  world = undefined
})
