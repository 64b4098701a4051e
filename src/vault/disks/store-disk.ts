// Stores one disk: reads what its map says is new, takes over what its base has, and answers the disk's tree.
// S1: nothing it stores is visible until a point is committed. S2: memory is bounded by workers × lanes × batch, plus one segment's ids.
// S3: a checkpoint names only what is durable and findable.
import type { DiskAddress, Extent, TransferProgress } from '../../blocks/index.ts'
import { sourceTooSmall, treeInvalid } from '../codes.ts'
import { ID_BYTES, idOfZeros, release, zeros } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import type { Work } from '../workers/index.ts'
import { type ChunkRun, planChunks, plannedBytes, sliceRuns } from './chunk-plan.ts'
import { type DiskTree, type Geometry, readSegment, readSegments, saveDisk, saveSegment, segmentLength } from './disk-tree.ts'
import { type Checkpoint, encodeProgress, loadProgress, type PartOfSegment } from './progress.ts'
import { type ChunkReader, createChunkReader } from './read-chunks.ts'
import { withDisk } from './workers-on-disk.ts'

export interface StoreDiskRequest {
  readonly disk: string
  readonly sizeBytes: number
  /** Opened once by each worker; must show the same content to all of them until this ends. */
  readonly source: DiskAddress
  /** The whole disk without gaps. `unchanged` is taken over from the base, `zero` and `hole` are not read. */
  readonly map: readonly Extent[]
  readonly base?: { readonly pointId: string; readonly disk: string }
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TransferProgress) => void
  /** Where an earlier try of the very same request left off. */
  readonly checkpoint?: Checkpoint
}

export interface StoredDisk {
  readonly treeId: string
  readonly sizeBytes: number
  readonly bytesRead: number
  /** What the new chunks take in the vault. */
  readonly bytesStored: number
  /** Taken over from the base without reading. */
  readonly bytesUnchanged: number
}

/** How much may have to be read again after a crash. */
const CHECKPOINT_BYTES = 4 * 1024 ** 3

export async function storeDisk(
  repository: Repository,
  request: StoreDiskRequest,
  geometry: Geometry,
  base: DiskTree | undefined,
  stretchBytes = CHECKPOINT_BYTES,
): Promise<StoredDisk> {
  const { disk, sizeBytes, source, signal } = request
  const runs = planChunks(disk, request.map, sizeBytes, geometry.chunkBytes, base?.sizeBytes)
  const totalBytes = plannedBytes(runs, sizeBytes, geometry.chunkBytes)

  async function open(work: Work, handle: number): Promise<boolean> {
    if (totalBytes === 0) return false
    const found = await work.openSource(handle, source)
    if (found.sizeBytes < sizeBytes) throw sourceTooSmall(disk, sizeBytes, found.sizeBytes)
    return found.isExclusive
  }

  return await withDisk(repository, totalBytes, signal, open, async (inEach, handle) => {
    const before = await loadProgress(repository, request.checkpoint)
    const chunksBefore = (before.segments.length * geometry.segmentBytes) / geometry.chunkBytes + (before.part?.chunks ?? 0)
    const doneBytes = plannedBytes([...sliceRuns(runs, 0, chunksBefore)], sizeBytes, geometry.chunkBytes)
    const { chunkBytes } = geometry
    const reader = createChunkReader({ ...request, repository, inEach, handle, chunkBytes, stretchBytes, totalBytes }, doneBytes)
    const segments = [...before.segments]

    async function save(part?: PartOfSegment): Promise<void> {
      await repository.sync()
      await request.checkpoint?.save(await encodeProgress(repository, segments, part))
    }

    const store = await createSegmentStore(repository, reader, runs, sizeBytes, geometry, base)
    try {
      for (let segment = segments.length; segment < Math.ceil(sizeBytes / geometry.segmentBytes); segment += 1) {
        segments.push(await store.storeSegment(segment, segment === before.segments.length ? before.part : undefined, save))
      }
    } catch (error) {
      // What was read so far need not be stored again by the next try. This failure is the one to tell.
      await repository.sync().catch(() => {})
      throw error
    }
    const treeId = await saveDisk(repository, segments)
    await save()
    const { read, stored } = reader.counts
    return { treeId, sizeBytes, bytesRead: read, bytesStored: stored, bytesUnchanged: store.unchangedBytes() }
  })
}

interface SegmentStore {
  /** Answers the segment's tree; `save` is called between two stretches. */
  storeSegment(segment: number, done: PartOfSegment | undefined, save: (part: PartOfSegment) => Promise<void>): Promise<string>
  unchangedBytes(): number
}

async function createSegmentStore(
  repository: Repository,
  reader: ChunkReader,
  runs: readonly ChunkRun[],
  sizeBytes: number,
  geometry: Geometry,
  base: DiskTree | undefined,
): Promise<SegmentStore> {
  const { chunkBytes, segmentBytes } = geometry
  const baseSegments = base ? await readSegments(repository, base, geometry) : []
  const bytesOf = ({ first, count }: ChunkRun): number => Math.min((first + count) * chunkBytes, sizeBytes) - first * chunkBytes
  let unchangedBytes = 0

  async function storeSegment(
    segment: number,
    done: PartOfSegment | undefined,
    save: (part: PartOfSegment) => Promise<void>,
  ): Promise<string> {
    const firstChunk = (segment * segmentBytes) / chunkBytes
    const chunks = Math.ceil(segmentLength(segment, sizeBytes, geometry) / chunkBytes)
    const fates = [...sliceRuns(runs, firstChunk, firstChunk + chunks)]
    const carried = fates.filter(({ fate }) => fate === 'carry')
    for (const run of carried) unchangedBytes += bytesOf(run)
    const whole = wholeSegment(segment, carried, chunks)
    if (whole !== undefined) return whole

    const ids = Buffer.allocUnsafeSlow(chunks * ID_BYTES)
    if (carried.length > 0) await carryOver(segment, carried, firstChunk, ids)
    for (const run of fates) if (run.fate === 'zero') await fillZeros(run, firstChunk, ids)
    done?.ids.copy(ids)
    const toRead = eachChunk(fates, firstChunk + (done?.chunks ?? 0))
    for (let ended = false; !ended; ) {
      const stretch = await reader.readStretch(toRead, ids, firstChunk)
      ended = stretch.ended
      const part = stretch.upTo - firstChunk
      if (!ended) await save({ chunks: part, ids: Buffer.from(ids.subarray(0, part * ID_BYTES)) })
    }
    const tree = await saveSegment(repository, segmentLength(segment, sizeBytes, geometry), ids)
    release(ids)
    return tree
  }

  /** The base's tree where nothing of the segment is read or zeroed. */
  function wholeSegment(segment: number, carried: readonly ChunkRun[], chunks: number): string | undefined {
    const sameLength = base && segmentLength(segment, base.sizeBytes, geometry) === segmentLength(segment, sizeBytes, geometry)
    return carried[0]?.count === chunks && sameLength ? baseSegments[segment] : undefined
  }

  async function carryOver(segment: number, carried: readonly ChunkRun[], firstChunk: number, into: Buffer): Promise<void> {
    const from = await readSegment(repository, baseSegments[segment] ?? '')
    for (const { first, count } of carried) {
      const at = (first - firstChunk) * ID_BYTES
      const end = at + count * ID_BYTES
      if (end > from.length) throw treeInvalid(baseSegments[segment] ?? '', 'is too short for its disk')
      from.copy(into, at, at, end)
    }
    release(from)
  }

  async function fillZeros({ first, count }: ChunkRun, firstChunk: number, into: Buffer): Promise<void> {
    for (let chunk = first; chunk < first + count; chunk += 1) {
      const lengthBytes = Math.min(chunkBytes, sizeBytes - chunk * chunkBytes)
      if (!repository.data.has(idOfZeros(lengthBytes))) await repository.saveData(zeros(lengthBytes))
      idOfZeros(lengthBytes).copy(into, (chunk - firstChunk) * ID_BYTES)
    }
  }

  return { storeSegment, unchangedBytes: () => unchangedBytes }
}

/** The chunks to read, one by one. */
function* eachChunk(runs: readonly ChunkRun[], from: number): Generator<ChunkRun, void, undefined> {
  for (const run of runs) {
    if (run.fate !== 'read') continue
    for (let i = 0; i < run.count; i += 1) if (run.first + i >= from) yield { ...run, first: run.first + i, count: 1 }
  }
}
