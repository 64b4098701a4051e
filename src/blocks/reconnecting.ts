// A source that survives broken connections: it opens the disk again and repeats the reads that failed, a bounded number of times.
// There is no such sink: whether writes that were answered but not flushed outlived the break, only their author can make sure.
import type { BlockSource } from './model.ts'
import { isTransient, NbdError, network } from './nbd/index.ts'

export interface ReconnectOptions {
  /** How often one read is tried before its error is the caller's. */
  readonly attempts: number
  /** How long to wait after that many failed attempts. */
  readonly delayMs: (failedAttempts: number) => number
  readonly sleep: (delayMs: number, signal?: AbortSignal) => Promise<void>
  readonly signal?: AbortSignal
}

/** Nearly a minute of patience: 0.5 s, 1 s, 2 s … 15 s. */
export const RECONNECT: ReconnectOptions = {
  attempts: 8,
  delayMs: (failedAttempts) => Math.min(500 * 2 ** (failedAttempts - 1), 15_000),
  sleep: (delayMs, signal) => network().sleep(delayMs, signal),
}

/** Opens once without patience, so that a wrong address shows at once; what breaks later is repeated. */
export async function reconnectingSource(
  open: () => Promise<BlockSource>,
  options: ReconnectOptions = RECONNECT,
): Promise<BlockSource> {
  const first = await open()
  const { sizeBytes, isExclusive = false } = first
  let current: Promise<BlockSource> = Promise.resolve(first)
  let closed = false

  /** Replaces the source unless somebody else did so since. */
  function reopen(broken: Promise<BlockSource>): void {
    if (current !== broken || closed) return
    current = broken
      .then(dispose, () => {})
      .then(async () => {
        const source = await open()
        if (source.sizeBytes === sizeBytes) return source
        await dispose(source)
        throw new NbdError('refused', `The disk had ${sizeBytes} bytes and now has ${source.sizeBytes}`)
      })
    // Whoever reads next sees the failure.
    current.catch(() => {})
  }

  async function run<T>(call: (source: BlockSource) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const source = current
      try {
        return await call(await source)
      } catch (error) {
        if (!isTransient(error) || attempt >= options.attempts || closed) throw error
        await options.sleep(options.delayMs(attempt), options.signal)
        if (!isOfSoundConnection(error)) reopen(source)
      }
    }
  }

  return {
    sizeBytes,
    isExclusive,
    read: (offsetBytes, into) => run((source) => source.read(offsetBytes, into)),
    extents: (offsetBytes, lengthBytes) => run((source) => source.extents(offsetBytes, lengthBytes)),
    [Symbol.asyncDispose]: async () => {
      closed = true
      await current.then(dispose, () => {})
    },
  }
}

/** An error reply, on a connection that others may be using. But a server that shuts down answers so until its clients leave. */
const isOfSoundConnection = (error: unknown): boolean =>
  error instanceof NbdError && error.kind === 'server' && error.errno !== 'ESHUTDOWN'

const dispose = async (source: BlockSource): Promise<void> => source[Symbol.asyncDispose]()
