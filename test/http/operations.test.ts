import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { json, raw } from './scripted-server.ts'
import { createWorld, PASSWORD, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.close()
  expect(world.server.problems).toEqual([])
})

describe('a request', () => {
  it('carries path, login and Accept, and its answer becomes the output', async () => {
    world.server.expect(json(200, { id: 'a', name: 'Ant', tags: [{ label: 'small' }] }))
    expect(await world.call('thing.get', { id: 'a' })).toEqual({ name: 'Ant', tags: ['small'] })
    const [request] = world.server.received
    expect(request).toMatchObject({
      method: 'GET',
      path: '/things/a',
      headers: { authorization: 'Toy 0', accept: 'application/json' },
    })
    expect(request?.headers['content-type']).toBeUndefined()
  })

  it('escapes path parameters but for the colon', async () => {
    world.server.expect(json(200, { id: 'a', name: 'Ant' }))
    await world.call('thing.get', { id: 'vm:7/../x y?#%' })
    expect(world.server.received[0]?.path).toBe('/things/vm:7%2F..%2Fx%20y%3F%23%25')
  })

  it.each(['..', '.', ''])('refuses a path parameter %j, which would lead elsewhere', async (id) => {
    expect(await world.failure('thing.get', { id })).toMatchObject({ type: 'inputInvalid', applied: 'no' })
  })

  it('escapes query parameters and leaves absent ones out', async () => {
    world.server.expect(json(200, { things: [] }), json(200, { things: [] }))
    await world.call('thing.list', { kind: 'a&b=c d' })
    await world.call('thing.list')
    expect(world.server.received.map(({ path }) => path)).toEqual(['/things?kind=a%26b%3Dc%20d', '/things'])
  })

  it('keeps the path prefix of the connection', async () => {
    const prefixed = await createWorld({ url: `${world.server.url}/api/`, server: world.server })
    world.server.expect(json(200, { id: 'a', name: 'Ant' }))
    await prefixed.call('thing.get', { id: 'a' })
    expect(world.server.received[0]?.path).toBe('/api/things/a')
    await prefixed.close()
  })

  it('with a body that the operation does not take is refused before anything is sent', async () => {
    expect(await world.failure('thing.create', { name: 'x' })).toMatchObject({
      type: 'inputInvalid',
      message: 'createThing: body.name must NOT have fewer than 2 characters',
      applied: 'no',
      retryable: false,
    })
  })

  it('with an input that the action does not take is refused before anything is sent', async () => {
    expect(await world.failure('thing.get', { id: 7 })).toMatchObject({
      type: 'inputInvalid',
      message: 'input.id must be string',
    })
  })

  it('does not leave when the engine no longer owns the run', async () => {
    world.owned = false
    await expect(world.call('thing.get', { id: 'a' })).rejects.toThrow('fenced')
    expect(world.server.received).toEqual([])
  })

  it('that waits for a connection does not leave when the run is lost meanwhile', async () => {
    const call = world.call('thing.get', { id: 'a' })
    // The login answers at once; the connection takes turns of the event loop.
    await Promise.resolve()
    world.owned = false
    await expect(call).rejects.toThrow('fenced')
    expect(world.server.received).toEqual([])
  })

  it('to a connection without a usable url is refused', async () => {
    const lost = await createWorld({ url: 'scp.example' })
    expect(await lost.failure('thing.get', { id: 'a' })).toMatchObject({
      type: 'inputInvalid',
      message: 'target shelf has no usable url',
    })
    await lost.close()
  })
})

describe('an answer', () => {
  it('may be a 204 without the body that is documented', async () => {
    world.server.expect(raw(204, ''))
    expect(await world.call('thing.delete', { id: 'a' })).toEqual({})
  })

  it('keeps integers that do not fit a number as they were written', async () => {
    world.server.expect(
      raw(200, '{"id":"a","name":"Ant","tags":[{"label":12345678901234567890}]}', { 'content-type': 'application/json' }),
    )
    expect(await world.call('thing.get', { id: 'a' })).toEqual({ name: 'Ant', tags: ['12345678901234567890'] })
  })

  it('that misses its schema fails as unexpected, in doubt where there is an effect', async () => {
    world.server.expect(json(200, { id: 'a' }), json(200, {}))
    expect(await world.failure('thing.get', { id: 'a' })).toEqual({
      type: 'unexpectedAnswer',
      message: "getThing answered otherwise than documented: body must have required property 'name'",
      detail: { operation: 'getThing', method: 'GET', status: 200, body: { id: 'a' } },
      applied: 'no',
      retryable: false,
    })
    expect(await world.failure('thing.rename', { id: 'a', name: 'Bee' })).toMatchObject({
      type: 'unexpectedAnswer',
      applied: 'maybe',
    })
  })

  it('of a status that is not documented fails as unexpected', async () => {
    world.server.expect(json(202, {}))
    expect((await world.failure('thing.rename', { id: 'a', name: 'Bee' })).message).toContain('status 202 is not documented')
  })
})

describe('a failure', () => {
  it('is the first whose `when` holds, the action’s own before the pack’s', async () => {
    world.server.expect(json(404, { code: 'SECRET' }), json(404, { code: 'GONE', message: 'no thing a' }))
    expect(await world.failure('thing.get', { id: 'a' })).toMatchObject({ type: 'forbidden' })
    expect(await world.failure('thing.get', { id: 'a' })).toEqual({
      type: 'notFound',
      message: 'there is no such thing',
      retryable: false,
      applied: 'no',
      detail: { operation: 'getThing', method: 'GET', status: 404, body: { code: 'GONE', message: 'no thing a' } },
    })
  })

  it('may hide in a successful answer', async () => {
    world.server.expect(json(200, { code: 'BUSY' }))
    expect(await world.failure('thing.rename', { id: 'a', name: 'Bee' })).toMatchObject({
      type: 'busy',
      retryable: true,
      applied: 'no',
    })
  })

  it('shows no secret that the vendor echoes (P11)', async () => {
    world.server.expect(json(500, { message: `wrong password: ${PASSWORD}`, [PASSWORD]: true }))
    const failure = await world.failure('thing.get', { id: 'a' })
    expect(JSON.stringify(failure)).not.toContain(PASSWORD)
    expect(failure.detail?.body).toEqual({ message: 'wrong password: ‹secret›', '‹secret›': true })
    expect(JSON.stringify(world.exchanges)).not.toContain(PASSWORD)
  })

  it('detects a secret that is shown: the canary of the test above', () => {
    expect(JSON.stringify({ body: `wrong password: ${PASSWORD}` })).toContain(PASSWORD)
  })
})

describe('a task', () => {
  const started = json(201, { task: 't1', key: 'k' })
  const found = json(200, { things: [{ id: 'a', name: 'Ant' }] })

  it('is polled until it is done, then the change is read back', async () => {
    world.server.expect(
      started,
      json(200, { status: 'doing' }),
      json(200, { status: 'finish' }),
      json(200, { things: [] }),
      found,
    )
    expect(await world.call('thing.create', { name: 'Ant', sizes: [1] })).toEqual({ id: 'a', key: 'k' })
    expect(world.server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /things',
      'GET /tasks/t1',
      'GET /tasks/t1',
      'GET /things?name=Ant',
      'GET /things?name=Ant',
    ])
    expect(world.clock.pausesMs).toEqual([2000, 1000])
  })

  it('is started with the key of the attempt and the body that the input says (P1)', async () => {
    world.server.expect(started, json(200, { status: 'finish' }), found)
    await world.call('thing.create', { name: 'Ant', sizes: [1] })
    const [request] = world.server.received
    expect(request?.headers['x-client-token']).toBe('11111111-1111-4111-8111-111111111111')
    expect(JSON.parse(request?.body ?? '')).toEqual({ name: 'Ant', sizes: [1] })
  })

  it('that takes long is looked at less often: by a fiftieth of its time so far', async () => {
    const looks = 150
    world.server.expect(started, ...Array.from({ length: looks }, () => json(200, { status: 'doing' })))
    world.server.expect(json(200, { status: 'finish' }), found)
    await world.call('thing.create', { name: 'Ant', sizes: [1] })
    const { pausesMs } = world.clock
    expect(pausesMs).toHaveLength(looks)
    pausesMs.reduce((passedMs, pauseMs) => {
      expect(pauseMs).toBe(Math.max(2000, Math.round(passedMs / 50)))
      return passedMs + pauseMs
    }, 0)
    expect(pausesMs.at(-1)).toBeGreaterThan(10_000)
  })

  it('that fails is a declared failure when its text says so, with the task in its detail', async () => {
    const task = { status: 'failure', reason: 'full' }
    world.server.expect(started, json(200, task))
    expect(await world.failure('thing.create', { name: 'Ant' })).toEqual({
      type: 'full',
      message: 'the toy box is full',
      hint: 'Empty it.',
      retryable: false,
      applied: 'no',
      detail: { task },
    })
  })

  it('that fails otherwise is taskFailed, with the task in its detail', async () => {
    world.server.expect(started, json(200, { status: 'failure', reason: 'odd' }))
    expect(await world.failure('thing.create', { name: 'Ant' })).toMatchObject({
      type: 'taskFailed',
      applied: 'no',
      detail: { task: { reason: 'odd' } },
    })
  })

  it('is not lost to trouble that passes', async () => {
    const trouble = [raw(503, ''), json(429, {}), (response: { destroy(): void }) => void response.destroy()]
    world.server.expect(started, ...trouble, json(200, { status: 'finish' }), found)
    expect(await world.call('thing.create', { name: 'Ant' })).toMatchObject({ id: 'a' })
  })

  it('is lost to trouble that stays: nobody knows whether it took effect (P3)', async () => {
    world.server.expect(started, ...Array.from({ length: 10 }, () => raw(503, 'down')))
    expect(await world.failure('thing.create', { name: 'Ant' })).toMatchObject({
      type: 'answerLost',
      applied: 'maybe',
      retryable: true,
    })
  })

  it('that cannot be read is in doubt at once', async () => {
    world.server.expect(started, json(404, {}))
    expect(await world.failure('thing.create', { name: 'Ant' })).toMatchObject({
      type: 'answerLost',
      applied: 'maybe',
      retryable: false,
    })
  })

  it('is left in doubt when the call is aborted while it runs (P3)', async () => {
    world.server.expect(started, (response) => {
      world.abort.abort(new Error('cancelled'))
      json(200, { status: 'doing' })(response, world.server.received[0] as never)
    })
    expect(await world.failure('thing.create', { name: 'Ant' })).toMatchObject({ type: 'aborted', applied: 'maybe' })
  })

  it('need not exist: an answer without an id is final', async () => {
    world.server.expect(json(201, {}), found)
    expect(await world.call('thing.create', { name: 'Ant' })).toEqual({ id: 'a' })
  })
})

describe('a listing', () => {
  const page = (next: number | null, ...names: readonly string[]) =>
    json(200, { next, things: names.map((name) => ({ id: name, name })) })

  it('is fetched page by page, each asked as the first was', async () => {
    world.server.expect(page(1, 'a', 'b'), page(2, 'c'), page(null))
    expect(await world.call('thing.list', { kind: 'insect' })).toEqual({ names: ['a', 'b', 'c'] })
    expect(world.server.received.map(({ path }) => path)).toEqual([
      '/things?kind=insect',
      '/things?kind=insect&page=1',
      '/things?kind=insect&page=2',
    ])
  })

  it('of one item is a list all the same', async () => {
    world.server.expect(page(null, 'only'))
    expect(await world.call('thing.list')).toEqual({ names: ['only'] })
  })

  it('that goes on in circles is refused', async () => {
    world.server.expect(page(1, 'a'), page(1, 'a'))
    expect(await world.failure('thing.list')).toMatchObject({ type: 'unexpectedAnswer', detail: { query: { page: 1 } } })
  })
})

describe('a rate limit', () => {
  it('lets a minute’s calls leave at once and makes those beyond wait', async () => {
    world.server.expect(...Array.from({ length: 102 }, () => json(200, { ok: true })))
    await Promise.all(Array.from({ length: 102 }, () => world.call('thing.rename', { id: 'a', name: 'Bee' })))
    expect(world.clock.pausesMs).toEqual([600, 600])
  })
})
