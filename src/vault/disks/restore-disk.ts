// Writes a disk of a restore point back. Zero chunks are never written, only zeroed, so that a thin disk stays thin.
import type { DiskAddress, Extent, TransferProgress } from '../../blocks/index.ts'
import { blobMissing, targetTooSmall } from '../codes.ts'
import type { Repository } from '../repository/index.ts'
import type { ChunkWrite, Work } from '../workers/index.ts'
import type { DiskMap } from './read-disk.ts'
import { withDisk } from './workers-on-disk.ts'

export interface RestoreDiskRequest {
  readonly pointId: string
  readonly disk: string
  /** Opened once by each worker; must take writes from all of them. */
  readonly target: DiskAddress
  /** Only chunks that one of these touches are written, whole; all of the disk unless given. */
  readonly only?: readonly Extent[]
  /** An earlier try was ended: what the target has already is compared, not written again. */
  readonly resume?: boolean
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
  | { readonly kind: 'write'; readonly chunks: readonly ChunkWrite[]; readonly lengthBytes: number }

export async function restoreDisk(
  repository: Repository,
  map: DiskMap,
  chunkBytes: number,
  request: RestoreDiskRequest,
): Promise<RestoredDisk> {
  const { target, signal } = request
  const totalBytes = map.sizeBytes
  const touched = request.only && touchedBy(request.only, chunkBytes)
  const isWanted = (chunk: number): boolean => touched?.has(chunk) ?? true
  const wantedBytes = touched ? [...touched].reduce((sum, chunk) => sum + map.lengthOf(chunk), 0) : totalBytes

  let isZeroed: boolean | undefined

  // One after the other: the first may create the file, and sees what it held before.
  async function open(work: Work, handle: number): Promise<boolean> {
    const { sizeBytes, isExclusive, isEmpty } = await work.openSink(handle, target, totalBytes, request.resume === true)
    isZeroed ??= isEmpty
    if (sizeBytes < totalBytes) throw targetTooSmall(request.disk, totalBytes, sizeBytes)
    return isExclusive
  }

  return await withDisk(repository, wantedBytes, signal, open, async (inEach, handle) => {
    const batches = eachBatch(repository, map, chunkBytes, isWanted)
    let bytesWritten = 0
    let doneBytes = 0
    let failed: { readonly cause: unknown } | undefined

    async function writeBatch(work: Work, batch: Batch): Promise<void> {
      if (batch.kind === 'zero') {
        if (!isZeroed) await work.zero(handle, batch.offsetBytes, batch.lengthBytes)
      } else {
        const written = await work.write(handle, batch.chunks)
        bytesWritten += written // after the await: another lane adds meanwhile
      }
      doneBytes += batch.lengthBytes
      request.onProgress?.({ doneBytes, totalBytes: wantedBytes })
    }

    async function lane(work: Work): Promise<void> {
      try {
        for (let next = await batches.next(); !next.done && !failed; next = await batches.next()) {
          signal?.throwIfAborted()
          await writeBatch(work, next.value)
        }
      } catch (cause) {
        failed ??= { cause }
      }
    }

    await inEach(async (work) => void (await Promise.all(Array.from({ length: LANES }, () => lane(work)))))
    if (failed) throw (failed as { readonly cause: unknown }).cause
    await inEach((work) => work.flushSink(handle))
    return { sizeBytes: totalBytes, bytesWritten }
  })
}

/** Runs of zero chunks, and chunks to write in small batches, in order of the disk. */
async function* eachBatch(
  repository: Repository,
  map: DiskMap,
  chunkBytes: number,
  isWanted: (chunk: number) => boolean,
): AsyncGenerator<Batch, void, undefined> {
  let chunks: ChunkWrite[] = []
  let lengthBytes = 0
  for (let chunk = 0; chunk < map.chunks; chunk += 1) {
    if (!isWanted(chunk)) continue
    const zeros = await map.zerosFrom(chunk)
    if (zeros > 0) {
      const offsetBytes = chunk * chunkBytes
      const end = chunk + zeros
      while (chunk + 1 < end && isWanted(chunk + 1)) chunk += 1
      yield { kind: 'zero', offsetBytes, lengthBytes: chunk * chunkBytes + map.lengthOf(chunk) - offsetBytes }
      continue
    }
    chunks.push(locate(repository, await map.id(chunk), chunk * chunkBytes, map.lengthOf(chunk)))
    lengthBytes += map.lengthOf(chunk)
    if (chunks.length < BATCH_CHUNKS) continue
    yield { kind: 'write', chunks, lengthBytes }
    chunks = []
    lengthBytes = 0
  }
  if (chunks.length > 0) yield { kind: 'write', chunks, lengthBytes }
}

function touchedBy(extents: readonly Extent[], chunkBytes: number): ReadonlySet<number> {
  const touched = new Set<number>()
  for (const { offsetBytes, lengthBytes } of extents) {
    const end = offsetBytes + lengthBytes
    for (let chunk = Math.floor(offsetBytes / chunkBytes); chunk * chunkBytes < end; chunk += 1) touched.add(chunk)
  }
  return touched
}

function locate(repository: Repository, id: Buffer, targetBytes: number, plainBytes: number): ChunkWrite {
  const place = repository.data.locate(id)
  if (!place) throw blobMissing('data', id.toString('hex'))
  const { offsetBytes, lengthBytes, rawBytes } = place
  return {
    targetBytes,
    plainBytes,
    packId: repository.packId(place.pack),
    id: Uint8Array.from(id),
    offsetBytes,
    lengthBytes,
    rawBytes,
  }
}
