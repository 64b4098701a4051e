// Bodies that are bytes: kept and sent as they are, and in no value, failure or exchange.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { json, raw } from './scripted-server.ts'
import { createWorld, type World } from './world.ts'

const ALBUM = { $target: 'album', connection: 'shelf/Album' }
const BYTES = Buffer.from([0, 255, 13, 10, 0xc3, 0x28, 0xed, 0xa0, 0x80, 34, 92, 0])
const octets = (body: string | Buffer, type = 'application/octet-stream') => raw(200, body, { 'content-type': type })

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.close()
  expect(world.server.problems).toEqual([])
})

describe('an answer of bytes', () => {
  it('P11: is kept as it came, and only what stands for it becomes a value', async () => {
    world.server.expect(octets(BYTES))
    expect(await world.call('thing.photograph', { id: 'a', album: ALBUM })).toEqual({ picture: 'picture-0' })
    expect(Buffer.from(world.pictures.get('picture-0') ?? []).equals(BYTES)).toBe(true)
    expect(world.server.received[0]?.headers.accept).toBe('application/octet-stream, application/json')
  })

  it('has at most as many bytes as documented', async () => {
    world.server.expect(octets(Buffer.alloc(1000, 7)), octets(Buffer.alloc(1001, 7)))
    await world.call('thing.photograph', { id: 'a', album: ALBUM })
    const failure = await world.failure('thing.photograph', { id: 'a', album: ALBUM })
    expect(failure).toMatchObject({ type: 'unexpectedAnswer', retryable: false, message: expect.stringContaining('1001 bytes') })
    expect(world.pictures.size).toBe(1)
  })

  it.each([
    ['text/plain', 'not application/octet-stream'],
    ['', 'of no stated type'],
  ])('P11: is shown nowhere when it is said to be %j', async (type, told) => {
    world.server.expect(octets('a secret in clear', type))
    const failure = await world.failure('thing.photograph', { id: 'a', album: ALBUM })
    expect(failure).toMatchObject({ type: 'unexpectedAnswer', message: expect.stringContaining(told) })
    expect(JSON.stringify([failure, world.exchanges])).not.toContain('secret')
  })

  it('fails where there are none, or JSON in their place', async () => {
    world.server.expect(octets(''), json(200, { code: 400 }))
    for (const _ of [1, 2]) {
      expect(await world.failure('thing.photograph', { id: 'a', album: ALBUM })).toMatchObject({
        type: 'unexpectedAnswer',
        retryable: true,
      })
    }
  })

  it('may be a refusal in JSON', async () => {
    world.server.expect(json(404, {}))
    expect(await world.failure('thing.photograph', { id: 'a', album: ALBUM })).toMatchObject({ type: 'notFound' })
  })
})

describe('a request of bytes', () => {
  it('sends what is kept, as it is', async () => {
    world.pictures.set('ant', BYTES)
    world.server.expect(raw(204, ''))
    await world.call('thing.paint', { id: 'a', picture: 'ant' })
    const [request] = world.server.received
    expect(request).toMatchObject({ method: 'PUT', headers: { 'content-type': 'application/octet-stream' } })
    expect(request?.bytes.equals(BYTES)).toBe(true)
  })

  it('does not leave with more bytes than documented, nor without any to be had', async () => {
    world.pictures.set('whale', Buffer.alloc(1001))
    expect(await world.failure('thing.paint', { id: 'a', picture: 'whale' })).toMatchObject({
      type: 'inputInvalid',
      applied: 'no',
    })
    expect(await world.failure('thing.paint', { id: 'a', picture: 'unicorn' })).toMatchObject({ type: 'pictureUnknown' })
  })
})
