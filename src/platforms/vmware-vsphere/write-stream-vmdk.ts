// Writes a disk as a stream-optimised VMDK, as an export lease sends it and an import lease takes it: only what holds data, each grain
// compressed.
// Source: VMware Virtual Disk Format 1.1, "Stream-Optimized Compressed Sparse Extents".
import { promisify } from 'node:util'
import { deflate } from 'node:zlib'

const SECTOR_BYTES = 512
const GRAIN_SECTORS = 128
const GRAIN_BYTES = GRAIN_SECTORS * SECTOR_BYTES
const GRAINS_PER_TABLE = 512
const DESCRIPTOR_SECTORS = 20
/** Up to the first grain. */
const OVERHEAD_SECTORS = GRAIN_SECTORS
const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn

const MARKER = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const

export interface GrainSource {
  /** A multiple of 512. */
  readonly sizeBytes: number
  /** Nothing where the disk holds no data there. */
  grain(offsetBytes: number, lengthBytes: number): Promise<Buffer | undefined>
}

export async function* streamVmdk(disk: GrainSource): AsyncGenerator<Buffer> {
  let at = OVERHEAD_SECTORS
  const sent = (block: Buffer): Buffer => {
    at += block.length / SECTOR_BYTES
    return block
  }
  yield Buffer.concat([
    header(disk, DIRECTORY_AT_END),
    descriptor(disk),
    Buffer.alloc((OVERHEAD_SECTORS - 1 - DESCRIPTOR_SECTORS) * SECTOR_BYTES),
  ])
  const directory: number[] = []
  const grains = Math.ceil(disk.sizeBytes / GRAIN_BYTES)
  for (let first = 0; first < grains; first += GRAINS_PER_TABLE) {
    const table = Buffer.alloc(GRAINS_PER_TABLE * 4)
    for (let grain = first; grain < Math.min(first + GRAINS_PER_TABLE, grains); grain += 1) {
      const data = await contentOf(disk, grain)
      if (!data) continue
      table.writeUInt32LE(at, (grain - first) * 4)
      yield sent(await grainBlock(grain, data))
    }
    if (table.every((byte) => byte === 0)) {
      directory.push(0)
      continue
    }
    directory.push(at + 1)
    yield sent(Buffer.concat([marker(MARKER.grainTable, table.length / SECTOR_BYTES), table]))
  }
  const entries = Buffer.alloc(padded(directory.length * 4))
  for (const [index, sector] of directory.entries()) entries.writeUInt32LE(sector, index * 4)
  const directoryAt = BigInt(at + 1)
  yield sent(Buffer.concat([marker(MARKER.grainDirectory, entries.length / SECTOR_BYTES), entries]))
  yield Buffer.concat([marker(MARKER.footer, 1), header(disk, directoryAt), marker(MARKER.endOfStream, 0)])
}

const padded = (bytes: number): number => Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES

/** A whole grain, also at the end of the disk; nothing where it holds no data. */
async function contentOf(disk: GrainSource, grain: number): Promise<Buffer | undefined> {
  const offsetBytes = grain * GRAIN_BYTES
  const data = await disk.grain(offsetBytes, Math.min(GRAIN_BYTES, disk.sizeBytes - offsetBytes))
  return data && (data.length === GRAIN_BYTES ? data : Buffer.concat([data], GRAIN_BYTES))
}

const deflated = promisify(deflate)

async function grainBlock(grain: number, data: Buffer): Promise<Buffer> {
  const compressed = await deflated(data)
  const block = Buffer.alloc(padded(12 + compressed.length))
  block.writeBigUInt64LE(BigInt(grain * GRAIN_SECTORS), 0)
  block.writeUInt32LE(compressed.length, 8)
  compressed.copy(block, 12)
  return block
}

function marker(type: number, sectors: number): Buffer {
  const block = Buffer.alloc(SECTOR_BYTES)
  block.writeBigUInt64LE(BigInt(sectors), 0)
  block.writeUInt32LE(type, 12)
  return block
}

function header({ sizeBytes }: GrainSource, directoryAt: bigint): Buffer {
  const block = Buffer.alloc(SECTOR_BYTES)
  block.write('KDMV', 0, 'latin1')
  block.writeUInt32LE(3, 4)
  block.writeUInt32LE(0x30001, 8)
  block.writeBigUInt64LE(BigInt(sizeBytes / SECTOR_BYTES), 12)
  block.writeBigUInt64LE(BigInt(GRAIN_SECTORS), 20)
  block.writeBigUInt64LE(1n, 28)
  block.writeBigUInt64LE(BigInt(DESCRIPTOR_SECTORS), 36)
  block.writeUInt32LE(GRAINS_PER_TABLE, 44)
  block.writeBigUInt64LE(directoryAt, 56)
  block.writeBigUInt64LE(BigInt(OVERHEAD_SECTORS), 64)
  block.write('\n \r\n', 73, 'latin1')
  block.writeUInt16LE(1, 77)
  return block
}

function descriptor({ sizeBytes }: GrainSource): Buffer {
  const text = `# Disk DescriptorFile
version=1
CID=7b0e9d3c
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RDONLY ${sizeBytes / SECTOR_BYTES} SPARSE "disk.vmdk"

# The Disk Data Base
ddb.adapterType = "lsilogic"
ddb.virtualHWVersion = "19"
`
  const block = Buffer.alloc(DESCRIPTOR_SECTORS * SECTOR_BYTES)
  block.write(text, 'latin1')
  return block
}
