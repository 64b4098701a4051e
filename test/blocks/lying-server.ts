// A scripted NBD server that says whatever a test wants, byte by byte.
import { once } from 'node:events'
import net from 'node:net'
import { createIncoming } from '../../src/blocks/nbd/incoming.ts'

export interface Talk {
  take(count: number): Promise<Buffer>
  say(...parts: readonly Buffer[]): void
  hangUp(): void
  /** Leaves what comes in the kernel, until its buffers are full. */
  readNoMore(): void
  /** Gives the parts back to be said, and hangs up behind them. */
  last(parts: readonly Buffer[]): readonly Buffer[]
}

export interface LyingServer extends AsyncDisposable {
  readonly endpoint: { readonly host: string; readonly port: number }
}

/** Plays the script with every client; the connection stays open afterwards, silent, unless the script hangs up. */
export async function lyingServer(script: (talk: Talk) => Promise<void>): Promise<LyingServer> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const incoming = createIncoming(socket)
    const talk: Talk = {
      take: async (count) => {
        const bytes = await incoming.take(count)
        if (!bytes) throw new ClientLeft()
        return bytes
      },
      say: (...parts) => {
        for (const part of parts) socket.write(part)
      },
      hangUp: () => socket.end(),
      readNoMore: () => {
        incoming.close()
        socket.pause()
      },
      last: (parts) => {
        setImmediate(() => socket.end())
        return parts
      },
    }
    script(talk).catch((error: unknown) => {
      if (!(error instanceof ClientLeft)) throw error
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as net.AddressInfo
  return {
    endpoint: { host: '127.0.0.1', port: address.port },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

class ClientLeft extends Error {}

export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
export const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
export const text = (value: string): Buffer => Buffer.from(value, 'latin1')

export const GREETING = Buffer.concat([text('NBDMAGICIHAVEOPT'), u16(3)])
const REPLY_MAGIC = Buffer.from('0003e889045565a9', 'hex')

export const optionReply = (option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([REPLY_MAGIC, u32(option), u32(type), u32(data.length), data])

const SIZE_BYTES = 1024 * 1024
export const exportInfo = Buffer.concat([u16(0), u64(SIZE_BYTES), u16(1)])

/** Takes one option, and says which. */
export async function takeOption(talk: Talk): Promise<number> {
  const header = await talk.take(16)
  await talk.take(header.readUInt32BE(12))
  return header.readUInt32BE(8)
}

/** An honest handshake with structured replies and `base:allocation` as context 7. */
export async function honestHandshake(talk: Talk): Promise<void> {
  talk.say(GREETING)
  await talk.take(4)
  for (;;) {
    const option = await takeOption(talk)
    if (option === 10) talk.say(optionReply(10, 4, Buffer.concat([u32(7), text('base:allocation')])))
    if (option === 7) talk.say(optionReply(7, 3, exportInfo))
    talk.say(optionReply(option, 1))
    if (option === 7) return
  }
}

export interface Asked {
  readonly command: number
  readonly cookie: Buffer
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export async function takeRequest(talk: Talk): Promise<Asked> {
  const header = await talk.take(28)
  return {
    command: header.readUInt16BE(6),
    cookie: Buffer.from(header.subarray(8, 16)),
    offsetBytes: Number(header.readBigUInt64BE(16)),
    lengthBytes: header.readUInt32BE(24),
  }
}

export const simple = (cookie: Buffer, error: number): Buffer => Buffer.concat([u32(0x67446698), u32(error), cookie])

export const chunk = (cookie: Buffer, type: number, payload: Buffer, done = true): Buffer =>
  Buffer.concat([u32(0x668e33ef), u16(done ? 1 : 0), u16(type), cookie, u32(payload.length), payload])

export const data = (cookie: Buffer, offsetBytes: number, content: Buffer, done = true): Buffer =>
  chunk(cookie, 1, Buffer.concat([u64(offsetBytes), content]), done)
