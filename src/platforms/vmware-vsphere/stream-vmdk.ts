// Reads stream-optimised VMDKs as they arrive: compressed grains in ascending order, between tables that a reader of a stream skips.
// Source: VMware Virtual Disk Format 1.1, "Stream-Optimized Compressed Sparse Extents".
import { promisify } from 'node:util'
import { inflate } from 'node:zlib'

const SECTOR_BYTES = 512
const MAGIC = 0x564d444b
const FLAG_COMPRESSED = 0x10000
const FLAG_MARKERS = 0x20000
const END_OF_STREAM = 0

export interface Grain {
  readonly offsetBytes: number
  readonly data: Buffer
}

/** The stream is none, or ends before its end. */
export class StreamBroken extends Error {}

const inflated = promisify(inflate)

/** The grains in order; each is clipped to the disk. Throws StreamBroken. */
export async function* grainsIn(stream: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Grain> {
  const reader = readerOf(stream)
  const header = await reader.take(SECTOR_BYTES)
  checkHeader(header, sizeBytes)
  const grainBytes = sectors(header, 20) * SECTOR_BYTES
  await reader.skip(sectors(header, 64) * SECTOR_BYTES - SECTOR_BYTES)
  for (;;) {
    const marker = await reader.take(SECTOR_BYTES)
    const count = sectors(marker, 0)
    const compressedBytes = marker.readUInt32LE(8)
    if (compressedBytes > 0) {
      yield { offsetBytes: count * SECTOR_BYTES, data: await grainOf(marker, compressedBytes, count * SECTOR_BYTES) }
      continue
    }
    if (marker.readUInt32LE(12) === END_OF_STREAM) return
    await reader.skip(count * SECTOR_BYTES)
  }

  async function grainOf(marker: Buffer, compressedBytes: number, offsetBytes: number): Promise<Buffer> {
    if (compressedBytes > 2 * grainBytes) throw new StreamBroken(`a grain of ${compressedBytes} bytes is larger than any`)
    const wholeBytes = Math.ceil((GRAIN_HEADER_BYTES + compressedBytes) / SECTOR_BYTES) * SECTOR_BYTES
    const rest = await reader.take(wholeBytes - SECTOR_BYTES)
    const compressed = Buffer.concat([marker, rest]).subarray(GRAIN_HEADER_BYTES, GRAIN_HEADER_BYTES + compressedBytes)
    const data = await inflated(compressed, { maxOutputLength: grainBytes }).catch((cause: unknown) => {
      throw new StreamBroken(`the grain at byte ${offsetBytes} cannot be decompressed`, { cause })
    })
    if (offsetBytes >= sizeBytes) throw new StreamBroken(`a grain at byte ${offsetBytes} is past the end of the disk`)
    return data.subarray(0, Math.min(data.length, sizeBytes - offsetBytes))
  }
}

const GRAIN_HEADER_BYTES = 12

function checkHeader(header: Buffer, sizeBytes: number): void {
  const flags = header.readUInt32LE(8)
  if (header.readUInt32LE(0) !== MAGIC || (flags & FLAG_COMPRESSED) === 0 || (flags & FLAG_MARKERS) === 0) {
    throw new StreamBroken('it is no stream-optimised VMDK')
  }
  const capacityBytes = sectors(header, 12) * SECTOR_BYTES
  if (capacityBytes < sizeBytes) throw new StreamBroken(`it is of a disk of ${capacityBytes} bytes, not ${sizeBytes}`)
}

const sectors = (from: Buffer, at: number): number => Number(from.readBigUInt64LE(at))

function readerOf(stream: AsyncIterable<Uint8Array>) {
  const chunks = stream[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)

  async function more(): Promise<void> {
    const { done, value } = await chunks.next()
    if (done) throw new StreamBroken('it ends before its end')
    held = held.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.concat([held, value])
  }

  return {
    async take(count: number): Promise<Buffer> {
      while (held.length < count) await more()
      const taken = held.subarray(0, count)
      held = held.subarray(count)
      return taken
    },
    async skip(count: number): Promise<void> {
      for (let left = count; left > 0; ) {
        if (held.length === 0) await more()
        const skipped = Math.min(left, held.length)
        held = held.subarray(skipped)
        left -= skipped
      }
    },
  }
}
