// Stores one disk: reads what its map says is new, takes over what its base has, and answers the disk's tree.
// S1: nothing it stores is visible until a point is committed. S2: memory is bounded by workers × lanes × batch, plus one segment's ids.
// S3: a checkpoint names only what is durable and findable.
import type { DiskAddress, Extent, TransferProgress } from '../blocks/index.ts'
import { ID_BYTES } from './blobs.ts'
import { type ChunkRun, planChunks, plannedBytes, sliceRuns } from './chunk-plan.ts'
import { sourceTooSmall } from './codes.ts'
import { type Geometry, readSegment, readSegments, saveDisk, saveSegment, segmentLength } from './disk-tree.ts'
import { type Checkpoint, encodeProgress, loadProgress, type PartOfSegment } from './progress.ts'
import { release } from './release.ts'
import type { Repository } from './repository.ts'
import type { ChunkRead, Work } from './work.ts'
import { idOfZeros, zeros } from './zero.ts'

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

export interface BaseDisk {
  readonly treeId: string
  readonly sizeBytes: number
}

/** Batches under way per worker: one is read while another is compressed. */
const LANES = 2
const BATCH_CHUNKS = 4
/** How much may have to be read again after a crash. */
export const CHECKPOINT_BYTES = 4 * 1024 ** 3

export async function storeDisk(
  repository: Repository,
  request: StoreDiskRequest,
  geometry: Geometry,
  base: BaseDisk | undefined,
  checkpointBytes = CHECKPOINT_BYTES,
): Promise<StoredDisk> {
  const { disk, sizeBytes, signal } = request
  const { chunkBytes, segmentBytes } = geometry
  signal?.throwIfAborted()
  const runs = planChunks(disk, request.map, sizeBytes, chunkBytes, base?.sizeBytes)
  const totalBytes = plannedBytes(runs, sizeBytes, chunkBytes)
  const baseSegments = base ? await readSegments(repository, base.treeId) : []
  const workers = repository.workers()
  const handle = repository.newHandle()
  const counts = { read: 0, stored: 0, unchanged: 0, done: 0 }
  const close = (): Promise<unknown> => Promise.allSettled(workers.map((work) => work.close(handle)))
  const onAbort = (): void => void close()
  signal?.addEventListener('abort', onAbort, { once: true })

  const lengthOf = (chunk: number): number => Math.min(chunkBytes, sizeBytes - chunk * chunkBytes)

  function describe({ first, ranges }: ChunkRun): ChunkRead {
    const offsetBytes = first * chunkBytes
    const lengthBytes = lengthOf(first)
    return { offsetBytes, lengthBytes, ranges: ranges ?? [offsetBytes, lengthBytes] }
  }

  /** One batch after the other through one worker, until there are none or another lane failed. */
  async function lane(work: Work, take: () => readonly ChunkRun[], into: Buffer, firstChunk: number): Promise<void> {
    for (let batch = take(); batch.length > 0; batch = take()) {
      const reads = batch.map(describe)
      const { ticket, ids: packed } = await work.read(handle, reads)
      signal?.throwIfAborted()
      const ids = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
      // From here to `keep` nothing may throw: a claimed id must reach a pack.
      const fresh = Uint8Array.from(batch, (_, i) => (repository.data.claim(ids, i * ID_BYTES) ? 1 : 0))
      const storedBytes = await work.keep(ticket, fresh)
      counts.stored += storedBytes
      for (const [i, { first }] of batch.entries())
        ids.copy(into, (first - firstChunk) * ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES)
      for (const { lengthBytes, ranges } of reads) {
        counts.done += lengthBytes
        for (let i = 1; i < ranges.length; i += 2) counts.read += ranges[i] ?? 0
      }
      request.onProgress?.({ doneBytes: counts.done, totalBytes })
    }
  }

  async function readChunks(
    chunks: Iterator<ChunkRun>,
    into: Buffer,
    firstChunk: number,
  ): Promise<{ readonly upTo: number; readonly ended: boolean }> {
    let upTo = firstChunk
    let taken = 0
    let ended = false
    const take = (): readonly ChunkRun[] => {
      const batch: ChunkRun[] = []
      while (!ended && taken < checkpointBytes && batch.length < BATCH_CHUNKS) {
        const next = chunks.next()
        ended = next.done === true
        if (next.done) break
        batch.push(next.value)
        taken += chunkBytes
        upTo = next.value.first + 1
      }
      return batch
    }
    const lanes = workers.flatMap((work) => Array.from({ length: LANES }, () => lane(work, take, into, firstChunk)))
    const failed = (await Promise.allSettled(lanes.map((task) => task.catch(stop)))).find(
      (result) => result.status === 'rejected',
    )
    signal?.throwIfAborted()
    if (failed) throw failed.reason
    return { upTo, ended }

    function stop(error: unknown): never {
      ended = true
      throw error
    }
  }

  async function storeSegment(
    segment: number,
    done: PartOfSegment | undefined,
    save: (part: PartOfSegment) => Promise<void>,
  ): Promise<string> {
    const lengthBytes = segmentLength(segment, sizeBytes, geometry)
    const firstChunk = (segment * segmentBytes) / chunkBytes
    const chunks = Math.ceil(lengthBytes / chunkBytes)
    const fates = [...sliceRuns(runs, firstChunk, firstChunk + chunks)]
    const baseSegment = baseSegments[segment]
    if (
      fates.length === 1 &&
      fates[0]?.fate === 'carry' &&
      base &&
      baseSegment &&
      segmentLength(segment, base.sizeBytes, geometry) === lengthBytes
    ) {
      counts.unchanged += lengthBytes
      return baseSegment
    }
    const ids = Buffer.allocUnsafeSlow(chunks * ID_BYTES)
    const carried =
      baseSegment && fates.some(({ fate }) => fate === 'carry') ? await readSegment(repository, baseSegment) : undefined
    for (const { fate, first, count } of fates) {
      const from = first - firstChunk
      if (fate === 'carry') carried?.copy(ids, from * ID_BYTES, from * ID_BYTES, (from + count) * ID_BYTES)
      if (fate === 'carry') counts.unchanged += Math.min((first + count) * chunkBytes, sizeBytes) - first * chunkBytes
      if (fate === 'zero') await fillZeros(ids, from, first, count)
    }
    done?.ids.copy(ids)
    const toRead = eachChunk(fates, firstChunk + (done?.chunks ?? 0))
    for (let ended = false; !ended; ) {
      const stretch = await readChunks(toRead, ids, firstChunk)
      ended = stretch.ended
      if (!ended)
        await save({
          ids: Buffer.from(ids.subarray(0, (stretch.upTo - firstChunk) * ID_BYTES)),
          chunks: stretch.upTo - firstChunk,
        })
    }
    const tree = await saveSegment(repository, lengthBytes, ids)
    for (const buffer of [ids, carried]) if (buffer) release(buffer)
    return tree
  }

  async function fillZeros(ids: Buffer, from: number, first: number, count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const lengthBytes = lengthOf(first + i)
      if (!repository.data.has(idOfZeros(lengthBytes))) await repository.saveData(zeros(lengthBytes))
      idOfZeros(lengthBytes).copy(ids, (from + i) * ID_BYTES)
    }
  }

  try {
    await openSources(workers, handle, request, totalBytes)
    const start = await loadProgress(repository, request.checkpoint)
    const segments = [...start.segments]
    const count = Math.ceil(sizeBytes / segmentBytes)
    const save = async (part?: PartOfSegment): Promise<void> => {
      await repository.sync()
      await request.checkpoint?.save(await encodeProgress(repository, segments, part))
    }
    for (let segment = segments.length; segment < count; segment += 1) {
      segments.push(await storeSegment(segment, segment === start.segments.length ? start.part : undefined, save))
    }
    const treeId = await saveDisk(repository, segments)
    await save()
    return { treeId, sizeBytes, bytesRead: counts.read, bytesStored: counts.stored, bytesUnchanged: counts.unchanged }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await close()
  }
}

async function openSources(
  workers: readonly Work[],
  handle: number,
  { disk, source, sizeBytes }: StoreDiskRequest,
  totalBytes: number,
): Promise<void> {
  if (totalBytes === 0) return
  const opened = await Promise.all(workers.map((work) => work.openSource(handle, source)))
  const short = opened.find((one) => one.sizeBytes < sizeBytes)
  if (short) throw sourceTooSmall(disk, sizeBytes, short.sizeBytes)
}

function* eachChunk(runs: readonly ChunkRun[], from: number): Generator<ChunkRun, void, undefined> {
  for (const run of runs) {
    if (run.fate !== 'read') continue
    for (let i = 0; i < run.count; i += 1) if (run.first + i >= from) yield { ...run, first: run.first + i, count: 1 }
  }
}
