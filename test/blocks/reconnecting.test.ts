import { describe, expect, it } from 'vitest'
import {
  type BlockSource,
  connectNbd,
  copyBlocks,
  NbdError,
  type NbdExport,
  openSource,
  type ReconnectOptions,
  reconnectingSource,
  serveNbd,
} from '../../src/blocks/index.ts'
import { memoryDisk, sampleContent } from './memory-disk.ts'

const MIB = 2 ** 20
const broken = () => new NbdError('disconnected', 'broken')

/** Waits for nothing, and tells what it was asked for. */
function patience(attempts: number): ReconnectOptions & { readonly waitedMs: number[] } {
  const waitedMs: number[] = []
  return {
    attempts,
    delayMs: (failed) => failed * 100,
    sleep: async (delayMs, signal) => {
      waitedMs.push(delayMs)
      signal?.throwIfAborted()
    },
    waitedMs,
  }
}

/** Opens the same memory again and again; each source fails from its nth read on. */
function flaky(content: Buffer, readsUntilBroken: number, error: () => Error = broken) {
  let opened = 0
  let closed = 0
  const open = async (): Promise<BlockSource> => {
    opened += 1
    let left = readsUntilBroken
    const disk = memoryDisk(content)
    return {
      ...disk,
      read: async (offsetBytes, into) => {
        left -= 1
        if (left < 0) throw error()
        await disk.read(offsetBytes, into)
      },
      [Symbol.asyncDispose]: async () => {
        closed += 1
      },
    }
  }
  return { open, counts: () => ({ opened, closed }) }
}

describe('a source that reconnects', () => {
  it('repeats reads on a new connection until all is read', async () => {
    const content = sampleContent(2 * MIB)
    const { open, counts } = flaky(content, 5)
    const target = memoryDisk(Buffer.alloc(content.length))
    {
      await using source = await reconnectingSource(open, patience(50))
      await copyBlocks(source, target, [{ offsetBytes: 0, lengthBytes: content.length, kind: 'data' }], {
        chunkBytes: 65_536,
        inFlight: 3,
      })
    }
    expect(target.content.equals(content)).toBe(true)
    expect(counts().opened).toBeGreaterThan(5)
    expect(counts().closed).toBe(counts().opened)
  })

  it('leaves a server that shuts down, and finds the next one', async () => {
    const shutsDown = () => new NbdError('server', 'going down', { errno: 'ESHUTDOWN', transient: true })
    const { open, counts } = flaky(sampleContent(512), 1, shutsDown)
    await using source = await reconnectingSource(open, patience(4))
    for (let n = 0; n < 3; n += 1) await source.read(0, Buffer.alloc(8))
    expect(counts().opened).toBe(3)
  })

  it('gives up after the agreed number of attempts, waiting longer each time', async () => {
    const { open } = flaky(Buffer.alloc(512), 0)
    const options = patience(4)
    await using source = await reconnectingSource(open, options)
    await expect(source.read(0, Buffer.alloc(8))).rejects.toMatchObject({ kind: 'disconnected' })
    expect(options.waitedMs).toEqual([100, 200, 300])
  })

  it('does not repeat what will not get better', async () => {
    const { open, counts } = flaky(Buffer.alloc(512), 0, () => new NbdError('server', 'no', { errno: 'EPERM', transient: false }))
    const options = patience(4)
    await using source = await reconnectingSource(open, options)
    await expect(source.read(0, Buffer.alloc(8))).rejects.toMatchObject({ errno: 'EPERM' })
    expect(options.waitedMs).toEqual([])
    expect(counts().opened).toBe(1)
  })

  it('repeats after a passing error of the server on the same connection', async () => {
    let failures = 2
    let opened = 0
    const disk = memoryDisk(Buffer.alloc(512, 3))
    const open = async (): Promise<BlockSource> => {
      opened += 1
      return {
        ...disk,
        read: async (offsetBytes, into) => {
          failures -= 1
          if (failures >= 0) throw new NbdError('server', 'busy', { errno: 'EIO', transient: true })
          await disk.read(offsetBytes, into)
        },
      }
    }
    await using source = await reconnectingSource(open, patience(5))
    const into = Buffer.alloc(4)
    await source.read(0, into)
    expect(into).toEqual(Buffer.alloc(4, 3))
    expect(opened).toBe(1)
  })

  it('does not wait for a wrong address', async () => {
    const options = patience(5)
    const opening = reconnectingSource(() => Promise.reject(new NbdError('unreachable', 'nobody there')), options)
    await expect(opening).rejects.toMatchObject({ kind: 'unreachable' })
    expect(options.waitedMs).toEqual([])
  })

  it('does not go on with a disk of another size', async () => {
    let size = 512
    const open = async (): Promise<BlockSource> => {
      const disk = memoryDisk(Buffer.alloc(size))
      size += 512
      return { ...disk, read: () => Promise.reject(broken()) }
    }
    await using source = await reconnectingSource(open, patience(5))
    await expect(source.read(0, Buffer.alloc(8))).rejects.toThrow('had 512 bytes and now has 1024')
  })

  it('stops waiting when the signal aborts, with its reason', async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const { open } = flaky(Buffer.alloc(512), 0)
    const options = patience(5)
    await using source = await reconnectingSource(open, { ...options, signal: controller.signal })
    controller.abort(reason)
    await expect(source.read(0, Buffer.alloc(8))).rejects.toBe(reason)
  })

  it('survives a real server that drops its clients again and again', async () => {
    const disk = memoryDisk(sampleContent(4 * MIB))
    let reads = 0
    let drop = new AbortController()
    const dropping = (): NbdExport => ({
      ...disk,
      gone: drop.signal,
      read: async (offsetBytes, into) => {
        reads += 1
        if (reads % 20 === 0) {
          const old = drop
          drop = new AbortController()
          old.abort()
        }
        await disk.read(offsetBytes, into)
      },
    })
    await using server = await serveNbd({ listen: { host: '127.0.0.1', port: 0 }, resolve: async () => dropping() })
    const address = { kind: 'nbd', host: '127.0.0.1', port: server.port, exportName: '' } as const
    await using source = await openSource(address, { reconnect: patience(100) })
    const target = memoryDisk(Buffer.alloc(disk.sizeBytes))
    await copyBlocks(source, target, [{ offsetBytes: 0, lengthBytes: disk.sizeBytes, kind: 'data' }], { chunkBytes: 65_536 })
    expect(target.content.equals(disk.content)).toBe(true)
    expect(reads).toBeGreaterThan(64)
    await using witness = await connectNbd({ host: '127.0.0.1', port: server.port }, '')
    expect(witness.sizeBytes).toBe(disk.sizeBytes)
  })
})
