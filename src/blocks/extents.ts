// The algebra of extents: pure functions over lists of byte ranges. It reads no disk and knows no protocol.
// A list is *normal* when it is ordered, without overlap, without empty extents, and neighbours of one kind are joined.
import type { Extent, ExtentKind } from './model.ts'

/** Where extents overlap, the kind that says more about the content wins: it is never wrong to read data once too often. */
const STRENGTH: Readonly<Record<ExtentKind, number>> = { unchanged: 0, hole: 1, zero: 2, data: 3 }
const KINDS: readonly ExtentKind[] = ['unchanged', 'hole', 'zero', 'data']

export const endOf = (extent: Extent): number => extent.offsetBytes + extent.lengthBytes

/** The normal list that says the same; of overlapping kinds the strongest stays: data > zero > hole > unchanged. */
export function normaliseExtents(extents: Iterable<Extent>): Extent[] {
  const ordered = [...extents].filter((extent) => extent.lengthBytes > 0).sort((a, b) => a.offsetBytes - b.offsetBytes)
  return join(overlaps(ordered) ? flatten(ordered) : ordered)
}

/** Everything that either list says. */
export const unionExtents = (a: Iterable<Extent>, b: Iterable<Extent>): Extent[] => normaliseExtents([...a, ...b])

/** The parts of `a` that `b` does not cover, whatever the kinds in `b`. */
export function subtractExtents(a: Iterable<Extent>, b: Iterable<Extent>): Extent[] {
  const cut = normaliseExtents(b)
  const rest: Extent[] = []
  let first = 0
  for (const extent of normaliseExtents(a)) {
    first = firstEndingAfter(cut, extent.offsetBytes, first)
    let from = extent.offsetBytes
    for (let index = first; index < cut.length; index += 1) {
      const hit = cut[index]
      if (!hit || hit.offsetBytes >= endOf(extent)) break
      add(rest, from, hit.offsetBytes, extent.kind)
      from = Math.max(from, endOf(hit))
    }
    add(rest, from, endOf(extent), extent.kind)
  }
  return join(rest)
}

/** The parts of `a` that `b` covers, with the kinds of `a`. */
export function intersectExtents(a: Iterable<Extent>, b: Iterable<Extent>): Extent[] {
  const mask = normaliseExtents(b)
  const shared: Extent[] = []
  let first = 0
  for (const extent of normaliseExtents(a)) {
    first = firstEndingAfter(mask, extent.offsetBytes, first)
    for (let index = first; index < mask.length; index += 1) {
      const hit = mask[index]
      if (!hit || hit.offsetBytes >= endOf(extent)) break
      add(shared, Math.max(extent.offsetBytes, hit.offsetBytes), Math.min(endOf(extent), endOf(hit)), extent.kind)
    }
  }
  return join(shared)
}

/**
 * Brings everything that was said to multiples of the granularity, clipped to the disk's size. Data grows outward; a cell of the grid
 * that is zero or a hole only in part becomes data, as nothing is known of the rest. `unchanged` stays where nothing else is.
 */
export function alignExtents(extents: Iterable<Extent>, granularityBytes: number, diskBytes: number): Extent[] {
  const down = (bytes: number) => Math.floor(bytes / granularityBytes) * granularityBytes
  const up = (bytes: number) => Math.min(Math.ceil(bytes / granularityBytes) * granularityBytes, diskBytes)
  const aligned: Extent[] = []
  for (const extent of normaliseExtents(extents)) {
    const from = extent.offsetBytes
    const to = Math.min(endOf(extent), diskBytes)
    if (extent.kind === 'unchanged') add(aligned, from, to, 'unchanged')
    else if (extent.kind === 'data') add(aligned, down(from), up(to), 'data')
    else {
      const innerTo = to === diskBytes ? to : down(to)
      add(aligned, up(from), innerTo, extent.kind)
      if (up(from) !== from) add(aligned, down(from), up(from), 'data')
      if (innerTo !== to) add(aligned, innerTo, up(to), 'data')
    }
  }
  return normaliseExtents(aligned)
}

/** The whole disk without gaps: the given extents, and what they leave open as extents of `kind`. */
export function fillExtents(extents: Iterable<Extent>, diskBytes: number, kind: 'unchanged' | 'hole'): Extent[] {
  const disk: Extent = { offsetBytes: 0, lengthBytes: diskBytes, kind }
  const known = normaliseExtents(extents)
  return normaliseExtents([...intersectExtents(known, [disk]), ...subtractExtents([disk], known)])
}

/** Cuts at absolute multiples of `sizeBytes`, so that pieces of any two maps fall on the same grid. */
export function* splitExtents(extents: Iterable<Extent>, sizeBytes: number): Generator<Extent, void, undefined> {
  for (const { offsetBytes, lengthBytes, kind } of extents) {
    const end = offsetBytes + lengthBytes
    for (let from = offsetBytes; from < end; ) {
      const to = Math.min((Math.floor(from / sizeBytes) + 1) * sizeBytes, end)
      yield { offsetBytes: from, lengthBytes: to - from, kind }
      from = to
    }
  }
}

/** Sum of the lengths, of one kind or of all. */
export function totalBytes(extents: Iterable<Extent>, kind?: ExtentKind): number {
  let sum = 0
  for (const extent of extents) if (kind === undefined || extent.kind === kind) sum += extent.lengthBytes
  return sum
}

function add(list: Extent[], from: number, to: number, kind: ExtentKind): void {
  if (to > from) list.push({ offsetBytes: from, lengthBytes: to - from, kind })
}

function overlaps(ordered: readonly Extent[]): boolean {
  let end = 0
  for (const extent of ordered) {
    if (extent.offsetBytes < end) return true
    end = endOf(extent)
  }
  return false
}

function join(ordered: readonly Extent[]): Extent[] {
  const joined: Extent[] = []
  for (const extent of ordered) {
    const last = joined.at(-1)
    if (last && last.kind === extent.kind && endOf(last) === extent.offsetBytes) {
      joined[joined.length - 1] = { ...last, lengthBytes: last.lengthBytes + extent.lengthBytes }
    } else joined.push(extent)
  }
  return joined
}

/** A sweep over all ends: between two of them, the strongest kind that is open there. */
function flatten(extents: readonly Extent[]): Extent[] {
  const ends = extents.flatMap((extent) => [
    { at: extent.offsetBytes, kind: extent.kind, step: 1 },
    { at: endOf(extent), kind: extent.kind, step: -1 },
  ])
  ends.sort((a, b) => a.at - b.at)
  const open = [0, 0, 0, 0]
  const flat: Extent[] = []
  let from = 0
  for (const end of ends) {
    const kind = KINDS[open.findLastIndex((count) => count > 0)]
    if (kind) add(flat, from, end.at, kind)
    from = end.at
    const index = STRENGTH[end.kind]
    open[index] = (open[index] ?? 0) + end.step
  }
  return flat
}

function firstEndingAfter(ordered: readonly Extent[], offsetBytes: number, start: number): number {
  let index = start
  for (let extent = ordered[index]; extent && endOf(extent) <= offsetBytes; extent = ordered[index]) index += 1
  return index
}
