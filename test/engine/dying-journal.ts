// A journal whose engine dies: in one process, so that every moment can be tried in a second.
import type { Journal } from '../../src/journal/index.ts'
import { mortal, type Records } from '../../src/rehearse/mortal-journal.ts'

export type Moment = 'before' | 'after'

/** Dies just before or just after its n-th append: nothing that is asked for from then on is ever answered. */
export function dyingAt(
  journal: Journal,
  record: number,
  moment: Moment,
): { journal: Journal; died: Promise<void>; records: () => number } {
  const dies = (at: Moment) => (count: number) => at === moment && count === record
  const records: Records = { count: 0, before: dies('before'), after: dies('after') }
  const { journal: dying, died } = mortal(journal, records)
  return { journal: dying, died, records: () => records.count }
}
