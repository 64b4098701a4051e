// NBD over streams that are no sockets: both ends in this process, and what a stream's end means.
import { duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import {
  connectNbd,
  copyBlocks,
  type NbdExport,
  type NbdNetwork,
  onNetwork,
  openSink,
  openSource,
  serveNbd,
} from '../../src/blocks/index.ts'
import { memoryDisk, sampleContent } from './memory-disk.ts'

const MIB = 2 ** 20

const noTime: Pick<NbdNetwork, 'sleep' | 'after'> = { sleep: async () => {}, after: () => () => {} }

/** A fresh stream to a server for this disk. */
function streamTo(disk: NbdExport) {
  const [near, far] = duplexPair()
  const listen: NbdNetwork['listen'] = async (_, onConnection) => {
    onConnection(far)
    return { port: 1, close: () => {} }
  }
  const connect = async () => near
  const resolve = async (name: string) => (name === 'disk' ? disk : undefined)
  void onNetwork({ ...noTime, connect, listen }, () => serveNbd({ listen: { host: 'nowhere.invalid', port: 0 }, resolve }))
  return { near, far }
}

describe('NBD over any duplex stream', () => {
  it('reads, writes, and tells extents as over a socket', async () => {
    const content = sampleContent(2 * MIB)
    const disk = memoryDisk(content)
    await using client = await connectNbd({ open: async () => streamTo(disk).near }, 'disk')
    expect(client.sizeBytes).toBe(content.length)
    const read = Buffer.alloc(content.length)
    await client.read(0, read)
    expect(read.equals(content)).toBe(true)
    await client.write(4096, Buffer.alloc(8192, 7))
    expect(disk.content.subarray(4096, 12_288).equals(Buffer.alloc(8192, 7))).toBe(true)
    expect((await client.blockStatus('base:allocation', 0, MIB)).length).toBeGreaterThan(0)
  })

  it('says goodbye when it is closed, so that the other end sees the stream end', async () => {
    const { near, far } = streamTo(memoryDisk(sampleContent(MIB)))
    const client = await connectNbd({ open: async () => near }, 'disk')
    const left = new Promise((resolve) => far.once('close', resolve))
    await client[Symbol.asyncDispose]()
    await left
    expect(near.destroyed).toBe(true)
  })

  it.each(['in the handshake', 'with a read under way'])('takes the end of the stream %s for a lost connection', async (when) => {
    const disk = memoryDisk(sampleContent(MIB))
    const { near, far } = streamTo({ ...disk, read: async () => void far.end() })
    if (when === 'in the handshake') far.end()
    const call = connectNbd({ open: async () => near }, 'disk').then((client) => client.read(0, Buffer.alloc(4096)))
    await expect(call).rejects.toMatchObject({ name: 'NbdError', kind: 'disconnected', transient: true })
  })

  it('breaks with a server that talks on and on without sense', async () => {
    const { near, far } = streamTo({ ...memoryDisk(sampleContent(MIB)), read: () => new Promise(() => {}) })
    const client = await connectNbd({ open: async () => near }, 'disk')
    const read = client.read(0, Buffer.alloc(4096))
    far.write(Buffer.alloc(MIB, 'nonsense'))
    await expect(read).rejects.toMatchObject({ kind: 'protocol' })
  })

  it('ends with the reason of the signal', async () => {
    const stop = new AbortController()
    const { near } = streamTo({ ...memoryDisk(sampleContent(MIB)), read: () => new Promise(() => {}) })
    const client = await connectNbd({ open: async () => near }, 'disk', { signal: stop.signal })
    const read = client.read(0, Buffer.alloc(4096))
    stop.abort(new Error('enough'))
    await expect(read).rejects.toThrow('enough')
    expect(near.destroyed).toBe(true)
  })

  it('fails as opening the stream fails', async () => {
    const open = async () => Promise.reject(new Error('no such program'))
    await expect(connectNbd({ open }, 'disk')).rejects.toThrow('no such program')
  })
})

describe('another network', () => {
  /** Answers for one address with this disk, in memory, and remembers what was waited for. */
  function inMemory(disk: NbdExport) {
    const waitedMs: number[] = []
    const network: NbdNetwork = {
      ...noTime,
      connect: async () => streamTo(disk).near,
      listen: async () => expect.fail('nobody listens here'),
      sleep: async (durationMs) => void waitedMs.push(durationMs),
    }
    return { network, waitedMs }
  }
  const address = { kind: 'nbd', host: 'nowhere.invalid', port: 10_809, exportName: 'disk' } as const

  it('is where disks are opened, however deep, without a socket', async () => {
    const content = sampleContent(MIB)
    const target = memoryDisk(Buffer.alloc(content.length))
    const from = inMemory(memoryDisk(content))
    const to = inMemory(target)
    await using source = await onNetwork(from.network, () => openSource(address))
    await using sink = await onNetwork(to.network, () => openSink(address))
    await copyBlocks(source, sink, await source.extents(0, content.length))
    expect(target.content.equals(content)).toBe(true)
  })

  it('is where a source connects again, and where it waits before', async () => {
    const content = sampleContent(MIB)
    let failures = 2
    const disk = memoryDisk(content)
    const { network, waitedMs } = inMemory({
      ...disk,
      read: async (offsetBytes, into) => {
        if (failures-- > 0) throw Object.assign(new Error('a bad moment'), { code: 'EIO' })
        await disk.read(offsetBytes, into)
      },
    })
    await using source = await onNetwork(network, () => openSource(address))
    const read = Buffer.alloc(4096)
    await onNetwork(network, () => source.read(0, read))
    expect(read.equals(content.subarray(0, 4096))).toBe(true)
    expect(waitedMs).toEqual([500, 1000])
  })

  it('is where silence is noticed', async () => {
    const alarms: (() => void)[] = []
    const { network } = inMemory({ ...memoryDisk(sampleContent(MIB)), read: () => new Promise(() => {}) })
    const after: NbdNetwork['after'] = (_, does) => {
      alarms.push(does)
      return () => {}
    }
    const timed = { ...network, after }
    const client = await onNetwork(timed, () => connectNbd({ host: 'nowhere.invalid', port: 1 }, 'disk'))
    const read = client.read(0, Buffer.alloc(4096))
    // The first alarm was for the handshake; silence takes one turn to see and one to be sure.
    alarms[1]?.()
    alarms[2]?.()
    await expect(read).rejects.toMatchObject({ kind: 'silent' })
  })
})
