import { expect, it } from 'vitest'
import { createLocks, type Lock, type Locks } from '../../src/engine/locks.ts'
import { createMemoryJournal, type Journal, OwnerFenced, processOwner } from '../../src/journal/index.ts'
import { bench, request } from './harness.ts'
import { HOLDING } from './holding.ts'
import { memoryStore } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const turn = () => new Promise(setImmediate)

async function fixture(journal: Journal = createMemoryJournal()) {
  const clock = createVirtualClock()
  const locks = createLocks(journal, clock)
  const granted: string[] = []
  const failed: unknown[] = []
  const epochs = new Map<string, number>()
  const enter = async (how: keyof Locks, runId: string, name: string): Promise<Lock> => {
    if (!epochs.has(runId)) {
      const header = { id: runId, runbook: 't', runbookVersion: '1.0.0', pins: {}, inputs: {}, targets: {}, createdAt: 1 }
      await journal.createRun(header)
      epochs.set(runId, (await journal.claim(runId, processOwner(), false)) ?? 0)
    }
    const epoch = epochs.get(runId) ?? 0
    return locks[how]({ name, runId, epoch, granted: () => granted.push(runId), failed: (error) => failed.push(error) })
  }
  const ask = (runId: string, name = 'l') => enter('request', runId, name)
  const adopt = (runId: string, name = 'l') => enter('adopt', runId, name)
  /** As the run loop does: the journal first. */
  const giveUp = async (runId: string, lock: Lock): Promise<void> => {
    await journal.append(runId, epochs.get(runId) ?? 0, { events: [], obligations: [], unlocks: [lock.name] })
    lock.giveUp()
  }
  return { journal, clock, ask, adopt, giveUp, granted, failed }
}

it('a lock goes from run to run in the order in which they asked', async () => {
  const { ask, giveUp, granted } = await fixture()
  const [a, b, c] = [await ask('a'), await ask('b'), await ask('c')]
  await turn()
  expect([granted, a.isHeld(), b.isHeld()]).toEqual([['a'], true, false])
  await giveUp('a', a)
  await turn()
  await giveUp('b', b)
  await turn()
  expect([granted, c.isHeld()]).toEqual([['a', 'b', 'c'], true])
})

it('two requests of one run exclude each other too', async () => {
  const { ask, giveUp, granted } = await fixture()
  const [first, second] = [await ask('a'), await ask('a')]
  await turn()
  expect([granted.length, second.isHeld()]).toEqual([1, false])
  await giveUp('a', first)
  await turn()
  expect(second.isHeld()).toBe(true)
})

it('a request that was withdrawn is passed over', async () => {
  const { ask, giveUp, granted } = await fixture()
  const [a, b] = [await ask('a'), await ask('b')]
  await ask('c')
  b.giveUp()
  await turn()
  await giveUp('a', a)
  await turn()
  expect(granted).toEqual(['a', 'c'])
})

it('a request that is withdrawn while the journal grants it leaves no lock behind', async () => {
  const inner = createMemoryJournal()
  const slow = async (...asked: Parameters<Journal['tryLock']>): Promise<boolean> => {
    const answer = await inner.tryLock(...asked)
    await turn()
    return answer
  }
  const { ask, journal, granted } = await fixture({ ...inner, tryLock: slow })
  const a = await ask('a')
  expect(await journal.locks()).toHaveLength(1)
  a.giveUp()
  await turn()
  await turn()
  expect(granted).toEqual([])
  expect(await journal.locks()).toEqual([])
})

it('a lock that another process holds is asked for until it is free', async () => {
  const journal = createMemoryJournal()
  const [ours, theirs] = [await fixture(journal), await fixture(journal)]
  const held = await theirs.ask('theirs')
  await turn()
  await ours.ask('ours')
  await ours.clock.sleep(5000)
  expect(ours.granted).toEqual([])
  await theirs.giveUp('theirs', held)
  await ours.clock.sleep(2000)
  expect(ours.granted).toEqual(['ours'])
})

it('a fenced run is told, and the next one is served', async () => {
  const { ask, journal, failed, granted } = await fixture()
  const a = await ask('a')
  await ask('b')
  await turn()
  await journal.claim('b', processOwner(), true)
  const next = await ask('c')
  a.giveUp()
  await journal.append('a', 1, { events: [], obligations: [], unlocks: ['l'] })
  await turn()
  expect(failed).toEqual([expect.any(OwnerFenced)])
  expect([granted, next.isHeld()]).toEqual([['a', 'c'], true])
})

it('what a run was found to hold stands before those of this process that wait for it', async () => {
  const { ask, adopt, giveUp, granted, clock, journal } = await fixture()
  const before = await ask('held', 'other')
  await turn()
  await journal.tryLock('l', 'held', 1)
  await ask('waits')
  const held = await adopt('held')
  const again = await ask('held')
  await clock.sleep(5000)
  expect([held.isHeld(), granted, again.isHeld()]).toEqual([true, ['held'], false])
  await giveUp('held', held)
  await clock.sleep(2000)
  expect([granted, again.isHeld(), before.isHeld()]).toEqual([['held', 'waits'], false, true])
})

it('a lock that was taken by a process that died before it knew does not make those wait that ask for it sooner (P2)', async () => {
  const journal = createMemoryJournal()
  const store = memoryStore()
  // Both wait for the same lock. It is given to the second, whose process dies before it hears of that.
  const dies: Journal = {
    ...journal,
    async tryLock(name, runId, epoch) {
      if (runId === 'run-2') await journal.tryLock(name, runId, epoch)
      return new Promise<never>(() => {})
    },
  }
  // One process each, so that neither waits behind the other.
  const [first, second] = [bench({ journal: dies, store }), bench({ journal: dies, store, newRunId: () => 'run-2' })]
  await first.engine.start(await request(HOLDING))
  await second.engine.start(await request(HOLDING))
  while ((await journal.locks()).length === 0) await turn()
  const clock = createVirtualClock()
  await using next = bench({ journal, store, clock })
  const runs = [await next.engine.resume('run-1'), await next.engine.resume('run-2')]
  const ended = Promise.all(runs.map(async (run) => (await run.ended).status))
  const never = clock.sleep(86_400_000).then(() => 'still waiting after a day')
  expect(await Promise.race([ended, never])).toEqual(['succeeded', 'succeeded'])
  expect(await journal.locks()).toEqual([])
})
