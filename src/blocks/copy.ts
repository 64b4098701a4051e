// The copy pipeline: from a source, by a map of extents, to a sink or any other consumer. What is known or found to be zero is never
// written, what is unchanged never touched. Memory is bounded by inFlight × chunkBytes, allocated once.
import { endOf, splitExtents } from './extents.ts'
import type { BlockSink, BlockSource, Extent, TransferProgress } from './model.ts'
import { pageMemory } from './page-memory.ts'
import type { Throttle } from './throttle.ts'
import { zeroRuns } from './zeros.ts'

/** Where blocks go: a sink, or whoever wants to see them. Called for many ranges at once, in no order. */
export type BlockConsumer = Pick<BlockSink, 'write' | 'zero'>

export interface CopyProgress extends TransferProgress {
  /** Everything before this offset is done: where a later copy may resume. A sink must have been flushed since. */
  readonly resumeFromBytes: number
}

export interface CopyOptions {
  /** 1 MiB unless said otherwise. */
  readonly chunkBytes?: number
  /** How many chunks are under way at once; 4 unless said otherwise. */
  readonly inFlight?: number
  /** No chunk is begun after it aborts. Reads under way end sooner when the source was opened with the same signal. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CopyProgress) => void
  /** From the progress of a copy that was interrupted: extents before are taken as done. */
  readonly resumeFromBytes?: number
  readonly throttle?: Throttle
}

export interface CopyResult {
  readonly readBytes: number
  readonly writtenBytes: number
  /** Known from the map or found by looking. */
  readonly zeroBytes: number
}

/** Few and large: what is under way stays in the processor's cache, at both ends (docs/performance.md). */
const CHUNK_BYTES = 2 ** 20
const IN_FLIGHT = 4
/** Zeros are left out in pieces of this size: a hole of a file is no smaller than a few of its blocks. */
const ZERO_GRAIN_BYTES = 2 ** 16
/** Longer zeros are told in parts, so that progress shows. */
const ZERO_PART_BYTES = 2 ** 32

/**
 * Copies the extents, which must be normal, and does not flush. Rejects with the first failure of source or consumer, or the signal's
 * reason, once nothing is under way any more.
 */
export async function copyBlocks(
  source: BlockSource,
  consumer: BlockConsumer,
  extents: readonly Extent[],
  options: CopyOptions = {},
): Promise<CopyResult> {
  const { chunkBytes = CHUNK_BYTES, inFlight = IN_FLIGHT, signal, throttle } = options
  const track = createTrack(extents, options)
  const pieces = cut(extents, chunkBytes, options.resumeFromBytes ?? 0)
  const result = { readBytes: 0, writtenBytes: 0, zeroBytes: 0 }
  let failure: { readonly reason: unknown } | undefined

  async function zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    await consumer.zero(offsetBytes, lengthBytes)
    result.zeroBytes += lengthBytes
  }

  async function move({ offsetBytes, lengthBytes }: Extent, memory: Buffer): Promise<void> {
    const data = memory.subarray(0, lengthBytes)
    await throttle?.take(lengthBytes, signal)
    await source.read(offsetBytes, data)
    result.readBytes += lengthBytes
    for (const run of zeroRuns(data, ZERO_GRAIN_BYTES)) {
      if (run.zero) await zero(offsetBytes + run.from, run.to - run.from)
      else {
        await consumer.write(offsetBytes + run.from, data.subarray(run.from, run.to))
        result.writtenBytes += run.to - run.from
      }
    }
  }

  async function work(memory: Buffer): Promise<void> {
    for (const piece of pieces) {
      if (failure) return
      signal?.throwIfAborted()
      track.begin(piece)
      if (piece.kind === 'data') await move(piece, memory)
      else await zero(piece.offsetBytes, piece.lengthBytes)
      track.done(piece)
    }
  }

  const workers = pageMemory(inFlight, chunkBytes).map((memory) =>
    work(memory).catch((reason: unknown) => {
      failure ??= { reason }
    }),
  )
  await Promise.all(workers)
  if (failure) throw (failure as { readonly reason: unknown }).reason
  return result
}

/** All workers draw from this one; a generator that many loops share must not be closed by the first that leaves. */
function cut(extents: readonly Extent[], chunkBytes: number, fromBytes: number): Iterable<Extent> {
  const pieces = generate(extents, chunkBytes, fromBytes)
  return { [Symbol.iterator]: () => ({ next: () => pieces.next() }) }
}

function* generate(extents: readonly Extent[], chunkBytes: number, fromBytes: number): Generator<Extent, void, undefined> {
  for (const extent of extents) {
    if (extent.kind === 'unchanged' || endOf(extent) <= fromBytes) continue
    const offsetBytes = Math.max(extent.offsetBytes, fromBytes)
    const rest = { ...extent, offsetBytes, lengthBytes: endOf(extent) - offsetBytes }
    yield* splitExtents([rest], extent.kind === 'data' ? chunkBytes : ZERO_PART_BYTES)
  }
}

/** Counts what is done, and how far everything is. */
function createTrack(extents: readonly Extent[], { onProgress, resumeFromBytes = 0 }: CopyOptions) {
  const underWay = new Set<number>()
  let furthestBytes = resumeFromBytes
  let totalBytes = 0
  let doneBytes = 0
  for (const extent of extents) {
    if (extent.kind === 'unchanged') continue
    totalBytes += extent.lengthBytes
    doneBytes += Math.max(0, Math.min(endOf(extent), resumeFromBytes) - extent.offsetBytes)
  }
  return {
    begin: ({ offsetBytes }: Extent): void => {
      underWay.add(offsetBytes)
    },
    done: (piece: Extent): void => {
      underWay.delete(piece.offsetBytes)
      furthestBytes = Math.max(furthestBytes, endOf(piece))
      doneBytes += piece.lengthBytes
      // Pieces begin in order, so nothing before the earliest of those under way is left.
      onProgress?.({ doneBytes, totalBytes, resumeFromBytes: Math.min(furthestBytes, ...underWay) })
    },
  }
}
