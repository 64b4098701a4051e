// The workers that have one disk open, for as long as a call lasts.
import type { Repository } from '../repository/index.ts'
import type { Work } from '../workers/index.ts'

/**
 * Opens the disk in every worker, one after the other, runs the call with those that could, and closes it in all of them; an abort closes it at once,
 * which ends what is under way. A platform may allow fewer connections than there are workers: one is enough.
 */
export async function withDisk<T>(
  repository: Repository,
  signal: AbortSignal | undefined,
  open: (work: Work, handle: number) => Promise<void>,
  call: (workers: readonly Work[], handle: number) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const all = repository.workers()
  const handle = repository.newHandle()
  const close = (): Promise<unknown> => Promise.allSettled(all.map((work) => work.close(handle)))
  const onAbort = (): void => void close()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const opened: Work[] = []
    for (const work of all) {
      try {
        await open(work, handle)
        opened.push(work)
      } catch (error) {
        if (opened.length === 0) throw error
        break
      }
    }
    signal?.throwIfAborted()
    return await call(opened, handle)
  } catch (error) {
    // What is under way fails in its own words when its disk is closed.
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await close()
  }
}
