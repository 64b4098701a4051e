// A journal whose engine dies: in one process, so that every moment can be tried in a second.
import type { Journal } from '../../src/journal/index.ts'

export type Moment = 'before' | 'after'

/** Dies just before or just after its n-th append: nothing that is asked for from then on is ever answered. */
export function dyingAt(
  journal: Journal,
  record: number,
  moment: Moment,
): { journal: Journal; died: Promise<void>; records: () => number } {
  const death = Promise.withResolvers<void>()
  const never = new Promise<never>(() => {})
  let records = 0
  let dead = false
  const append: Journal['append'] = async (id, epoch, entry) => {
    if (dead) return never
    records += 1
    dead = records === record
    if (!dead || moment === 'after') await journal.append(id, epoch, entry)
    if (!dead) return
    death.resolve()
    return never
  }
  const alive =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      dead ? never : method(...args)
  const wrapped: Journal = {
    ...journal,
    append,
    tryLock: alive(journal.tryLock),
    saveCheckpoint: alive(journal.saveCheckpoint),
    cancelRequest: alive(journal.cancelRequest),
    assertOwner(id, epoch) {
      if (dead) throw new Error('this process is dead')
      journal.assertOwner(id, epoch)
    },
  }
  return { journal: wrapped, died: death.promise, records: () => records }
}
