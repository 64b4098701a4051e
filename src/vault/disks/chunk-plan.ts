// What to do with each chunk of a disk, decided from its map: take over, leave zero, or read. Pure arithmetic.
import { type Extent, endOf, normaliseExtents } from '../../blocks/index.ts'
import { mapInvalid } from '../codes.ts'

/** Consecutive chunks with one fate. `ranges` (offset, length, …) are what to read of a single, partly zero chunk; absent means all of it. */
export interface ChunkRun {
  readonly fate: 'read' | 'zero' | 'carry'
  readonly first: number
  readonly count: number
  readonly ranges?: readonly number[]
}

/** More ranges than this in one chunk cost more than reading it whole. */
const MOST_RANGES = 8

/** The whole disk in runs, in order. Throws `DISK_MAP_INVALID` when the map leaves gaps or takes over what no base has. */
export function planChunks(
  disk: string,
  map: readonly Extent[],
  sizeBytes: number,
  chunkBytes: number,
  baseBytes?: number,
): readonly ChunkRun[] {
  const extents = normaliseExtents(map)
  assertWhole(disk, extents, sizeBytes)
  if (baseBytes === undefined && extents.some(({ kind }) => kind === 'unchanged'))
    throw mapInvalid(disk, 'it calls ranges unchanged, but there is no base')

  const runs: ChunkRun[] = []
  const chunks = Math.ceil(sizeBytes / chunkBytes)
  // The base's last chunk may be shorter than the same chunk here; it cannot be taken over then.
  const carried = baseBytes === sizeBytes ? chunks : Math.floor(Math.min(baseBytes ?? 0, sizeBytes) / chunkBytes)
  let parts: Extent[] = []

  for (const extent of extents) {
    const end = endOf(extent)
    for (let at = extent.offsetBytes; at < end; ) {
      const chunk = Math.floor(at / chunkBytes)
      const chunkEnd = Math.min((chunk + 1) * chunkBytes, sizeBytes)
      if (at === chunk * chunkBytes && end >= chunkEnd) {
        const until = end === sizeBytes ? chunks : Math.floor(end / chunkBytes)
        pushWhole(runs, extent, chunk, until, carried)
        at = Math.min(until * chunkBytes, sizeBytes)
        continue
      }
      const stop = Math.min(end, chunkEnd)
      parts.push({ offsetBytes: at, lengthBytes: stop - at, kind: extent.kind })
      if (stop === chunkEnd) {
        push(runs, mixed(parts, chunk))
        parts = []
      }
      at = stop
    }
  }
  return runs
}

/** How many bytes the plan reads. */
export function plannedBytes(runs: readonly ChunkRun[], sizeBytes: number, chunkBytes: number): number {
  let sum = 0
  for (const { fate, first, count } of runs) {
    if (fate === 'read') sum += Math.min((first + count) * chunkBytes, sizeBytes) - first * chunkBytes
  }
  return sum
}

/** The part of the plan within chunks `from` to `to`. */
export function* sliceRuns(runs: readonly ChunkRun[], from: number, to: number): Generator<ChunkRun, void, undefined> {
  for (const run of runs) {
    const first = Math.max(run.first, from)
    const count = Math.min(run.first + run.count, to) - first
    if (count > 0) yield { ...run, first, count }
  }
}

function assertWhole(disk: string, extents: readonly Extent[], sizeBytes: number): void {
  let end = 0
  for (const extent of extents) {
    if (extent.offsetBytes !== end) throw mapInvalid(disk, `it says nothing of bytes ${end} to ${extent.offsetBytes}`)
    end = endOf(extent)
  }
  if (end < sizeBytes) throw mapInvalid(disk, `it says nothing of bytes ${end} to ${sizeBytes}`)
  if (end > sizeBytes) throw mapInvalid(disk, `it reaches to byte ${end}, but the disk has ${sizeBytes}`)
}

function pushWhole(runs: ChunkRun[], { kind }: Extent, from: number, to: number, carried: number): void {
  switch (kind) {
    case 'data':
      push(runs, { fate: 'read', first: from, count: to - from })
      return
    case 'zero':
    case 'hole':
      push(runs, { fate: 'zero', first: from, count: to - from })
      return
    case 'unchanged': {
      const split = Math.max(from, Math.min(to, carried))
      push(runs, { fate: 'carry', first: from, count: split - from })
      push(runs, { fate: 'read', first: split, count: to - split })
      return
    }
    default: {
      const never: never = kind
      throw new Error(`unknown extent kind ${never}`)
    }
  }
}

function mixed(parts: readonly Extent[], chunk: number): ChunkRun {
  const there = parts
    .filter(({ kind }) => kind === 'data' || kind === 'unchanged')
    .map((part) => ({ ...part, kind: 'data' as const }))
  if (there.length === 0) return { fate: 'zero', first: chunk, count: 1 }
  const ranges = normaliseExtents(there).flatMap(({ offsetBytes, lengthBytes }) => [offsetBytes, lengthBytes])
  return ranges.length / 2 > MOST_RANGES
    ? { fate: 'read', first: chunk, count: 1 }
    : { fate: 'read', first: chunk, count: 1, ranges }
}

function push(runs: ChunkRun[], run: ChunkRun): void {
  if (run.count === 0) return
  const last = runs.at(-1)
  if (last && last.fate === run.fate && !last.ranges && !run.ranges)
    runs[runs.length - 1] = { ...last, count: last.count + run.count }
  else runs.push(run)
}
