import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Login } from '../../src/http/index.ts'
import { type Answer, json, raw } from './scripted-server.ts'
import { createWorld, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.close()
  expect(world.server.problems).toEqual([])
})

const reset: Answer = (response) => void response.socket?.resetAndDestroy()
const cut: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"ok":', () => response.socket?.destroy())
}
const hang: Answer = () => undefined

const rename = { id: 'a', name: 'Bee' }

/** What a fault on the wire makes of a call that only reads, and of one that changes something. */
const FAULTS: readonly (readonly [name: string, answer: Answer, type: string, retryable: boolean, applied: 'no' | 'maybe'])[] = [
  ['a reset connection', reset, 'answerLost', true, 'maybe'],
  ['an answer cut in the middle', cut, 'answerLost', true, 'maybe'],
  ['429', raw(429, ''), 'unexpectedAnswer', true, 'no'],
  ['500', json(500, { message: 'oops' }), 'unexpectedAnswer', true, 'maybe'],
  ['503 with a page of HTML', raw(503, '<html>', { 'content-type': 'text/html' }), 'unexpectedAnswer', true, 'maybe'],
  ['400', json(400, { message: 'no' }), 'unexpectedAnswer', false, 'no'],
  ['a redirect', raw(302, '', { location: 'http://127.0.0.1:1/' }), 'unexpectedAnswer', false, 'no'],
  ['a success that is HTML', raw(200, '<html>', { 'content-type': 'text/html' }), 'unexpectedAnswer', true, 'maybe'],
  ['JSON that is cut', raw(200, '{"ok":', { 'content-type': 'application/json' }), 'unexpectedAnswer', true, 'maybe'],
  ['an empty success', raw(200, ''), 'unexpectedAnswer', true, 'maybe'],
]

describe.each(FAULTS)('%s', (_, answer, type, retryable, applied) => {
  it('fails a read, which changed nothing', async () => {
    world.server.expect(answer)
    expect(await world.failure('thing.get', { id: 'a' })).toMatchObject({ type, retryable, applied: 'no' })
  })

  it(`fails a change, ${applied === 'no' ? 'which was refused' : 'of which nobody knows whether it took effect (P3)'}`, async () => {
    world.server.expect(answer)
    expect(await world.failure('thing.rename', rename)).toMatchObject({ type, retryable, applied })
    expect(world.server.received).toHaveLength(1)
  })
})

describe('a server that hangs', () => {
  it('is given up after the time-out: the answer is lost', async () => {
    world.server.expect(hang)
    const failure = world.failure('thing.rename', rename)
    await world.server.came(1)
    world.clock.timeOut()
    expect(await failure).toMatchObject({ type: 'answerLost', retryable: true, applied: 'maybe' })
    expect(world.exchanges).toMatchObject([{ target: 'shelf', method: 'PATCH', path: '/things/a', lost: 'answerLost' }])
  })

  it('is left when the call is aborted, in doubt because the request had left', async () => {
    world.server.expect(hang)
    const failure = world.failure('thing.rename', rename)
    await world.server.came(1)
    world.abort.abort(new Error('cancelled'))
    expect(await failure).toMatchObject({ type: 'aborted', applied: 'maybe', retryable: false })
  })

  it('leaves no doubt about a read', async () => {
    world.server.expect(hang)
    const failure = world.failure('thing.get', { id: 'a' })
    await world.server.came(1)
    world.abort.abort(new Error('cancelled'))
    expect(await failure).toMatchObject({ type: 'aborted', applied: 'no' })
  })
})

it('takes the first of two answers, and never the second for the answer to another call', async () => {
  const whole = (name: string): string => {
    const body = JSON.stringify({ id: name, name })
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  }
  world.server.expect((response) => void response.socket?.write(whole('first') + whole('second')))
  expect(await world.call('thing.get', { id: 'a' })).toEqual({ name: 'first' })
  world.server.expect(json(200, { id: 'b', name: 'own' }))
  expect(await world.call('thing.get', { id: 'b' })).toEqual({ name: 'own' })
})

it('refuses an answer beyond the limit, without keeping it', async () => {
  const small = await createWorld({ bodyLimitBytes: 1024 })
  small.server.expect(json(200, { id: 'a', name: 'x'.repeat(4096) }), json(200, { id: 'a', name: 'Ant' }))
  expect(await small.failure('thing.get', { id: 'a' })).toMatchObject({
    type: 'unexpectedAnswer',
    applied: 'no',
    retryable: false,
  })
  expect(await small.call('thing.get', { id: 'a' })).toMatchObject({ name: 'Ant' })
  await small.close()
})

it('aborts before anything is sent without any doubt', async () => {
  world.abort.abort(new Error('cancelled'))
  expect(await world.failure('thing.rename', rename)).toMatchObject({ type: 'aborted', applied: 'no' })
  expect(world.server.received).toEqual([])
})

it('says that a server which refuses connections cannot be reached, and that nothing was done', async () => {
  const closed = await createWorld()
  await closed.server.close()
  expect(await closed.failure('thing.rename', rename)).toMatchObject({
    type: 'notReachable',
    retryable: true,
    applied: 'no',
    hint: expect.stringContaining('address'),
  })
  await closed.close()
})

it('says that a name which does not resolve cannot be reached', async () => {
  const nowhere = await createWorld({ url: 'http://toy.invalid' })
  expect(await nowhere.failure('thing.rename', rename)).toMatchObject({ type: 'notReachable', applied: 'no' })
  await nowhere.close()
})

it('does not reach a server that speaks no TLS over https', async () => {
  const plain = createServer(
    (socket) =>
      void socket
        .on('error', () => undefined)
        .end('HTTP/1.1 400 Bad Request\r\n\r\n')
        .destroySoon(),
  )
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const address = plain.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const secure = await createWorld({ url: `https://127.0.0.1:${port}` })
  expect(await secure.failure('thing.rename', rename)).toMatchObject({ type: 'notReachable', applied: 'no' })
  await secure.close()
  plain.close()
})

it('loses an answer after the effect exactly once: it never repeats a call by itself (P3)', async () => {
  const made: string[] = []
  world.server.expect((response, { body }) => {
    made.push(body)
    response.socket?.destroy()
  })
  expect(await world.failure('thing.create', { name: 'Ant' })).toMatchObject({ type: 'answerLost', applied: 'maybe' })
  expect(made).toHaveLength(1)
})

describe('a 401', () => {
  const refused = json(401, { message: 'who are you' })

  it('renews the login once and sends the request again', async () => {
    world.server.expect(refused, json(200, { id: 'a', name: 'Ant' }))
    expect(await world.call('thing.get', { id: 'a' })).toMatchObject({ name: 'Ant' })
    expect(world.login.renewals).toBe(1)
    expect(world.server.received.map(({ headers }) => headers.authorization)).toEqual(['Toy 0', 'Toy 1'])
  })

  it('stands when it comes again', async () => {
    world.server.expect(refused, refused)
    expect(await world.failure('thing.rename', rename)).toMatchObject({
      type: 'unexpectedAnswer',
      applied: 'no',
      detail: { status: 401 },
    })
    expect(world.login.renewals).toBe(1)
  })

  it('stands at once for a login that has nothing to renew', async () => {
    const signing: Login = { authorize: async () => ({}) }
    const signed = await createWorld({ login: signing })
    signed.server.expect(refused)
    expect(await signed.failure('thing.get', { id: 'a' })).toMatchObject({ detail: { status: 401 } })
    await signed.close()
  })
})

describe('a login', () => {
  it('sends its own requests over the same connection, and what it remembers stays in the session', async () => {
    const token: Login = {
      async authorize(_, connection, http) {
        const known = http.session.memory.get('token')
        if (typeof known === 'string') return { authorization: known }
        const answer = await http.send({
          method: 'POST',
          origin: http.origin,
          path: `${http.prefix}/login`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ password: String(connection.settings.password) }),
        })
        const made = `Token ${new TextDecoder().decode(answer.body)}`
        http.session.memory.set('token', made)
        return { authorization: made }
      },
    }
    const logged = await createWorld({ login: token })
    logged.server.expect(raw(200, 'tok'), json(200, { id: 'a', name: 'Ant' }), json(200, { id: 'a', name: 'Ant' }))
    await logged.call('thing.get', { id: 'a' })
    await logged.call('thing.get', { id: 'a' })
    expect(logged.server.received.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/login', undefined],
      ['/things/a', 'Token tok'],
      ['/things/a', 'Token tok'],
    ])
    // What is not revealed on purpose stays hidden even on the wire.
    expect(logged.server.received[0]?.body).toBe('{"password":"‹secret›"}')
    await logged.close()
  })

  it('that loses its answer leaves no doubt about the call, which was never sent', async () => {
    const lost: Login = {
      async authorize(_, __, http) {
        await http.send({ method: 'POST', origin: http.origin, path: '/login', headers: {} })
        return {}
      },
    }
    const logged = await createWorld({ login: lost })
    logged.server.expect(reset)
    expect(await logged.failure('thing.rename', rename)).toMatchObject({ type: 'answerLost', applied: 'no' })
    await logged.close()
  })
})
