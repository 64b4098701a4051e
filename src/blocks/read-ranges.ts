// Reads ranges ahead and hands them out in order, for consumers such as hashes that need it so.
import type { BlockSource } from './model.ts'

export interface Range {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface ReadRange {
  readonly offsetBytes: number
  /** Valid until released. */
  readonly data: Buffer
  /** Gives the memory back for later ranges; once. */
  release(): void
}

export interface ReadRangesOptions {
  /** How many ranges may be in memory at once, read or being read; at least one more than the consumer keeps. 8 unless said otherwise. */
  readonly depth?: number
  readonly signal?: AbortSignal
}

/** Yields each range as it was asked for. Ends early, or by an error, only once nothing writes into its memory any more. */
export async function* readRanges(
  source: BlockSource,
  ranges: Iterable<Range>,
  { depth = 8, signal }: ReadRangesOptions = {},
): AsyncGenerator<ReadRange, void, undefined> {
  const memory = createPool(depth)
  const ahead: Promise<ReadRange>[] = []
  const start = ({ offsetBytes, lengthBytes }: Range): void => {
    const taken = memory.take(lengthBytes)
    const data = taken.subarray(0, lengthBytes)
    const reading = source.read(offsetBytes, data).then(() => ({ offsetBytes, data, release: () => memory.release(taken) }))
    // A failure is seen when its turn comes.
    reading.catch(() => {})
    ahead.push(reading)
  }
  const waiting = ranges[Symbol.iterator]()
  let next = waiting.next()
  try {
    while (!next.done || ahead.length > 0) {
      signal?.throwIfAborted()
      while (!next.done && memory.free() > 0) {
        start(next.value)
        next = waiting.next()
      }
      const first = ahead.shift()
      if (first) yield await first
      else await memory.released()
    }
  } finally {
    await Promise.allSettled(ahead)
  }
}

/** At most `count` buffers, each grown when a longer range comes. */
function createPool(count: number) {
  const spare: Buffer[] = []
  let taken = 0
  let wake = () => {}
  return {
    free: () => count - taken,
    take: (lengthBytes: number): Buffer => {
      taken += 1
      const known = spare.pop()
      return known && known.length >= lengthBytes ? known : Buffer.allocUnsafeSlow(lengthBytes)
    },
    release: (buffer: Buffer): void => {
      taken -= 1
      spare.push(buffer)
      wake()
    },
    released: () =>
      new Promise<void>((resolve) => {
        wake = resolve
      }),
  }
}
