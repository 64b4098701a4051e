// Writes a disk of a restore point back. Zero chunks are never written, only zeroed, so that a thin disk stays thin.
import type { DiskAddress, TransferProgress } from '../blocks/index.ts'
import { blobMissing, targetTooSmall } from './codes.ts'
import type { DiskMap } from './read-disk.ts'
import type { Repository } from './repository.ts'
import type { ChunkWrite, Work } from './work.ts'

export interface RestoreDiskRequest {
  readonly pointId: string
  readonly disk: string
  /** Opened once by each worker; must take writes from all of them. */
  readonly target: DiskAddress
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TransferProgress) => void
}

export interface RestoredDisk {
  readonly sizeBytes: number
  readonly bytesWritten: number
}

const BATCH_CHUNKS = 8
const LANES = 2

type Batch =
  | { readonly kind: 'zero'; readonly offsetBytes: number; readonly lengthBytes: number }
  | { readonly kind: 'write'; readonly chunks: ChunkWrite[] }

export async function restoreDisk(
  repository: Repository,
  map: DiskMap,
  chunkBytes: number,
  request: RestoreDiskRequest,
): Promise<RestoredDisk> {
  const { target, signal } = request
  signal?.throwIfAborted()
  const workers = repository.workers()
  const handle = repository.newHandle()
  const close = (): Promise<unknown> => Promise.allSettled(workers.map((work) => work.close(handle)))
  const onAbort = (): void => void close()
  signal?.addEventListener('abort', onAbort, { once: true })
  let bytesWritten = 0
  let doneBytes = 0
  let failed: { readonly cause: unknown } | undefined

  const batches = eachBatch(repository, map, chunkBytes)
  async function lane(work: Work): Promise<void> {
    for (let next = await batches.next(); !next.done && !failed; next = await batches.next()) {
      signal?.throwIfAborted()
      const batch = next.value
      if (batch.kind === 'zero') {
        await work.zero(handle, batch.offsetBytes, batch.lengthBytes)
        doneBytes += batch.lengthBytes
      } else {
        await work.write(handle, batch.chunks)
        const lengthBytes = batch.chunks.reduce((sum, chunk) => sum + map.lengthOf(Math.floor(chunk.targetBytes / chunkBytes)), 0)
        bytesWritten += lengthBytes
        doneBytes += lengthBytes
      }
      request.onProgress?.({ doneBytes, totalBytes: map.sizeBytes })
    }
  }

  try {
    // One after the other: the first may create the file.
    for (const work of workers) {
      const { sizeBytes } = await work.openSink(handle, target, map.sizeBytes)
      if (sizeBytes < map.sizeBytes) throw targetTooSmall(request.disk, map.sizeBytes, sizeBytes)
    }
    const lanes = workers.flatMap((work) => Array.from({ length: LANES }, () => lane(work)))
    await Promise.allSettled(
      lanes.map((task) =>
        task.catch((cause: unknown) => {
          failed ??= { cause }
        }),
      ),
    )
    signal?.throwIfAborted()
    if (failed) throw failed.cause
    await Promise.all(workers.map((work) => work.flushSink(handle)))
    return { sizeBytes: map.sizeBytes, bytesWritten }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await close()
  }
}

/** Runs of zero chunks, and chunks to write in small batches, in order of the disk. */
async function* eachBatch(repository: Repository, map: DiskMap, chunkBytes: number): AsyncGenerator<Batch, void, undefined> {
  let chunks: ChunkWrite[] = []
  for (let chunk = 0; chunk < map.chunks; chunk += 1) {
    if (await map.isZero(chunk)) {
      const first = chunk
      while (chunk + 1 < map.chunks && (await map.isZero(chunk + 1))) chunk += 1
      const offsetBytes = first * chunkBytes
      yield { kind: 'zero', offsetBytes, lengthBytes: chunk * chunkBytes + map.lengthOf(chunk) - offsetBytes }
      continue
    }
    chunks.push(locate(repository, await map.id(chunk), chunk * chunkBytes))
    if (chunks.length < BATCH_CHUNKS) continue
    yield { kind: 'write', chunks }
    chunks = []
  }
  if (chunks.length > 0) yield { kind: 'write', chunks }
}

function locate(repository: Repository, id: Buffer, targetBytes: number): ChunkWrite {
  const place = repository.data.locate(id)
  if (!place) throw blobMissing('data', id.toString('hex'))
  const { offsetBytes, lengthBytes, rawBytes } = place
  return { targetBytes, packId: repository.packId(place.pack), id: Uint8Array.from(id), offsetBytes, lengthBytes, rawBytes }
}
