// Whatever a server says, a call ends: with an answer or with a typed error, never with a wait without end.
import { describe, expect, it } from 'vitest'
import {
  connectNbd,
  isTransient,
  type NbdClient,
  type NbdClientOptions,
  NbdError,
  type NbdErrorKind,
} from '../../src/blocks/index.ts'
import {
  type Asked,
  chunk,
  data,
  exportInfo,
  GREETING,
  honestHandshake,
  lyingServer,
  optionReply,
  simple,
  type Talk,
  takeOption,
  takeRequest,
  text,
  u16,
  u32,
  u64,
} from './lying-server.ts'

const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: unknown) => error,
  )

async function greetAnd(talk: Talk, answer: (option: number) => readonly Buffer[]): Promise<void> {
  talk.say(GREETING)
  await talk.take(4)
  for (;;) talk.say(...answer(await takeOption(talk)))
}

describe('a server that misbehaves in the handshake', () => {
  const TLS = { tls: { caCertificate: 'never looked at' } }
  const cases: readonly (readonly [string, (talk: Talk) => Promise<void>, NbdErrorKind, NbdClientOptions?])[] = [
    ['is no NBD server', async (talk) => talk.say(text('HTTP/1.1 400 Bad Request\r\n')), 'protocol'],
    [
      'offers only oldstyle negotiation',
      async (talk) => talk.say(text('NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53'), u64(5)),
      'protocol',
    ],
    ['offers only newstyle that is not fixed', async (talk) => talk.say(text('NBDMAGICIHAVEOPT'), u16(0)), 'protocol'],
    ['hangs up at once', async (talk) => talk.hangUp(), 'disconnected'],
    [
      'hangs up within an option reply',
      async (talk) => greetAnd(talk, (o) => talk.last([optionReply(o, 1).subarray(0, 9)])),
      'disconnected',
    ],
    ['answers without the magic number', (talk) => greetAnd(talk, () => [Buffer.alloc(20)]), 'protocol'],
    ['answers another option', (talk) => greetAnd(talk, (o) => [optionReply(o + 1, 1)]), 'protocol'],
    [
      'announces an endless reply',
      (talk) => greetAnd(talk, (o) => [optionReply(o, 1).subarray(0, 16), u32(0xffffffff)]),
      'protocol',
    ],
    [
      'selects a context that nobody asked for',
      (talk) =>
        greetAnd(talk, (o) => [
          optionReply(o, o === 10 ? 4 : 1, o === 10 ? Buffer.concat([u32(1), text('x-y:z')]) : undefined),
          optionReply(o, 1),
        ]),
      'protocol',
    ],
    ['says nothing of the export', (talk) => greetAnd(talk, (o) => [optionReply(o, 1)]), 'protocol'],
    [
      'describes the export in too few bytes',
      (talk) => greetAnd(talk, (o) => [...(o === 7 ? [optionReply(7, 3, exportInfo.subarray(0, 11))] : []), optionReply(o, 1)]),
      'protocol',
    ],
    [
      'has an export beyond all numbers',
      (talk) =>
        greetAnd(talk, (o) => [
          ...(o === 7 ? [optionReply(7, 3, Buffer.concat([u16(0), Buffer.alloc(8, 0xff), u16(1)]))] : []),
          optionReply(o, 1),
        ]),
      'protocol',
    ],
    [
      'has blocks of 3 bytes',
      (talk) =>
        greetAnd(talk, (o) => [
          ...(o === 7
            ? [optionReply(7, 3, exportInfo), optionReply(7, 3, Buffer.concat([u16(3), u32(3), u32(4096), u32(2 ** 20)]))]
            : []),
          optionReply(o, 1),
        ]),
      'protocol',
    ],
    [
      'knows no such export',
      (talk) => greetAnd(talk, (o) => [o === 7 ? optionReply(7, 2 ** 31 + 6, text('gone')) : optionReply(o, 1)]),
      'exportUnknown',
    ],
    ['is shutting down', (talk) => greetAnd(talk, (o) => [o === 7 ? optionReply(7, 2 ** 31 + 7) : optionReply(o, 1)]), 'refused'],
    ['insists on TLS', (talk) => greetAnd(talk, (o) => [optionReply(o, 2 ** 31 + 5)]), 'tlsRequired'],
    ['has no TLS where TLS is demanded', (talk) => greetAnd(talk, (o) => [optionReply(o, 2 ** 31 + 1)]), 'tlsUnavailable', TLS],
    [
      'says plain words behind its consent to TLS',
      (talk) => greetAnd(talk, (o) => [Buffer.concat([optionReply(o, 1), optionReply(8, 1)])]),
      'protocol',
      TLS,
    ],
    ['says nothing', async () => {}, 'silent', { silenceTimeoutMs: 50 }],
    ['falls silent within an option', (talk) => greetAnd(talk, () => []), 'silent', { silenceTimeoutMs: 50 }],
  ]

  it.each(cases.map((row) => ({ what: row[0], script: row[1], kind: row[2], options: row[3] })))(
    '$what',
    async ({ script, kind, options }) => {
      await using server = await lyingServer(script)
      const error = await errorOf(connectNbd(server.endpoint, 'disk', options))
      expect(error).toBeInstanceOf(NbdError)
      expect((error as NbdError).kind, String(error)).toBe(kind)
    },
  )

  it('does not get past a certificate that nobody vouches for, even one that cannot be read', async () => {
    await using server = await lyingServer((talk) => greetAnd(talk, (o) => [optionReply(o, 1)]))
    const error = await errorOf(connectNbd(server.endpoint, 'disk', { tls: { caCertificate: 'no certificate' } }))
    expect(error).toMatchObject({ kind: 'tlsFailed', transient: false })
  })

  it('that falls silent can be left by a signal, with its reason', async () => {
    await using server = await lyingServer(async () => {})
    const controller = new AbortController()
    const connecting = connectNbd(server.endpoint, 'disk', { signal: controller.signal })
    const reason = new Error('no longer wanted')
    controller.abort(reason)
    expect(await errorOf(connecting)).toBe(reason)
  })
})

describe('a server that misbehaves in answer to a read of 8 bytes at 16', () => {
  const WHOLE = text('12345678')
  const cases: readonly (readonly [what: string, answer: (asked: Asked, talk: Talk) => readonly Buffer[], kind: NbdErrorKind])[] =
    [
      ['replies without a magic number', () => [Buffer.alloc(64)], 'protocol'],
      ['replies to a request that nobody sent', () => [data(Buffer.alloc(8, 9), 16, WHOLE)], 'protocol'],
      ['replies simply where a structured reply was agreed on', ({ cookie }) => [simple(cookie, 0), WHOLE], 'protocol'],
      ['sends too little and calls it done', ({ cookie }) => [data(cookie, 16, WHOLE.subarray(0, 7))], 'protocol'],
      ['sends nothing and calls it done', ({ cookie }) => [chunk(cookie, 0, Buffer.alloc(0))], 'protocol'],
      ['sends more than was asked for', ({ cookie }) => [data(cookie, 16, Buffer.alloc(9))], 'protocol'],
      [
        'announces four gigabytes',
        ({ cookie }) => [chunk(cookie, 1, u64(16)).subarray(0, 16), u32(0xffffffff), u64(16)],
        'protocol',
      ],
      ['sends what lies before', ({ cookie }) => [data(cookie, 15, WHOLE)], 'protocol'],
      ['sends an empty piece', ({ cookie }) => [data(cookie, 16, Buffer.alloc(0), false), data(cookie, 16, WHOLE)], 'protocol'],
      [
        'sends the same bytes twice and others never',
        ({ cookie }) => [data(cookie, 16, WHOLE.subarray(0, 4), false), data(cookie, 16, WHOLE.subarray(0, 4))],
        'protocol',
      ],
      [
        'overlaps a hole with data',
        ({ cookie }) => [chunk(cookie, 2, Buffer.concat([u64(16), u32(6)]), false), data(cookie, 20, WHOLE.subarray(0, 4))],
        'protocol',
      ],
      ['has a hole that reaches too far', ({ cookie }) => [chunk(cookie, 2, Buffer.concat([u64(20), u32(8)]))], 'protocol'],
      ['has a hole of no size', ({ cookie }) => [chunk(cookie, 2, Buffer.concat([u64(16), u32(0)]))], 'protocol'],
      ['answers with block status', ({ cookie }) => [chunk(cookie, 5, Buffer.concat([u32(7), u32(8), u32(0)]))], 'protocol'],
      ['uses a chunk type of its own', ({ cookie }) => [chunk(cookie, 77, Buffer.alloc(4))], 'protocol'],
      ['sends a last chunk that is not the last', ({ cookie }) => [chunk(cookie, 0, Buffer.alloc(0), false)], 'protocol'],
      ['sends an error that is none', ({ cookie }) => [chunk(cookie, 0x8001, Buffer.concat([u32(0), u16(0)]))], 'protocol'],
      [
        'sends an error whose text is longer than itself',
        ({ cookie }) => [chunk(cookie, 0x8001, Buffer.concat([u32(5), u16(100)]))],
        'protocol',
      ],
      ['sends an error', ({ cookie }) => [chunk(cookie, 0x8001, Buffer.concat([u32(5), u16(3), text('bad')]))], 'server'],
      [
        'sends an error of a type of its own',
        ({ cookie }) => [chunk(cookie, 0x8077, Buffer.concat([u32(5), u16(0), Buffer.alloc(9)]))],
        'server',
      ],
      [
        'sends data, an error, and then the end',
        ({ cookie }) => [
          data(cookie, 16, WHOLE.subarray(0, 4), false),
          chunk(cookie, 0x8002, Buffer.concat([u32(5), u16(0), u64(20)]), false),
          chunk(cookie, 0, Buffer.alloc(0)),
        ],
        'server',
      ],
      ['hangs up within a header', ({ cookie }, talk) => talk.last([data(cookie, 16, WHOLE).subarray(0, 10)]), 'disconnected'],
      ['hangs up within the payload', ({ cookie }, talk) => talk.last([data(cookie, 16, WHOLE).subarray(0, 32)]), 'disconnected'],
      ['falls silent within the payload', ({ cookie }) => [data(cookie, 16, WHOLE).subarray(0, 32)], 'silent'],
      ['falls silent', () => [], 'silent'],
    ]

  it.each(cases)('%s', async (_what, answer, kind) => {
    await using server = await lyingServer(async (talk) => {
      await honestHandshake(talk)
      const asked = await takeRequest(talk)
      const parts = answer(asked, talk)
      talk.say(...parts)
    })
    await using client = await connectNbd(server.endpoint, 'disk', kind === 'silent' ? { silenceTimeoutMs: 50 } : {})
    const error = await errorOf(client.read(16, Buffer.alloc(8)))
    expect((error as NbdError).kind, String(error)).toBe(kind)
    if (kind === 'server') return
    expect(((await errorOf(client.read(0, Buffer.alloc(8)))) as NbdError).kind, 'the connection is of no more use').toBe(kind)
  })
})

/** A client of a server that answers its first request so, after an honest handshake. */
async function withAnswer<T>(answer: (asked: Asked) => readonly Buffer[], use: (client: NbdClient) => Promise<T>): Promise<T> {
  await using server = await lyingServer(async (talk) => {
    await honestHandshake(talk)
    for (;;) talk.say(...answer(await takeRequest(talk)))
  })
  await using client = await connectNbd(server.endpoint, 'disk')
  return await use(client)
}

describe('an error of the server', () => {
  it.each([
    [1, 'EPERM', false],
    [5, 'EIO', true],
    [12, 'ENOMEM', true],
    [22, 'EINVAL', false],
    [28, 'ENOSPC', false],
    [75, 'EOVERFLOW', false],
    [95, 'ENOTSUP', false],
    [108, 'ESHUTDOWN', true],
    [4711, 'EINVAL', false],
  ] as const)('%i is %s; worth repeating: %s', async (error, errno, transient) => {
    await withAnswer(
      ({ cookie }) => [chunk(cookie, 0x8001, Buffer.concat([u32(error), u16(4), text('why!')]))],
      async (client) => {
        const failure = await errorOf(client.read(0, Buffer.alloc(8)))
        expect(failure).toMatchObject({ kind: 'server', errno, transient })
        expect(isTransient(failure)).toBe(transient)
        expect(String(failure)).toContain('why!')
        expect(String(failure)).toContain('read of 8 bytes at 0')
      },
    )
  })

  it('leaves the connection and the other requests alone', async () => {
    await withAnswer(
      ({ cookie, offsetBytes }) =>
        offsetBytes === 0 ? [chunk(cookie, 0x8001, Buffer.concat([u32(5), u16(0)]))] : [data(cookie, offsetBytes, text('fine'))],
      async (client) => {
        const into = Buffer.alloc(4)
        const [bad, good] = await Promise.allSettled([client.read(0, Buffer.alloc(4)), client.read(4, into)])
        expect(bad.status).toBe('rejected')
        expect(good.status).toBe('fulfilled')
        expect(into.toString()).toBe('fine')
      },
    )
  })
})

describe('a block status', () => {
  it.each([
    ['of another context', [u32(8), u32(16), u32(0)]],
    ['with an empty extent', [u32(7), u32(0), u32(0)]],
    ['without any extent', [u32(7)]],
    ['of a crooked length', [u32(7), u32(16), u32(0), u16(0)]],
  ])('%s breaks the protocol', async (_what, payload) => {
    await withAnswer(
      ({ cookie }) => [chunk(cookie, 5, Buffer.concat(payload))],
      async (client) => {
        expect(await errorOf(client.blockStatus('base:allocation', 0, 16))).toMatchObject({ kind: 'protocol' })
      },
    )
  })

  it('that never came, though the request is called done, breaks the protocol', async () => {
    await withAnswer(
      ({ cookie }) => [chunk(cookie, 0, Buffer.alloc(0))],
      async (client) => {
        expect(await errorOf(client.blockStatus('base:allocation', 0, 16))).toMatchObject({ kind: 'protocol' })
      },
    )
  })
})

describe('requests under way', () => {
  it('that write to a server that reads no more end, and so does leaving it', async () => {
    await using server = await lyingServer(async (talk) => {
      await honestHandshake(talk)
      talk.readNoMore()
    })
    const client = await connectNbd(server.endpoint, 'disk', { silenceTimeoutMs: 100 })
    const writes = Array.from({ length: 16 }, () => errorOf(client.write(0, Buffer.alloc(1024 * 1024))))
    for (const error of await Promise.all(writes)) expect(error).toMatchObject({ kind: 'silent', transient: true })
    await client[Symbol.asyncDispose]()
  })

  it('all fail when the connection breaks', async () => {
    await using server = await lyingServer(async (talk) => {
      await honestHandshake(talk)
      await takeRequest(talk)
      talk.hangUp()
    })
    await using client = await connectNbd(server.endpoint, 'disk')
    const reads = Array.from({ length: 5 }, (_, index) => errorOf(client.read(index * 8, Buffer.alloc(8))))
    for (const error of await Promise.all(reads)) expect(error).toMatchObject({ kind: 'disconnected', transient: true })
  })

  it('all fail with the reason of a signal', async () => {
    await using server = await lyingServer(honestHandshake)
    const controller = new AbortController()
    await using client = await connectNbd(server.endpoint, 'disk', { signal: controller.signal })
    const read = errorOf(client.read(0, Buffer.alloc(8)))
    const reason = new Error('cancelled')
    controller.abort(reason)
    expect(await read).toBe(reason)
    expect(await errorOf(client.read(0, Buffer.alloc(8)))).toBe(reason)
  })
})
