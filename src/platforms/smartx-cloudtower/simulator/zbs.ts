// Simulated ZBS volumes: sparse pages in memory that snapshots share until they are written. What changed between two snapshots of
// a volume are the pages that they do not share. It knows nothing of VMs or HTTP.
import type { Extent } from '../../../blocks/index.ts'

/** The stripe size that is public; that changes are told in such pieces is assumed. */
export const PAGE_BYTES = 262_144

type Pages = ReadonlyMap<number, Buffer>

/** Content at one instant, or now. */
export interface ZbsView {
  readonly sizeBytes: number
  read(offsetBytes: number, into: Buffer): void
  extents(offsetBytes: number, lengthBytes: number): Extent[]
}

export interface ZbsSnapshot extends ZbsView {
  readonly pages: Pages
}

export interface ZbsVolume extends ZbsView {
  /** Throws past the end: a volume has to be resized first. */
  write(offsetBytes: number, data: Buffer): void
  freeze(): ZbsSnapshot
}

export function createVolume(sizeBytes: number, from?: ZbsSnapshot): ZbsVolume {
  const pages = new Map<number, Buffer>(from?.pages)
  return {
    ...viewOf(sizeBytes, pages),
    write: (offsetBytes, data) => {
      checkRange(sizeBytes, offsetBytes, data.length)
      for (const { page, at, from: start, count } of pieces(offsetBytes, data.length)) {
        // A snapshot may share the page that is there: always a new one.
        const fresh = Buffer.alloc(PAGE_BYTES)
        pages.get(page)?.copy(fresh)
        data.copy(fresh, at, start, start + count)
        pages.set(page, fresh)
      }
    },
    freeze: () => {
      const frozen = new Map(pages)
      return { ...viewOf(sizeBytes, frozen), pages: frozen }
    },
  }
}

/** What a snapshot has that an earlier one of the same volume had not, everything else being a hole. */
export function differenceOf(now: ZbsSnapshot, base: ZbsSnapshot): ZbsView {
  const changed = new Map<number, Buffer>()
  for (const page of new Set([...now.pages.keys(), ...base.pages.keys()])) {
    const content = now.pages.get(page)
    if (content !== base.pages.get(page)) changed.set(page, content ?? Buffer.alloc(PAGE_BYTES))
  }
  return viewOf(now.sizeBytes, changed)
}

/** Whether two hold the same bytes. */
export function isEqual(a: ZbsView, b: ZbsView): boolean {
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

function viewOf(sizeBytes: number, pages: Pages): ZbsView {
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
    throw new RangeError(`${lengthBytes} bytes at ${offsetBytes} pass the end of a volume of ${sizeBytes} bytes`)
  }
}
