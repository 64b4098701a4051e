// Questions that a run asks, and the answers that reach it through the journal: from another process, while nobody performs the run.
import { describe, expect, it } from 'vitest'
import { type Answering, answerApproval } from '../../src/engine/index.ts'
import { createMemoryJournal } from '../../src/journal/index.ts'
import { dyingAt, type Moment } from './dying-journal.ts'
import { bench, request } from './harness.ts'
import { memoryStore } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const GATED = `
  - id: hold
    scope:
      steps:
        - id: thing
          uses: t/thing.create
          with: { place: '\${ targets.place }', name: '\${ "thing-" & run.id }' }
        - id: part
          uses: t/part.create
          with: { place: '\${ targets.place }', thing: '\${ steps.thing.handle }', name: p }
        - id: gate
          approve:
            prompt: \${ "count " & steps.part.size & "?" }
            by: [ann, ben]
            timeout: 2h
            inputs:
              type: object
              additionalProperties: false
              required: [ticket]
              properties: { ticket: { type: string }, times: { type: integer, default: 1 } }
        - id: count
          uses: t/count
          with: { name: '\${ steps.gate.inputs.ticket & "-" & steps.gate.inputs.times & "-" & steps.gate.by }' }
`

const HOUR_MS = 3_600_000
const GRANT = { kind: 'grant', by: 'ann', inputs: { ticket: 'T-1' } } as const
const path = 'hold/gate'

/** A run that waits for its answer, and who can give it. */
async function waiting(more: Parameters<typeof bench>[0] = {}) {
  const asked = Promise.withResolvers<void>()
  const clock = createVirtualClock()
  const b = bench({
    clock,
    ...more,
    observe: (seen) => {
      if (seen.kind === 'report' && seen.report.kind === 'approval' && seen.report.state === 'asked') asked.resolve()
    },
  })
  const run = await b.engine.start(await request(GATED))
  await asked.promise
  const { journal } = b.options
  const answer = (answering: Parameters<typeof answerApproval>[2], now = clock.now()) =>
    answerApproval(journal, { runId: run.id, path, now }, answering)
  return { b, run, journal, clock, answer }
}

describe('a question', () => {
  it('is in the journal as long as it waits, and an answer from elsewhere lets the run go on', async () => {
    const { b, run, journal, answer } = await waiting()
    await using _ = b
    expect(await journal.approvals()).toMatchObject([
      { runId: run.id, approval: { path, prompt: 'count 1?', by: ['ann', 'ben'] } },
    ])
    expect(await answer(GRANT)).toEqual({
      kind: 'taken',
      answer: { by: 'ann', decision: { kind: 'granted', inputs: { ticket: 'T-1', times: 1 } } },
    })
    expect(await run.ended).toMatchObject({ status: 'succeeded', owed: [] })
    expect(b.store.said()).toContain('count T-1-1-ann')
    expect(await journal.approvals()).toEqual([])
  })

  it('that is denied ends the run with who denied it and why, and lets go of everything', async () => {
    const { b, run, answer } = await waiting()
    await using _ = b
    await answer({ kind: 'deny', by: 'ben', reason: 'not tonight' })
    expect(await run.ended).toMatchObject({
      status: 'failed',
      owed: [],
      failure: { type: 'denied', message: 'ben denied it: not tonight', detail: { by: 'ben', reason: 'not tonight' } },
    })
    expect(b.store.names()).toEqual([])
  })

  it('takes no answer by somebody else, nor one that misses its schema, nor a second one, nor one that is too late', async () => {
    const { b, run, journal, clock, answer } = await waiting()
    await using _ = b
    expect(await answer({ ...GRANT, by: 'eve' })).toMatchObject({ kind: 'mayNotAnswer', approval: { by: ['ann', 'ben'] } })
    expect(await answer({ kind: 'deny', by: 'eve', reason: 'no' })).toMatchObject({ kind: 'mayNotAnswer' })
    expect(await answer({ ...GRANT, inputs: {} })).toMatchObject({ kind: 'inputsInvalid', problems: [{ property: 'ticket' }] })
    expect(await answer({ ...GRANT, inputs: { ticket: 'T', more: 1 } })).toMatchObject({ kind: 'inputsInvalid' })
    expect(await answer(GRANT, clock.now() + 3 * HOUR_MS)).toMatchObject({ kind: 'tooLate' })
    const elsewhere = { runId: run.id, path: 'hold/other', now: clock.now() }
    expect(await answerApproval(journal, elsewhere, GRANT)).toEqual({ kind: 'notWaiting' })
    expect((await journal.approvals())[0]?.answer).toBeUndefined()

    expect(await answer(GRANT)).toMatchObject({ kind: 'taken' })
    expect(await answer({ kind: 'deny', by: 'ben', reason: 'no' })).toEqual({ kind: 'notWaiting' })
    expect(await run.ended).toMatchObject({ status: 'succeeded' })
    expect(await answer(GRANT)).toEqual({ kind: 'notWaiting' })
    expect(await answerApproval(journal, { runId: 'nobody', path, now: 0 }, GRANT)).toEqual({ kind: 'notWaiting' })
  })

  it('that is answered in the last moment before its time is over is answered', async () => {
    const { b, run, journal, clock, answer } = await waiting()
    await using _ = b
    const { until = 0 } = (await journal.approvals())[0]?.approval ?? {}
    await clock.sleep(until - clock.now() - 1)
    expect(clock.now()).toBe(until - 1)
    expect(await answer(GRANT)).toMatchObject({ kind: 'taken' })
    expect(await run.ended).toMatchObject({ status: 'succeeded', owed: [] })
  })

  it('that nobody answers lets the run fail when its time is over, with leases renewed until then (P6)', async () => {
    const { b, run } = await waiting()
    await using _ = b
    expect(await run.ended).toMatchObject({ status: 'failed', failure: { type: 'approvalTimedOut' }, owed: [] })
    expect(b.store.names()).toEqual([])
    expect(b.store.said().some((effect) => effect.startsWith('count'))).toBe(false)
  })
})

describe('a run whose engine is gone while it asks', () => {
  const later = (of: Awaited<ReturnType<typeof waiting>>) => bench({ ...of.b.options, store: of.b.store, observe: () => {} })

  it('still asks, and the time for the answer runs on', async () => {
    const gone = await waiting()
    await gone.b.engine[Symbol.asyncDispose]()
    await using b = later(gone)
    const run = await b.engine.resume(gone.run.id)
    expect(await gone.journal.approvals()).toMatchObject([{ approval: { path } }])
    const askedAt = (await gone.journal.approvals())[0]?.approval.askedAt ?? 0
    expect(await run.ended).toMatchObject({ failure: { type: 'approvalTimedOut' } })
    expect(gone.clock.now()).toBeGreaterThanOrEqual(askedAt + 2 * HOUR_MS)
    expect(gone.clock.now()).toBeLessThan(askedAt + 2 * HOUR_MS + 60_000)
  })

  it('goes on with the answer that it got meanwhile, though the time is over when it is resumed', async () => {
    const gone = await waiting()
    await gone.b.engine[Symbol.asyncDispose]()
    expect(await gone.answer(GRANT)).toMatchObject({ kind: 'taken' })
    await gone.clock.sleep(5 * HOUR_MS)
    await using b = later(gone)
    const run = await b.engine.resume(gone.run.id)
    expect(await run.ended).toMatchObject({ status: 'succeeded', owed: [] })
    expect(gone.b.store.said()).toContain('count T-1-1-ann')
  })

  it('at any record, before it is written or after, ends as it was answered, with nothing held (P2)', async () => {
    for (const answering of [GRANT, { kind: 'deny', by: 'ben', reason: 'no' } as const]) {
      const { records } = await dies(Number.POSITIVE_INFINITY, 'after', answering)
      expect(records).toBeGreaterThan(4)
      for (let record = 1; record <= records; record += 1) {
        for (const moment of ['before', 'after'] as const) {
          const { ended, store, journal } = await dies(record, moment, answering)
          const label = `${answering.kind}, ${moment} record ${record}: ${JSON.stringify(ended)}`
          const type = answering.kind === 'grant' ? undefined : 'denied'
          // The call to count may have been under way, and is not repeated.
          expect([type, 'crashed'], label).toContain(ended.failure?.type)
          expect(ended.owed, label).toEqual([])
          expect(store.names(), label).toEqual([])
          expect(await journal.approvals(), label).toEqual([])
        }
      }
    }
  })

  /** Everything is answered as soon as it is asked. The engine dies at a record, and another one takes the run over. */
  async function dies(record: number, moment: Moment, answering: Answering) {
    const journal = createMemoryJournal()
    const [store, clock] = [memoryStore(), createVirtualClock()]
    const dying = dyingAt(journal, record, moment)
    const answerAll = async () => {
      const now = clock.now()
      for (const { runId } of await journal.approvals()) await answerApproval(journal, { runId, path, now }, answering)
    }
    const observe = () => void answerAll()
    const first = await bench({ journal: dying.journal, store, clock, observe }).engine.start(await request(GATED))
    await Promise.race([first.ended, dying.died])
    await new Promise(setImmediate)
    const outcome = (await journal.run(first.id))?.outcome
    const ended = outcome ?? (await (await bench({ journal, store, clock, observe }).engine.resume(first.id)).ended)
    return { ended, store, journal, records: dying.records() }
  }
})
