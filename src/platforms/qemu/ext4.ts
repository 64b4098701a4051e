// What a superblock of ext2, ext3 or ext4 says of its file system, read from a disk's bytes: evidence that nobody in the guest can talk away.
// (Linux, Documentation/filesystems/ext4/super.rst; UEFI 2.10, 5.3 GUID Partition Table)
import type { BlockSource } from '../../blocks/index.ts'

export interface FileSystem {
  readonly offsetBytes: number
  /** False while its journal holds what is not in place yet: mounted, and neither frozen nor unmounted. */
  readonly clean: boolean
}

const SECTOR_BYTES = 512
const SUPERBLOCK = { offsetBytes: 1024, magicAt: 0x38, magic: 0xef53, incompatibleAt: 0x60, needsRecovery: 0x4 } as const
const GPT = { signature: 'EFI PART', entriesAt: 72, countAt: 80, entryBytesAt: 84, mostEntries: 128 } as const
const MBR = { at: 446, entryBytes: 16, count: 4, startAt: 8, signatureAt: 510, signature: 0xaa55 } as const

/** On the whole disk, and at the start of each partition. */
export async function ext4On(disk: BlockSource): Promise<readonly FileSystem[]> {
  const found: FileSystem[] = []
  for (const offsetBytes of [0, ...(await partitionStarts(disk))]) {
    const block = await bytesAt(disk, offsetBytes + SUPERBLOCK.offsetBytes, 1024)
    if (block?.readUInt16LE(SUPERBLOCK.magicAt) !== SUPERBLOCK.magic) continue
    const clean = (block.readUInt32LE(SUPERBLOCK.incompatibleAt) & SUPERBLOCK.needsRecovery) === 0
    found.push({ offsetBytes, clean })
  }
  return found
}

async function partitionStarts(disk: BlockSource): Promise<readonly number[]> {
  const first = await bytesAt(disk, 0, 2 * SECTOR_BYTES)
  if (!first) return []
  const header = first.subarray(SECTOR_BYTES)
  if (header.toString('latin1', 0, GPT.signature.length) === GPT.signature) return gptStarts(disk, header)
  if (first.readUInt16LE(MBR.signatureAt) !== MBR.signature) return []
  const starts = Array.from({ length: MBR.count }, (_, index) =>
    first.readUInt32LE(MBR.at + index * MBR.entryBytes + MBR.startAt),
  )
  return starts.filter((sector) => sector > 0).map((sector) => sector * SECTOR_BYTES)
}

async function gptStarts(disk: BlockSource, header: Buffer): Promise<readonly number[]> {
  const entryBytes = header.readUInt32LE(GPT.entryBytesAt)
  const count = Math.min(header.readUInt32LE(GPT.countAt), GPT.mostEntries)
  const table = await bytesAt(disk, Number(header.readBigUInt64LE(GPT.entriesAt)) * SECTOR_BYTES, count * entryBytes)
  if (!table) return []
  const starts = Array.from({ length: count }, (_, index) => Number(table.readBigUInt64LE(index * entryBytes + 32)))
  return starts.filter((sector) => sector > 0).map((sector) => sector * SECTOR_BYTES)
}

/** Nothing where the disk ends before. */
async function bytesAt(disk: BlockSource, offsetBytes: number, lengthBytes: number): Promise<Buffer | undefined> {
  if (offsetBytes + lengthBytes > disk.sizeBytes) return undefined
  const bytes = Buffer.alloc(lengthBytes)
  await disk.read(offsetBytes, bytes)
  return bytes
}
