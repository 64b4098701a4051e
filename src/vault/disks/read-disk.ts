// A disk of a restore point as a block source: random access, a few plain chunks kept, nothing written.
import type { BlockSource, Extent } from '../../blocks/index.ts'
import { treeInvalid } from '../codes.ts'
import { ID_BYTES, isZeroId } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { type DiskTree, type Geometry, readSegment, readSegments, segmentLength } from './disk-tree.ts'

/** Plain chunks kept: 16 MiB at 1 MiB each. */
const KEPT_CHUNKS = 16
/** Segments whose ids are kept: 2 MiB each. */
const KEPT_SEGMENTS = 4

/** The ids of any chunk of a disk, segment by segment. */
export interface DiskMap {
  readonly sizeBytes: number
  readonly chunks: number
  lengthOf(chunk: number): number
  id(chunk: number): Promise<Buffer>
  isZero(chunk: number): Promise<boolean>
  /** How many zero chunks follow each other from this one on, as far as its segment goes: a disk has millions, too many to ask for each. */
  zerosFrom(chunk: number): Promise<number>
}

export async function openDiskMap(repository: Repository, disk: DiskTree, geometry: Geometry): Promise<DiskMap> {
  const { chunkBytes, segmentBytes } = geometry
  const { sizeBytes } = disk
  const segments = await readSegments(repository, disk, geometry)
  const perSegment = segmentBytes / chunkBytes
  const ids = keepRecent(KEPT_SEGMENTS, async (segment: number) => {
    const content = await readSegment(repository, segments[segment] ?? '')
    const expected = Math.ceil(segmentLength(segment, sizeBytes, geometry) / chunkBytes) * ID_BYTES
    if (content.length !== expected) throw treeInvalid(segments[segment] ?? '', 'is too short for its disk')
    return content
  })
  const lengthOf = (chunk: number): number => Math.min(chunkBytes, sizeBytes - chunk * chunkBytes)
  return {
    sizeBytes,
    chunks: Math.ceil(sizeBytes / chunkBytes),
    lengthOf,
    async id(chunk) {
      const at = (chunk % perSegment) * ID_BYTES
      return (await ids(Math.floor(chunk / perSegment))).subarray(at, at + ID_BYTES)
    },
    async isZero(chunk) {
      return isZeroId(await ids(Math.floor(chunk / perSegment)), (chunk % perSegment) * ID_BYTES, lengthOf(chunk))
    },
    async zerosFrom(chunk) {
      const content = await ids(Math.floor(chunk / perSegment))
      const first = chunk % perSegment
      let next = first
      while (next * ID_BYTES < content.length && isZeroId(content, next * ID_BYTES, lengthOf(chunk + next - first))) next += 1
      return next - first
    },
  }
}

/** The caller disposes of it. Reads fail with a VaultError where the vault is damaged. */
export function readDisk(repository: Repository, map: DiskMap, chunkBytes: number): BlockSource {
  const plain = keepRecent(KEPT_CHUNKS, async (chunk: number) => repository.readData(await map.id(chunk)))

  async function readPiece(offsetBytes: number, into: Buffer): Promise<void> {
    const chunk = Math.floor(offsetBytes / chunkBytes)
    if (await map.isZero(chunk)) {
      into.fill(0)
      return
    }
    const start = offsetBytes - chunk * chunkBytes
    ;(await plain(chunk)).copy(into, 0, start, start + into.length)
  }

  return {
    sizeBytes: map.sizeBytes,
    async read(offsetBytes, into) {
      const end = offsetBytes + into.length
      if (offsetBytes < 0 || end > map.sizeBytes)
        throw new RangeError(`bytes ${offsetBytes} to ${end} are beyond the disk's ${map.sizeBytes}`)
      for (let at = offsetBytes; at < end; ) {
        const stop = Math.min(end, (Math.floor(at / chunkBytes) + 1) * chunkBytes)
        await readPiece(at, into.subarray(at - offsetBytes, stop - offsetBytes))
        at = stop
      }
    },
    async extents(offsetBytes, lengthBytes) {
      const end = Math.min(offsetBytes + lengthBytes, map.sizeBytes)
      const found: Extent[] = []
      for (let at = offsetBytes; at < end; ) {
        const chunk = Math.floor(at / chunkBytes)
        const stop = Math.min(end, (chunk + 1) * chunkBytes)
        const kind = (await map.isZero(chunk)) ? 'zero' : 'data'
        const last = found.at(-1)
        if (last?.kind === kind) found[found.length - 1] = { ...last, lengthBytes: last.lengthBytes + stop - at }
        else found.push({ offsetBytes: at, lengthBytes: stop - at, kind })
        at = stop
      }
      return found
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** The most recently used answers of a slow lookup; concurrent callers share one lookup. */
function keepRecent<T>(count: number, load: (key: number) => Promise<T>): (key: number) => Promise<T> {
  const kept = new Map<number, Promise<T>>()
  return (key) => {
    const value = kept.get(key) ?? load(key)
    kept.delete(key)
    kept.set(key, value)
    value.catch(() => kept.delete(key))
    const oldest = kept.keys().next().value
    if (kept.size > count && oldest !== undefined) kept.delete(oldest)
    return value
  }
}
