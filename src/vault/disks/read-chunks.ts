// Reads a disk's chunks through all workers at once and has the new ones stored. It knows chunks, not segments or trees.
import type { TransferProgress } from '../../blocks/index.ts'
import { ID_BYTES } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import type { ChunkRead, Work } from '../workers/index.ts'
import type { ChunkRun } from './chunk-plan.ts'
import type { InEach } from './workers-on-disk.ts'

/** Batches under way per worker: one is read while another is compressed. */
const LANES = 2
const BATCH_CHUNKS = 4

export interface ReadJob {
  readonly repository: Repository
  /** The workers that have the disk open under the handle. */
  readonly inEach: InEach
  readonly handle: number
  readonly sizeBytes: number
  readonly chunkBytes: number
  /** After so many bytes a stretch ends, so that a checkpoint can be made. */
  readonly stretchBytes: number
  readonly totalBytes: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TransferProgress) => void
}

export interface ChunkReader {
  /** Takes single chunks until they end or the stretch does; puts each id at its place, the first of `into` being chunk `firstChunk`. */
  readStretch(chunks: Iterator<ChunkRun>, into: Buffer, firstChunk: number): Promise<Stretch>
  readonly counts: { readonly read: number; readonly stored: number }
}

export interface Stretch {
  /** All chunks before this one are stored. */
  readonly upTo: number
  readonly ended: boolean
}

/** `doneBytes` of the total were read by an earlier try. */
export function createChunkReader(job: ReadJob, doneBytes: number): ChunkReader {
  const { repository, handle, sizeBytes, chunkBytes, signal } = job
  const counts = { read: 0, stored: 0 }
  let progressBytes = doneBytes

  function describe({ first, ranges }: ChunkRun): ChunkRead {
    const offsetBytes = first * chunkBytes
    const lengthBytes = Math.min(chunkBytes, sizeBytes - offsetBytes)
    return { offsetBytes, lengthBytes, ranges: ranges ?? [offsetBytes, lengthBytes] }
  }

  async function readBatch(work: Work, batch: readonly ChunkRun[], into: Buffer, firstChunk: number): Promise<void> {
    const reads = batch.map(describe)
    const { ticket, ids: packed } = await work.read(handle, reads)
    signal?.throwIfAborted()
    const ids = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
    // From here to `keep` nothing may throw or wait: a claimed id must reach a pack.
    const fresh = Uint8Array.from(batch, (_, i) => (repository.data.claim(ids, i * ID_BYTES) ? 1 : 0))
    const storedBytes = await work.keep(ticket, fresh)
    counts.stored += storedBytes
    for (const [i, { first }] of batch.entries())
      ids.copy(into, (first - firstChunk) * ID_BYTES, i * ID_BYTES, (i + 1) * ID_BYTES)
    for (const { lengthBytes, ranges } of reads) {
      progressBytes += lengthBytes
      for (let i = 1; i < ranges.length; i += 2) counts.read += ranges[i] ?? 0
    }
    job.onProgress?.({ doneBytes: progressBytes, totalBytes: job.totalBytes })
  }

  return {
    counts,
    async readStretch(chunks, into, firstChunk) {
      let upTo = firstChunk
      let takenBytes = 0
      let ended = false
      let failed: { readonly cause: unknown } | undefined

      function take(): readonly ChunkRun[] {
        const batch: ChunkRun[] = []
        while (!ended && !failed && takenBytes < job.stretchBytes && batch.length < BATCH_CHUNKS) {
          const next = chunks.next()
          ended = next.done === true
          if (next.done) break
          batch.push(next.value)
          takenBytes += chunkBytes
          upTo = next.value.first + 1
        }
        return batch
      }

      async function lane(work: Work): Promise<void> {
        try {
          for (let batch = take(); batch.length > 0; batch = take()) await readBatch(work, batch, into, firstChunk)
        } catch (cause) {
          failed ??= { cause }
        }
      }

      await job.inEach(async (work) => void (await Promise.all(Array.from({ length: LANES }, () => lane(work)))))
      signal?.throwIfAborted()
      if (failed) throw (failed as { readonly cause: unknown }).cause
      return { upTo, ended }
    },
  }
}
