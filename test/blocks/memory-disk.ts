// A disk in memory: the reference that copies, servers and clients are compared with.
import type { BlockSink, BlockSource, Extent } from '../../src/blocks/index.ts'
import { isZero, normaliseExtents } from '../../src/blocks/index.ts'

export interface MemoryDisk extends BlockSource, BlockSink {
  readonly content: Buffer
  readonly readOnly: boolean
  flushes: number
}

const GRAIN_BYTES = 4096

export function memoryDisk(content: Buffer): MemoryDisk {
  return {
    content,
    sizeBytes: content.length,
    readOnly: false,
    flushes: 0,
    read: async (offsetBytes, into) => {
      content.copy(into, 0, offsetBytes, offsetBytes + into.length)
    },
    extents: async (offsetBytes, lengthBytes) => grains(content, offsetBytes, lengthBytes),
    write: async (offsetBytes, data) => {
      data.copy(content, offsetBytes)
    },
    zero: async (offsetBytes, lengthBytes) => {
      content.fill(0, offsetBytes, offsetBytes + lengthBytes)
    },
    async flush() {
      this.flushes += 1
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

function grains(content: Buffer, offsetBytes: number, lengthBytes: number): Extent[] {
  const end = offsetBytes + lengthBytes
  const list: Extent[] = []
  for (let at = offsetBytes; at < end; ) {
    const to = Math.min((Math.floor(at / GRAIN_BYTES) + 1) * GRAIN_BYTES, end)
    const empty = isZero(content.subarray(at, to))
    list.push({ offsetBytes: at, lengthBytes: to - at, kind: empty ? 'hole' : 'data' })
    at = to
  }
  return normaliseExtents(list)
}

/** Runs of holes, of text and of noise, each a few cells of 64 KiB long; the same for the same seed. */
export function sampleContent(sizeBytes: number, seed = 1): Buffer {
  const content = Buffer.alloc(sizeBytes)
  let state = seed
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let at = 0; at < sizeBytes; ) {
    const to = Math.min(at + (1 + next(5)) * 65_536, sizeBytes)
    const kind = next(3)
    if (kind === 1) content.fill(`line at ${at}\n`, at, to)
    if (kind === 2) for (let word = at; word + 4 <= to; word += 4) content.writeUInt32LE(next(2 ** 32), word)
    at = to
  }
  return content
}
