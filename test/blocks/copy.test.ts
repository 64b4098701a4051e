import { describe, expect, it } from 'vitest'
import {
  type BlockConsumer,
  type BlockSource,
  type CopyProgress,
  copyBlocks,
  createThrottle,
  type Extent,
  type ExtentKind,
  readRanges,
} from '../../src/blocks/index.ts'
import { memoryDisk, sampleContent } from './memory-disk.ts'

const KIB = 1024
const MIB = 2 ** 20
const extent = (kind: ExtentKind, offsetBytes: number, lengthBytes: number): Extent => ({ kind, offsetBytes, lengthBytes })

/** Notes what it is given. */
function witness() {
  const calls: { readonly what: 'write' | 'zero'; readonly offsetBytes: number; readonly lengthBytes: number }[] = []
  const consumer: BlockConsumer = {
    write: async (offsetBytes, { length }) => void calls.push({ what: 'write', offsetBytes, lengthBytes: length }),
    zero: async (offsetBytes, lengthBytes) => void calls.push({ what: 'zero', offsetBytes, lengthBytes }),
  }
  return { calls, consumer }
}

describe('copying blocks', () => {
  it('never reads holes, never writes zeros, and leaves alone what is unchanged', async () => {
    const content = Buffer.alloc(4 * MIB)
    content.fill(1, 2 * MIB, 2 * MIB + 64 * KIB)
    const { calls, consumer } = witness()
    const map = [
      extent('unchanged', 0, MIB),
      extent('hole', MIB, MIB),
      extent('data', 2 * MIB, MIB),
      extent('zero', 3 * MIB, MIB),
    ]
    const result = await copyBlocks(memoryDisk(content), consumer, map, { chunkBytes: MIB })
    expect(calls.toSorted((a, b) => a.offsetBytes - b.offsetBytes)).toEqual([
      { what: 'zero', offsetBytes: MIB, lengthBytes: MIB },
      { what: 'write', offsetBytes: 2 * MIB, lengthBytes: 64 * KIB },
      { what: 'zero', offsetBytes: 2 * MIB + 64 * KIB, lengthBytes: 960 * KIB },
      { what: 'zero', offsetBytes: 3 * MIB, lengthBytes: MIB },
    ])
    expect(result).toEqual({ readBytes: MIB, writtenBytes: 64 * KIB, zeroBytes: 2 * MIB + 960 * KIB })
  })

  it('tells a hole of terabytes in a few calls', async () => {
    const { calls, consumer } = witness()
    const disk: BlockSource = { ...memoryDisk(Buffer.alloc(0)), sizeBytes: 10 * 2 ** 40 }
    await copyBlocks(disk, consumer, [extent('hole', 0, disk.sizeBytes)])
    expect(calls).toHaveLength(2560)
  })

  it('keeps no more chunks under way than allowed', async () => {
    const content = sampleContent(2 * MIB)
    const disk = memoryDisk(content)
    const places = new Set<number>()
    let underWay = 0
    let most = 0
    const watched: BlockSource = {
      ...disk,
      read: async (offsetBytes, into) => {
        places.add(into.byteOffset)
        underWay += 1
        most = Math.max(most, underWay)
        await new Promise((resolve) => setImmediate(resolve))
        await disk.read(offsetBytes, into)
        underWay -= 1
      },
    }
    const target = memoryDisk(Buffer.alloc(content.length))
    await copyBlocks(watched, target, [extent('data', 0, content.length)], { chunkBytes: 64 * KIB, inFlight: 3 })
    expect(target.content.equals(content)).toBe(true)
    expect(most).toBe(3)
    expect(places.size, 'memory is allocated once').toBe(3)
  })

  it('says how far it is', async () => {
    const seen: CopyProgress[] = []
    const map = [extent('data', 0, 128 * KIB), extent('unchanged', 128 * KIB, MIB), extent('hole', 128 * KIB + MIB, MIB)]
    await copyBlocks(memoryDisk(Buffer.alloc(3 * MIB)), witness().consumer, map, {
      chunkBytes: 64 * KIB,
      inFlight: 1,
      onProgress: (progress) => void seen.push(progress),
    })
    const totalBytes = 128 * KIB + MIB
    expect(seen).toEqual([
      { doneBytes: 64 * KIB, totalBytes, resumeFromBytes: 64 * KIB },
      { doneBytes: 128 * KIB, totalBytes, resumeFromBytes: 128 * KIB },
      { doneBytes: totalBytes, totalBytes, resumeFromBytes: 128 * KIB + 2 * MIB },
    ])
  })

  it('ends with the first failure, of the source or of the sink, once nothing is under way', async () => {
    for (const side of ['read', 'write'] as const) {
      const disk = memoryDisk(sampleContent(4 * MIB))
      let calls = 0
      let underWay = 0
      const failing = async (): Promise<void> => {
        calls += 1
        underWay += 1
        const mine = calls
        await new Promise((resolve) => setImmediate(resolve))
        underWay -= 1
        if (mine === 5) throw new Error(`the ${side} failed`)
      }
      const source: BlockSource = side === 'read' ? { ...disk, read: failing } : disk
      const consumer = side === 'write' ? { write: failing, zero: failing } : witness().consumer
      const copying = copyBlocks(source, consumer, [extent('data', 0, 4 * MIB)], { chunkBytes: 64 * KIB, inFlight: 4 })
      await expect(copying).rejects.toThrow(`the ${side} failed`)
      expect(underWay).toBe(0)
      expect(calls).toBeLessThan(20)
    }
  })

  it('begins nothing more once the signal aborts', async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const disk = memoryDisk(Buffer.alloc(4 * MIB, 1))
    let reads = 0
    const source: BlockSource = {
      ...disk,
      read: async (offsetBytes, into) => {
        reads += 1
        if (reads === 6) controller.abort(reason)
        await disk.read(offsetBytes, into)
      },
    }
    const options = { chunkBytes: 64 * KIB, inFlight: 2, signal: controller.signal }
    await expect(copyBlocks(source, witness().consumer, [extent('data', 0, 4 * MIB)], options)).rejects.toBe(reason)
    expect(reads).toBeLessThan(9)
  })

  it('keeps to a rate', async () => {
    let nowMs = 0
    const waitedMs: number[] = []
    const throttle = createThrottle(MIB, {
      now: () => nowMs,
      sleep: async (delayMs) => {
        waitedMs.push(delayMs)
        nowMs += delayMs
      },
    })
    await copyBlocks(memoryDisk(Buffer.alloc(4 * MIB, 1)), witness().consumer, [extent('data', 0, 4 * MIB)], {
      chunkBytes: MIB,
      inFlight: 1,
      throttle,
    })
    expect(waitedMs).toEqual([1000, 1000, 1000])
  })
})

describe('reading ranges ahead', () => {
  const ranges = (count: number, lengthBytes: number) =>
    Array.from({ length: count }, (_, index) => ({ offsetBytes: index * lengthBytes, lengthBytes }))

  /** Answers later reads sooner. */
  function disorderly(content: Buffer): BlockSource {
    const disk = memoryDisk(content)
    return {
      ...disk,
      read: async (offsetBytes, into) => {
        for (let turn = 0; turn < 8 - ((offsetBytes / into.length) % 8); turn += 1)
          await new Promise((resolve) => setImmediate(resolve))
        await disk.read(offsetBytes, into)
      },
    }
  }

  it('yields in order whatever the order of answers', async () => {
    const content = sampleContent(MIB, 4)
    const parts: Buffer[] = []
    for await (const { data, release } of readRanges(disorderly(content), ranges(64, 16 * KIB), { depth: 8 })) {
      parts.push(Buffer.from(data))
      release()
    }
    expect(Buffer.concat(parts).equals(content)).toBe(true)
  })

  it('waits for memory that the consumer still holds', async () => {
    const content = sampleContent(MIB, 5)
    const held: (() => void)[] = []
    const memories = new Set<ArrayBufferLike>()
    let count = 0
    for await (const { data, release } of readRanges(disorderly(content), ranges(64, 16 * KIB), { depth: 4 })) {
      memories.add(data.buffer)
      expect(data.equals(content.subarray(count * 16 * KIB, (count + 1) * 16 * KIB))).toBe(true)
      count += 1
      held.push(release)
      if (held.length === 4) setImmediate(() => held.splice(0).forEach((free) => void free()))
    }
    expect(count).toBe(64)
    expect(memories.size).toBe(4)
  })

  it('fails at the range that failed, after those before it', async () => {
    const disk = memoryDisk(Buffer.alloc(MIB))
    const source: BlockSource = {
      ...disk,
      read: async (offsetBytes) => {
        if (offsetBytes === 3 * 16 * KIB) throw new Error('bad block')
      },
    }
    let seen = 0
    const reading = async () => {
      for await (const { release } of readRanges(source, ranges(64, 16 * KIB), { depth: 8 })) {
        seen += 1
        release()
      }
    }
    await expect(reading()).rejects.toThrow('bad block')
    expect(seen).toBe(3)
  })

  it('leaves nothing under way when the consumer stops early or the signal aborts', async () => {
    for (const stop of ['break', 'abort'] as const) {
      const disk = disorderly(sampleContent(MIB))
      let underWay = 0
      const source: BlockSource = {
        ...disk,
        read: async (offsetBytes, into) => {
          underWay += 1
          await disk.read(offsetBytes, into)
          underWay -= 1
        },
      }
      const controller = new AbortController()
      const reading = async () => {
        for await (const { release } of readRanges(source, ranges(64, 16 * KIB), { signal: controller.signal })) {
          release()
          if (stop === 'break') break
          controller.abort(new Error('enough'))
        }
      }
      if (stop === 'break') await reading()
      else await expect(reading()).rejects.toThrow('enough')
      expect(underWay).toBe(0)
    }
  })
})
