// Simulated disks: sparse pages in memory that snapshots share until they are written. What changed between two snapshots of a disk
// are the pages that they do not share. It knows nothing of VMs or HTTP.
import { createHash } from 'node:crypto'
import type { Extent } from '../../blocks/index.ts'

/** What snapshots share, and changes are told in: the stripe size of ZBS, which is public. That other platforms do alike is assumed. */
export const PAGE_BYTES = 262_144

type Pages = ReadonlyMap<number, Buffer>

/** Content at one instant, or now. */
export interface SparseView {
  readonly sizeBytes: number
  read(offsetBytes: number, into: Buffer): void
  extents(offsetBytes: number, lengthBytes: number): Extent[]
}

export interface SparseSnapshot extends SparseView {
  readonly pages: Pages
}

export interface SparseDisk extends SparseView {
  /** Throws past the end: a disk has to be resized first. */
  write(offsetBytes: number, data: Buffer): void
  freeze(): SparseSnapshot
}

export function createSparseDisk(sizeBytes: number, from?: SparseSnapshot): SparseDisk {
  const pages = new Map<number, Buffer>(from?.pages)
  /** Pages that no snapshot shares. */
  const own = new Set<number>()
  const ownPage = (page: number): Buffer => {
    const known = pages.get(page)
    if (known && own.has(page)) return known
    const fresh = Buffer.alloc(PAGE_BYTES)
    known?.copy(fresh)
    pages.set(page, fresh)
    own.add(page)
    return fresh
  }
  return {
    ...viewOf(sizeBytes, pages),
    write: (offsetBytes, data) => {
      checkRange(sizeBytes, offsetBytes, data.length)
      for (const { page, at, from: start, count } of pieces(offsetBytes, data.length)) {
        data.copy(ownPage(page), at, start, start + count)
      }
    },
    freeze: () => {
      own.clear()
      const frozen = new Map(pages)
      return { ...viewOf(sizeBytes, frozen), pages: frozen }
    },
  }
}

/** What a snapshot has that an earlier one of the same disk had not, everything else being a hole. */
export function differenceOf(now: SparseSnapshot, base: SparseSnapshot): SparseSnapshot {
  const changed = new Map<number, Buffer>()
  for (const page of new Set([...now.pages.keys(), ...base.pages.keys()])) {
    const content = now.pages.get(page)
    if (content !== base.pages.get(page)) changed.set(page, content ?? Buffer.alloc(PAGE_BYTES))
  }
  return { ...viewOf(now.sizeBytes, changed), pages: changed }
}

/** What `difference` changed, laid over what was there before. */
export function laidOver(base: SparseSnapshot, difference: SparseSnapshot): SparseSnapshot {
  const pages = new Map([...base.pages, ...difference.pages])
  return { ...viewOf(difference.sizeBytes, pages), pages }
}

/** Bytes of the pages that hold data. */
export const dataBytes = ({ pages }: SparseSnapshot): number => pages.size * PAGE_BYTES

/** Writes of guests, so many at a time, spread over the disks that are given: all follow from the seed. */
export function guestWrites(seed: string): (disks: readonly SparseDisk[], count: number) => void {
  let writes = 0
  return (disks, count) => {
    for (let left = count; left > 0; left -= 1) writeAsGuest(disks, `${seed}/${writes++}`)
  }
}

/** A few KiB at a place of one of the disks; both follow from the text. */
function writeAsGuest(disks: readonly SparseDisk[], text: string): void {
  const random = createHash('sha256').update(text).digest()
  const disk = disks[random.readUInt8(0) % disks.length]
  if (!disk) return
  const data = Buffer.alloc(Math.min(disk.sizeBytes, 4096 * (1 + (random.readUInt8(1) % 16))), random)
  disk.write(512 * (random.readUInt32LE(2) % (Math.floor((disk.sizeBytes - data.length) / 512) + 1)), data)
}

/** Whether two hold the same bytes. */
export function isEqual(a: SparseView, b: SparseView): boolean {
  if (a.sizeBytes !== b.sizeBytes) return false
  const [left, right] = [Buffer.alloc(PAGE_BYTES), Buffer.alloc(PAGE_BYTES)]
  for (let at = 0; at < a.sizeBytes; at += PAGE_BYTES) {
    const count = Math.min(PAGE_BYTES, a.sizeBytes - at)
    a.read(at, left.subarray(0, count))
    b.read(at, right.subarray(0, count))
    if (!left.subarray(0, count).equals(right.subarray(0, count))) return false
  }
  return true
}

function viewOf(sizeBytes: number, pages: Pages): SparseView {
  return {
    sizeBytes,
    read: (offsetBytes, into) => {
      checkRange(sizeBytes, offsetBytes, into.length)
      for (const { page, at, from, count } of pieces(offsetBytes, into.length)) {
        const content = pages.get(page)
        if (content) content.copy(into, from, at, at + count)
        else into.fill(0, from, from + count)
      }
    },
    extents: (offsetBytes, lengthBytes) => {
      const extents: Extent[] = []
      for (const { page, at, count } of pieces(offsetBytes, lengthBytes)) {
        const kind = pages.has(page) ? 'data' : 'hole'
        const last = extents.at(-1)
        if (last?.kind === kind) extents[extents.length - 1] = { ...last, lengthBytes: last.lengthBytes + count }
        else extents.push({ offsetBytes: page * PAGE_BYTES + at, lengthBytes: count, kind })
      }
      return extents
    },
  }
}

/** The range cut at page borders: page, offset in it, offset in the range, length. */
function* pieces(offsetBytes: number, lengthBytes: number) {
  for (let from = 0; from < lengthBytes; ) {
    const at = (offsetBytes + from) % PAGE_BYTES
    const count = Math.min(PAGE_BYTES - at, lengthBytes - from)
    yield { page: (offsetBytes + from - at) / PAGE_BYTES, at, from, count }
    from += count
  }
}

function checkRange(sizeBytes: number, offsetBytes: number, lengthBytes: number): void {
  if (offsetBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
    throw new RangeError(`${lengthBytes} bytes at ${offsetBytes} pass the end of a disk of ${sizeBytes} bytes`)
  }
}
