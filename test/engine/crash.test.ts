// The engine dies at every record, just before it is written and just after, and another one takes the run over. [P1, P2, P3]
import { describe, expect, it } from 'vitest'
import { createMemoryJournal } from '../../src/journal/index.ts'
import { ActionFailure, type Failure, type Handlers } from '../../src/packs/index.ts'
import { dyingAt, type Moment } from './dying-journal.ts'
import { bench, request } from './harness.ts'
import { HOLDING } from './holding.ts'
import { memoryStore } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const BROKEN: Failure = { type: 'broken', message: 'no', retryable: true, applied: 'no' }

async function story(deaths: readonly { record: number; moment: Moment }[], replace: Handlers = {}) {
  const journal = createMemoryJournal()
  const store = memoryStore()
  const clock = createVirtualClock()
  const given = await request(HOLDING)
  let id: string | undefined
  for (const { record, moment } of [...deaths, { record: Number.POSITIVE_INFINITY, moment: 'after' as const }]) {
    const dying = dyingAt(journal, record, moment)
    const { engine } = bench({ journal: dying.journal, store, clock, replace })
    const run = id === undefined ? await engine.start(given) : await engine.resume(id)
    id = run.id
    const outcome = await Promise.race([run.ended, dying.died])
    // A lock it waits for may outlive its wish: everything that it asked for is settled a turn later.
    await new Promise(setImmediate)
    if (outcome !== undefined) return { outcome, journal, store, records: dying.records() }
    if ((await journal.run(id))?.status !== 'running')
      return { outcome: (await journal.run(id))?.outcome, journal, store, records: 0 }
  }
  throw new Error('the last engine does not die')
}

async function judge({ outcome, journal, store }: Awaited<ReturnType<typeof story>>, label: string): Promise<void> {
  expect(outcome?.owed, label).toEqual([])
  expect(store.names(), label).toEqual([])
  expect(await journal.obligations({ open: true }), label).toEqual([])
  expect(await journal.locks(), label).toEqual([])
  const once = store.said().filter((effect) => !effect.startsWith('delete'))
  expect(once.length, `${label}: ${once}`).toBe(new Set(once).size)
  expect(['succeeded', 'failed'], label).toContain(outcome?.status)
  if (outcome?.status === 'failed') expect(outcome.failure?.type, label).toBe('crashed')
}

describe('a run whose engine dies', () => {
  it('once, at any record, ends with nothing held and no effect repeated (P2, P3)', async () => {
    const { records } = await story([])
    expect(records).toBeGreaterThan(15)
    for (let record = 1; record <= records; record += 1) {
      for (const moment of ['before', 'after'] as const) {
        await judge(await story([{ record, moment }]), `${moment} record ${record}`)
      }
    }
  })

  it('again and again, at every record of each engine, still ends (P2, P3)', async () => {
    for (const record of [1, 2, 3, 4, 5]) {
      const deaths = Array.from({ length: 12 }, (_, n) => ({
        record,
        moment: n % 2 === 0 ? ('after' as const) : ('before' as const),
      }))
      await judge(await story(deaths), `every ${record} records`)
    }
  })

  it('is judged by a check that sees a leak: a platform that denies what it holds', async () => {
    const denies: Handlers = { 'thing.find': async () => ({ found: false }) }
    const { records } = await story([])
    const verdicts: PromiseSettledResult<void>[] = []
    for (let record = 1; record <= records; record += 1) {
      verdicts.push(
        ...(await Promise.allSettled([story([{ record, moment: 'before' }], denies).then((told) => judge(told, 'canary'))])),
      )
    }
    expect(verdicts.some((verdict) => verdict.status === 'rejected')).toBe(true)
  })

  it('while it settles what is owed, settles it the next time (P2)', async () => {
    for (const record of [1, 2]) {
      for (const moment of ['before', 'after'] as const) {
        const journal = createMemoryJournal()
        const store = memoryStore()
        const stuck: Handlers = { 'thing.delete': async () => Promise.reject(new ActionFailure(BROKEN)) }
        const steps = "  - id: thing\n    uses: t/thing.create\n    with: { place: '${ targets.place }', name: one }\n"
        const run = await bench({ journal, store, replace: stuck }).engine.start(await request(steps))
        expect((await run.ended).owed).toEqual(['thing'])

        const dying = dyingAt(journal, record, moment)
        await Promise.race([bench({ journal: dying.journal, store }).engine.reap(), dying.died])
        const label = `${moment} record ${record}`
        const reaped = await bench({ journal, store }).engine.reap()
        expect([...reaped.map(({ outcome }) => outcome.owed), ...store.names()].flat(), label).toEqual([])
        expect(await journal.obligations({ open: true }), label).toEqual([])
        expect((await journal.run(run.id))?.outcome, label).toMatchObject({ status: 'failed', owed: [] })
      }
    }
  })
})
