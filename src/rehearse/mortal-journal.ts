// A journal whose engine can die at any of its records: from then on nothing that is asked for is ever answered.
import { type Journal, OwnerFenced } from '../journal/index.ts'

export interface MortalJournal {
  readonly journal: Journal
  readonly died: Promise<void>
  kill(): void
}

/** The records of a run, counted over all its engines. */
export interface Records {
  /** Asked before the n-th record is written; true kills the engine. */
  before(record: number): boolean
  /** Why the n-th record cannot be written, if so. */
  refuses?(record: number): Error | undefined
  /** Asked when it is durable; true kills the engine. */
  after(record: number): boolean
  count: number
}

export function mortal(journal: Journal, records: Records): MortalJournal {
  const death = Promise.withResolvers<void>()
  const never = new Promise<never>(() => {})
  let dead = false
  const die = (): Promise<never> => {
    dead = true
    death.resolve()
    return never
  }
  const alive =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (dead) return never
      const result = await method(...args)
      return dead ? never : result
    }
  return {
    died: death.promise,
    kill: () => void die(),
    journal: {
      ...journal,
      append: async (id, epoch, entry) => {
        if (dead) return never
        records.count += 1
        const record = records.count
        if (records.before(record)) return die()
        const refusal = records.refuses?.(record)
        if (refusal) throw refusal
        await journal.append(id, epoch, entry)
        if (dead || records.after(record)) return die()
      },
      tryLock: alive(journal.tryLock),
      saveCheckpoint: alive(journal.saveCheckpoint),
      loadCheckpoint: alive(journal.loadCheckpoint),
      cancelRequest: alive(journal.cancelRequest),
      assertOwner(id, epoch) {
        if (dead) throw new OwnerFenced(id)
        journal.assertOwner(id, epoch)
      },
    },
  }
}
