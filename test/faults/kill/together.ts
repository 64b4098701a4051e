// Where a process that performs several runs dies: each run stands still at its own point, and when all do, or have ended, the process is killed.
// Around the product's journal and handlers, never by a branch inside them.
import { type Journal, OwnerFenced } from '../../../src/journal/index.ts'
import type { Handlers } from '../../../src/packs/index.ts'

export interface Gate {
  /** This run has come to its point: it goes no further. */
  hold(): Promise<never>
  /** This run ended without coming to it. */
  leave(): void
}

/** After this long the process dies though some have not come: they wait for what those that stand still hold. */
const PATIENCE_MS = 15_000

const die = (): void => void process.kill(process.pid, 'SIGKILL')

export function createGate(runs: number): Gate {
  let held = 0
  let left = 0
  const look = (): void => {
    if (held > 0 && held + left === runs) die()
  }
  return {
    hold() {
      if (held === 0) setTimeout(die, PATIENCE_MS)
      held += 1
      look()
      return new Promise(() => {})
    },
    leave() {
      left += 1
      look()
    },
  }
}

export interface HoldingJournal extends Journal {
  /** This run stands still at its point. */
  holds(run: string): boolean
}

/** A run's n-th record is durable, nothing that follows from it leaves: not even what an engine does that waits for a record in vain. */
export function holdingAfterRecord(journal: Journal, record: number, gate: Gate): HoldingJournal {
  const records = new Map<string, number>()
  const held = new Set<string>()
  return {
    ...journal,
    holds: (run) => held.has(run),
    assertOwner(id, epoch) {
      if (held.has(id)) throw new OwnerFenced(id)
      journal.assertOwner(id, epoch)
    },
    async append(id, epoch, entry) {
      await journal.append(id, epoch, entry)
      const count = (records.get(id) ?? 0) + 1
      records.set(id, count)
      if (count === record) {
        held.add(id)
        return gate.hold()
      }
      if (entry.outcome && count < record) gate.leave()
    },
  }
}

/** A run's n-th call of what has an effect or not has taken effect, its answer is lost. */
export function holdingAfterCall(handlers: Handlers, call: number, gate: Gate): Handlers {
  let calls = 0
  const wrapped = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (...given: Parameters<typeof handler>) => {
      const output = await handler(...given)
      calls += 1
      return calls === call ? gate.hold() : output
    },
  ])
  return Object.fromEntries(wrapped)
}
