// Our NBD server under clients that misbehave, and our client and server together.
import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { connectNbd, listNbdExports, NbdError, type NbdExport, type NbdServer, serveNbd } from '../../src/blocks/index.ts'
import { createIncoming } from '../../src/blocks/nbd/incoming.ts'
import { temporaryFolder } from '../peers/nbd-peers.ts'
import { text, u16, u32, u64 } from './lying-server.ts'
import { memoryDisk, sampleContent } from './memory-disk.ts'

const MIB = 2 ** 20
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]()
})

async function serve(disk: NbdExport): Promise<NbdServer> {
  const server = await serveNbd({
    listen: { host: '127.0.0.1', port: 0 },
    resolve: async (name) => (name === '' ? disk : undefined),
  })
  open.push(server)
  return server
}

async function clientOf(disk: NbdExport) {
  const client = await connectNbd({ host: '127.0.0.1', port: (await serve(disk)).port }, '')
  open.push(client)
  return client
}

const errorOf = (call: Promise<unknown>): Promise<NbdError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: NbdError) => error,
  )

/** A client that says what a test wants. */
async function crudeClient(disk: NbdExport) {
  const { port } = await serve(disk)
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  socket.on('error', () => {})
  open.push({ [Symbol.asyncDispose]: async () => void socket.destroy() })
  const incoming = createIncoming(socket)
  const take = async (count: number): Promise<Buffer> => (await incoming.take(count)) ?? expect.fail('the server hung up')
  return {
    say: (...parts: readonly Buffer[]) => socket.write(Buffer.concat(parts)),
    take,
    isHungUp: async () => (await incoming.take(1)) === undefined,
    /** Greets with these flags, and takes the server's greeting. */
    greet: async (flags = 3) => {
      await take(18)
      socket.write(u32(flags))
    },
    ask: async (option: number, data: Buffer = Buffer.alloc(0)): Promise<{ type: number; data: Buffer }> => {
      socket.write(Buffer.concat([text('IHAVEOPT'), u32(option), u32(data.length), data]))
      const header = await take(20)
      return { type: header.readUInt32BE(12), data: await take(header.readUInt32BE(16)) }
    },
    request: (command: number, offsetBytes: number, lengthBytes: number, flags = 0) =>
      socket.write(Buffer.concat([u32(0x25609513), u16(flags), u16(command), u64(42), u64(offsetBytes), u32(lengthBytes)])),
  }
}

const ACK = 1
const GO_DEFAULT = Buffer.concat([u32(0), u16(0)])

/** A crude client in the transmission phase with simple replies. */
async function crudeReader(disk: NbdExport) {
  const client = await crudeClient(disk)
  await client.greet()
  expect((await client.ask(7, GO_DEFAULT)).type).toBe(3)
  await client.take(20 + 14)
  await client.take(20)
  return {
    ...client,
    errorOf: async (command: number, offsetBytes: number, lengthBytes: number, flags = 0): Promise<number> => {
      client.request(command, offsetBytes, lengthBytes, flags)
      return (await client.take(16)).readUInt32BE(4)
    },
  }
}

describe('option haggling', () => {
  it('ends with a client that sets flags nobody knows', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096)))
    await client.greet(0x80)
    expect(await client.isHungUp()).toBe(true)
  })

  it('ends with a client that forgets the magic number', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096)))
    await client.greet()
    client.say(Buffer.alloc(16))
    expect(await client.isHungUp()).toBe(true)
  })

  it('ends with a client that announces an endless option', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096)))
    await client.greet()
    client.say(text('IHAVEOPT'), u32(7), u32(0xffffffff))
    expect(await client.isHungUp()).toBe(true)
  })

  it('goes on after an option that nobody knows, and after ones that are malformed', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096)))
    await client.greet()
    expect((await client.ask(99, text('whatever'))).type).toBe(2 ** 31 + 1)
    expect((await client.ask(7, u32(1000))).type).toBe(2 ** 31 + 3)
    expect((await client.ask(6, Buffer.concat([u32(0), u16(5)]))).type).toBe(2 ** 31 + 3)
    expect((await client.ask(3, text('x'))).type).toBe(2 ** 31 + 3)
    expect((await client.ask(10, GO_DEFAULT)).type, 'contexts before structured replies').toBe(2 ** 31 + 3)
    expect((await client.ask(8)).type).toBe(ACK)
    expect((await client.ask(10, Buffer.concat([u32(0), u32(1), u32(500)]))).type).toBe(2 ** 31 + 3)
    expect((await client.ask(5)).type, 'TLS without a certificate').toBe(2 ** 31 + 2)
    expect((await client.ask(2)).type).toBe(ACK)
    expect(await client.isHungUp()).toBe(true)
  })

  it('takes `base:` as a wildcard in lists only', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096)))
    await client.greet()
    await client.ask(8)
    const wildcard = Buffer.concat([u32(0), u32(1), u32(5), text('base:')])
    expect((await client.ask(9, wildcard)).data.toString('latin1', 4)).toBe('base:allocation')
    await client.take(20)
    expect((await client.ask(10, wildcard)).type).toBe(ACK)
  })

  it('serves the oldest way to open an export, too', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096, 7)))
    await client.greet(1)
    client.say(text('IHAVEOPT'), u32(1), u32(0))
    const description = await client.take(10 + 124)
    expect(description.readBigUInt64BE(0)).toBe(4096n)
    client.request(0, 0, 4)
    expect((await client.take(16 + 4)).subarray(16)).toEqual(Buffer.alloc(4, 7))
  })
})

describe('requests', () => {
  it.each([
    ['an unknown command', 99, 0, 512, 0, 22],
    ['an unknown flag', 0, 0, 512, 0x100, 22],
    ['a read beyond the end', 0, 4000, 512, 0, 22],
    ['a read of nothing', 0, 0, 0, 0, 22],
    ['a read far too long', 0, 0, 2 ** 26, 0, 22],
    ['zeroes beyond the end', 6, 4000, 512, 0, 28],
    ['a trim beyond the end', 4, 4000, 512, 0, 22],
    ['a block status without context', 7, 0, 512, 0, 22],
    ['a good flush', 3, 0, 0, 0, 0],
    ['good zeroes, durable', 6, 0, 512, 1, 0],
  ])('%s', async (_what, command, offsetBytes, lengthBytes, flags, error) => {
    const client = await crudeReader(memoryDisk(Buffer.alloc(4096)))
    expect(await client.errorOf(command, offsetBytes, lengthBytes, flags)).toBe(error)
    expect(await client.errorOf(3, 0, 0), 'the connection goes on').toBe(0)
  })

  it('without their magic number end the connection', async () => {
    const client = await crudeReader(memoryDisk(Buffer.alloc(4096)))
    client.say(Buffer.alloc(28))
    expect(await client.isHungUp()).toBe(true)
  })

  it('that write four gigabytes end the connection before they are taken in', async () => {
    const client = await crudeReader(memoryDisk(Buffer.alloc(4096)))
    client.request(1, 0, 0xffffffff)
    expect(await client.isHungUp()).toBe(true)
  })

  it('that write beyond the end are swallowed and answered', async () => {
    const disk = memoryDisk(Buffer.alloc(4096))
    const client = await crudeReader(disk)
    client.request(1, 4000, 512)
    client.say(Buffer.alloc(512, 1))
    expect((await client.take(16)).readUInt32BE(4)).toBe(28)
    expect(await client.errorOf(3, 0, 0)).toBe(0)
    expect(disk.content.equals(Buffer.alloc(4096))).toBe(true)
  })

  it('for zeros are answered with a hole, unless one asks for a single piece of content', async () => {
    const client = await crudeClient(memoryDisk(Buffer.alloc(4096)))
    await client.greet()
    await client.ask(8)
    await client.ask(7, GO_DEFAULT)
    await client.take(20 + 14 + 20)
    client.request(0, 512, 1024)
    const hole = await client.take(20 + 12)
    expect([hole.readUInt16BE(6), hole.readBigUInt64BE(20), hole.readUInt32BE(28)]).toEqual([2, 512n, 1024])
    client.request(0, 512, 1024, 4)
    const content = await client.take(20 + 8 + 1024)
    expect(content.readUInt16BE(6)).toBe(1)
  })

  it('that change a read-only export are not permitted', async () => {
    const disk = memoryDisk(Buffer.alloc(4096))
    const client = await crudeReader({ ...disk, readOnly: true })
    expect(await client.errorOf(6, 0, 512)).toBe(1)
    client.request(1, 0, 4)
    client.say(text('evil'))
    expect((await client.take(16)).readUInt32BE(4)).toBe(1)
    expect(disk.content.equals(Buffer.alloc(4096))).toBe(true)
  })
})

describe('our client and our server', () => {
  it('agree on content, map and errors', async () => {
    const disk = memoryDisk(sampleContent(5 * MIB + 77))
    const client = await clientOf(disk)
    const into = Buffer.alloc(disk.sizeBytes)
    await client.read(0, into)
    expect(into.equals(disk.content)).toBe(true)
    await client.write(3, Buffer.from('abc'), true)
    await client.zero(MIB, 10)
    await client.trim(0, 3)
    expect(disk.content.subarray(0, 6)).toEqual(Buffer.from('\0\0\0abc'))
    expect(await errorOf(client.read(disk.sizeBytes, Buffer.alloc(1)))).toMatchObject({ kind: 'request' })
    expect(await errorOf(client.blockStatus('x:y', 0, 1))).toMatchObject({ kind: 'request' })
  })

  it.each([
    [new NbdError('server', 'busy', { errno: 'ESHUTDOWN' }), 'ESHUTDOWN'],
    [Object.assign(new Error('full'), { code: 'ENOSPC' }), 'ENOSPC'],
    [Object.assign(new Error('quota'), { code: 'EDQUOT' }), 'ENOSPC'],
    [Object.assign(new Error('denied'), { code: 'EACCES' }), 'EPERM'],
    [new Error('anything'), 'EIO'],
  ])('carry what an export throws: %s', async (thrown, errno) => {
    const disk = memoryDisk(Buffer.alloc(4096))
    const client = await clientOf({
      ...disk,
      read: async () => {
        throw thrown
      },
    })
    expect(await errorOf(client.read(0, Buffer.alloc(4)))).toMatchObject({ kind: 'server', errno })
  })

  it('list the exports of a unix socket, and know which are not there', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'nbd.sock')
    const disk = memoryDisk(Buffer.alloc(4096))
    await using _server = await serveNbd({
      listen: { path },
      resolve: async (name) => (name === 'a' ? disk : undefined),
      list: async () => ['a', 'b'],
    })
    expect(await listNbdExports({ path })).toEqual(['a', 'b'])
    expect(await errorOf(connectNbd({ path }, 'b'))).toMatchObject({ kind: 'exportUnknown' })
  })

  it('P6: an export that is gone cuts whoever reads, and is not opened again', async () => {
    const disk = memoryDisk(Buffer.alloc(4096))
    const lease = new AbortController()
    const { promise: reading, resolve: isReading } = Promise.withResolvers<void>()
    const leased: NbdExport = {
      ...disk,
      gone: lease.signal,
      read: async () => {
        isReading()
        await once(lease.signal, 'abort')
      },
    }
    const { port } = await serve({ ...leased, read: disk.read })
    const idle = await connectNbd({ host: '127.0.0.1', port }, '')
    open.push(idle)
    const reader = await clientOf(leased)
    const read = errorOf(reader.read(0, Buffer.alloc(512)))
    await reading
    lease.abort()
    expect(await read).toMatchObject({ kind: 'disconnected', transient: true })
    expect(await errorOf(idle.read(0, Buffer.alloc(512)))).toMatchObject({ kind: 'disconnected' })
    expect(await errorOf(connectNbd({ host: '127.0.0.1', port }, ''))).toMatchObject({ kind: 'exportUnknown', transient: false })
  })

  it('bound what one connection holds in memory', async () => {
    const disk = memoryDisk(Buffer.alloc(64 * MIB))
    let underWayBytes = 0
    let mostBytes = 0
    const client = await clientOf({
      ...disk,
      read: async (_offsetBytes, into) => {
        underWayBytes += into.length
        mostBytes = Math.max(mostBytes, underWayBytes)
        await new Promise((resolve) => setImmediate(resolve))
        underWayBytes -= into.length
      },
    })
    await Promise.all(Array.from({ length: 64 }, (_, index) => client.read(index * MIB, Buffer.alloc(MIB))))
    expect(mostBytes).toBeGreaterThan(MIB)
    expect(mostBytes).toBeLessThanOrEqual(16 * MIB)
  })
})
