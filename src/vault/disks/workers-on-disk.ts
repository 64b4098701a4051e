// The workers that have one disk open, for as long as a call lasts.
import type { Repository } from '../repository/index.ts'
import type { Work } from '../workers/index.ts'

/** Runs a task in each worker that has the disk open: in the first at once, in any other as soon as it has. */
export type InEach = (task: (work: Work) => Promise<void>) => Promise<void>

/**
 * Opens the disk in as many workers as so many bytes are worth, one after the other, runs the call as soon as the first has it, and closes it in all of
 * them; an abort closes it at once, which ends what is under way. A platform may allow fewer connections than there are workers: one is enough.
 * `open` answers whether nobody else should open it.
 */
export async function withDisk<T>(
  repository: Repository,
  bytes: number,
  signal: AbortSignal | undefined,
  open: (work: Work, handle: number) => Promise<boolean>,
  call: (inEach: InEach, handle: number) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const all = repository.workers(bytes)
  const handle = repository.newHandle()
  const close = (): Promise<unknown> => Promise.allSettled(all.map((work) => work.close(handle)))
  const onAbort = (): void => void close()
  signal?.addEventListener('abort', onAbort, { once: true })
  const opened: Promise<boolean>[] = []

  /** The first that cannot open it is the last that tries. */
  async function join(work: Work, before: Promise<boolean>): Promise<boolean> {
    if (!(await before) || signal?.aborted) return false
    return await open(work, handle).then(
      () => true,
      () => false,
    )
  }

  const inEach: InEach = async (task) => {
    await Promise.all(
      all.map(async (work, i) => {
        if (await opened[i]) await task(work)
      }),
    )
  }

  try {
    const [first, ...others] = all
    const isExclusive = first ? await open(first, handle) : false
    signal?.throwIfAborted()
    opened.push(Promise.resolve(true))
    for (const work of isExclusive ? [] : others) opened.push(join(work, opened.at(-1) ?? Promise.resolve(false)))
    return await call(inEach, handle)
  } catch (error) {
    // What is under way fails in its own words when its disk is closed.
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await Promise.all(opened)
    await close()
  }
}
