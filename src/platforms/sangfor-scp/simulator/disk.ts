// A simulated disk: sparse pages in memory, snapshots that share pages until they are written, and the stamps that
// changed-block tracking answers from. It knows nothing of VMs, leases or HTTP.
import type { Extent } from '../../../blocks/index.ts'

/** Granularity of changed-block tracking, and of sharing between a disk and its snapshots. */
export const BLOCK_BYTES = 65_536

type Pages = ReadonlyMap<number, Buffer>

/** Content as it was at one instant, or is now. */
export interface DiskView {
  readonly sizeBytes: number
  read(offsetBytes: number, into: Buffer): void
  extents(offsetBytes: number, lengthBytes: number): Extent[]
  /** Numbers of the blocks that hold data, ascending. */
  dataBlocks(): number[]
}

/** A disk at one instant, with what was known of its changes then. */
export interface FrozenDisk extends DiskView {
  /** By block: the tracking epoch of the last write; nothing for blocks not written while tracking was on. */
  readonly stamps: ReadonlyMap<number, number>
}

export interface Disk extends DiskView {
  write(offsetBytes: number, data: Buffer): void
  /** Makes the range read as zero; whole blocks in it stop holding data. */
  zero(offsetBytes: number, lengthBytes: number): void
  /** Writes from now on are stamped with this epoch; undefined stops stamping and forgets. */
  stampWith(epoch: number | undefined): void
  freeze(): FrozenDisk
}

export function createDisk(sizeBytes: number): Disk {
  const pages = new Map<number, Buffer>()
  /** Pages that no snapshot shares. */
  const own = new Set<number>()
  const stamps = new Map<number, number>()
  let epoch: number | undefined

  const touch = (block: number): void => {
    if (epoch !== undefined) stamps.set(block, epoch)
  }
  const writable = (block: number): Buffer => {
    touch(block)
    const page = pages.get(block)
    if (page && own.has(block)) return page
    const fresh = page ? Buffer.from(page) : Buffer.alloc(BLOCK_BYTES)
    pages.set(block, fresh)
    own.add(block)
    return fresh
  }

  return {
    ...viewOf(sizeBytes, pages),
    write: (offsetBytes, data) => {
      checkRange(sizeBytes, offsetBytes, data.length)
      for (const { block, at, from, count } of pieces(offsetBytes, data.length)) {
        data.copy(writable(block), at, from, from + count)
      }
    },
    zero: (offsetBytes, lengthBytes) => {
      checkRange(sizeBytes, offsetBytes, lengthBytes)
      for (const { block, at, count } of pieces(offsetBytes, lengthBytes)) {
        const whole = at === 0 && (count === BLOCK_BYTES || block * BLOCK_BYTES + count === sizeBytes)
        if (!pages.has(block)) continue
        if (!whole) writable(block).fill(0, at, at + count)
        else {
          pages.delete(block)
          own.delete(block)
          touch(block)
        }
      }
    },
    stampWith: (next) => {
      epoch = next
      if (next === undefined) stamps.clear()
    },
    freeze: () => {
      own.clear()
      return { ...viewOf(sizeBytes, new Map(pages)), stamps: new Map(stamps) }
    },
  }
}

function viewOf(sizeBytes: number, pages: Pages): DiskView {
  return {
    sizeBytes,
    read: (offsetBytes, into) => {
      checkRange(sizeBytes, offsetBytes, into.length)
      for (const { block, at, from, count } of pieces(offsetBytes, into.length)) {
        const page = pages.get(block)
        if (page) page.copy(into, from, at, at + count)
        else into.fill(0, from, from + count)
      }
    },
    extents: (offsetBytes, lengthBytes) => {
      const extents: Extent[] = []
      for (const { block, at, count } of pieces(offsetBytes, lengthBytes)) {
        const kind = pages.has(block) ? 'data' : 'hole'
        const last = extents.at(-1)
        if (last?.kind === kind) extents[extents.length - 1] = { ...last, lengthBytes: last.lengthBytes + count }
        else extents.push({ offsetBytes: block * BLOCK_BYTES + at, lengthBytes: count, kind })
      }
      return extents
    },
    dataBlocks: () => [...pages.keys()].sort((a, b) => a - b),
  }
}

/** The range cut at block borders: block, offset in it, offset in the range, length. */
function* pieces(offsetBytes: number, lengthBytes: number) {
  for (let from = 0; from < lengthBytes; ) {
    const at = (offsetBytes + from) % BLOCK_BYTES
    const count = Math.min(BLOCK_BYTES - at, lengthBytes - from)
    yield { block: (offsetBytes + from - at) / BLOCK_BYTES, at, from, count }
    from += count
  }
}

function checkRange(sizeBytes: number, offsetBytes: number, lengthBytes: number): void {
  if (offsetBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
    throw new RangeError(`${lengthBytes} bytes at ${offsetBytes} pass the end of a disk of ${sizeBytes} bytes`)
  }
}

/** The first byte at which two disks differ, or undefined. Blocks that hold data in neither are not read. */
export function firstDifference(a: DiskView, b: DiskView): number | undefined {
  if (a.sizeBytes !== b.sizeBytes) return Math.min(a.sizeBytes, b.sizeBytes)
  for (const block of new Set([...a.dataBlocks(), ...b.dataBlocks()].sort((x, y) => x - y))) {
    const offsetBytes = block * BLOCK_BYTES
    const lengthBytes = Math.min(BLOCK_BYTES, a.sizeBytes - offsetBytes)
    const [left, right] = [Buffer.alloc(lengthBytes), Buffer.alloc(lengthBytes)]
    a.read(offsetBytes, left)
    b.read(offsetBytes, right)
    if (left.equals(right)) continue
    return offsetBytes + left.findIndex((byte, index) => byte !== right[index])
  }
  return undefined
}
