// What a plan works out of its steps: worst cases by time-outs, estimates, sums. The numbers are worked out by hand.
import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/language/index.ts'
import { experienceOf, type Plan, type PlanRequest, type PlanStep, planRunbook } from '../../src/plan/index.ts'
import { approve, block, call, choose, end, foreach, parallel, scope, uses, wait } from '../kernel/build.ts'
import { catalogueFor, runbookOf } from './from-blocks.ts'

const UNKNOWN = { vms: { $unknown: 'inputs.vms' } }

function plan(steps: Step[], more: Partial<PlanRequest> = {}): Promise<Plan> {
  const body = block(steps)
  return planRunbook({ runbook: runbookOf(body), catalogue: catalogueFor(body), inputs: UNKNOWN, targets: {}, ...more })
}

const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])
const once = { retry: { attempts: 1, delayMs: 0, factor: 1, maxDelayMs: 0 } }
const freeze = uses('freeze', 't/freeze.create', { name: 'a' })
const note = (id: string) => uses(id, 't/note', {}, once)

/** Five tries of 5s, with pauses of 1, 2, 4 and 8s between them. */
const FREEZING_MS = 5 * 5000 + 15_000
const THAWING_MS = 1000
const atMost = async (...steps: Step[]) => (await plan([scope('quiet', block([freeze, ...steps]))])).holds[0]?.window.atMostMs

describe('how long a hold may last', () => {
  it('is every try of every call, the pauses between them, and the release', async () => {
    expect(await atMost()).toBe(FREEZING_MS + THAWING_MS)
    expect(await atMost(uses('note', 't/note'))).toBe(FREEZING_MS + 5 * 60_000 + 15_000 + THAWING_MS)
    expect(await atMost(uses('note', 't/note', {}, { ...once, timeoutMs: 7000 }))).toBe(FREEZING_MS + 7000 + THAWING_MS)
    expect(await atMost(wait('rest', '3s'))).toBe(FREEZING_MS + 3000 + THAWING_MS)
  })

  it('counts what runs beside each other once, and loops by rounds', async () => {
    const two = { one: block([note('a'), note('b')]), other: block([note('c')]) }
    expect(await atMost(parallel('both', two))).toBe(FREEZING_MS + 2 * 60_000 + THAWING_MS)
    expect(await atMost(choose('way', 'one', two))).toBe(FREEZING_MS + 2 * 60_000 + THAWING_MS)
    const items = foreach('all', ['a', 'b', 'c', 'd', 'e'], 'item', '$.item', block([note('a')]), 'fail', 2)
    expect(await atMost(items)).toBe(FREEZING_MS + 3 * 60_000 + THAWING_MS)
  })

  it('is bounded by the `max` of a scope, beyond which what is held is still let go', async () => {
    const inner = scope('inner', block([note('a'), note('b')]), { maxMs: 30_000 })
    expect(await atMost(inner)).toBe(FREEZING_MS + 30_000 + THAWING_MS)
    const { holds } = await plan([scope('outer', block([scope('quiet', block([freeze, note('a')]))]), { maxMs: 50_000 })])
    expect(holds[0]?.window.atMostMs).toBe(50_000 + THAWING_MS)
    const open = foreach('all', '$.inputs.vms', 'item', '$.item', block([note('a')]))
    const elsewhere = await plan([open, scope('quiet', block([freeze, open]), { maxMs: 90_000 })])
    expect(elsewhere.holds[0]?.window.atMostMs).toBe(90_000 + THAWING_MS)
  })

  it('has no bound where people, other runs or an unknown list decide', async () => {
    expect(await atMost(approve('ask', 'go on?'))).toBeUndefined()
    expect(await atMost(approve('ask', 'go on?', { timeoutMs: 9000 }))).toBe(FREEZING_MS + 9000 + THAWING_MS)
    expect(await atMost(scope('locked', block([note('a')]), { lock: 'x' }))).toBeUndefined()
    expect(await atMost(foreach('all', '$.inputs.vms', 'item', '$.item', block([note('a')])))).toBeUndefined()
  })

  it('ends with the step that ends it, not with its scope', async () => {
    const { holds, steps } = await plan([scope('quiet', block([freeze, note('a'), end('thaw', 'freeze'), note('b')]))])
    expect(holds[0]?.window).toMatchObject({
      during: ['quiet/a', 'quiet/thaw'],
      atMostMs: FREEZING_MS + 60_000 + THAWING_MS,
    })
    expect(flat(steps).map(({ path, closes }) => [path, closes])).toContainEqual(['quiet/thaw', ['quiet/freeze']])
    expect(flat(steps).map(({ path, unwind }) => [path, unwind])).toContainEqual(['quiet/thaw', []])
  })

  it('tells how often a lease is renewed', async () => {
    const session = uses('session', 't/session.create', { name: 'a' }, once)
    const { holds } = await plan([scope('work', block([session, wait('rest', '10m')]))])
    expect(holds[0]?.window.renewals).toEqual({ low: 0, high: 12 })
  })
})

describe('how long it is likely to take', () => {
  const steps = [scope('quiet', block([freeze, note('a')])), foreach('all', ['x', 'y'], 'item', '$.item', block([note('b')]))]
  const experience = experienceOf([
    new Map([
      ['quiet/freeze', 100],
      ['quiet/a', 300],
      ['quiet/freeze!release', 50],
      ['all[p]/b', 10],
      ['all[q]/b', 30],
    ]),
    new Map([
      ['quiet/freeze', 200],
      ['quiet/a', 300],
    ]),
  ])

  it('is what earlier runs took, at least and at most, whatever their items were', async () => {
    const { totals, holds, steps: made } = await plan(steps, { experience })
    const from = { kind: 'runs', count: 2 }
    expect(holds[0]?.window.estimate).toEqual({ lowMs: 100 + 300 + 50, highMs: 200 + 300 + 50, from })
    expect(flat(made).find(({ path }) => path === 'all[x]/b')?.duration).toEqual({ lowMs: 10, highMs: 30, from })
    expect(totals.duration).toEqual({ lowMs: 450 + 2 * 10, highMs: 550 + 2 * 30, from })
    expect(totals.longestFreeze).toEqual({
      path: 'quiet/freeze',
      atMostMs: FREEZING_MS + 60_000 + THAWING_MS,
      estimate: holds[0]?.window.estimate,
    })
  })

  it('is not told where nothing is known', async () => {
    const { totals, holds } = await plan(steps)
    expect(totals.duration).toBeUndefined()
    expect(holds[0]?.window.estimate).toBeUndefined()
  })
})

describe('a plan in sum', () => {
  it('lists approvals, and the steps of a called runbook inside the step that calls it', async () => {
    const made = await plan([approve('ask', 'go on?', { by: 'ops' }), call('other', block([note('a')]))])
    expect(made.totals.approvals).toEqual(['ask'])
    expect(made.steps[0]).toMatchObject({ verb: 'approve', approval: { prompt: 'go on?', by: 'ops' } })
    expect(made.steps[1]).toMatchObject({
      verb: 'runbook',
      runbook: 't/other@1.0.0',
      steps: [{ path: 'other/a', certainty: 'will' }],
    })
  })

  it('counts of a handler, whose wire is its own, one call for each step, release and renewal', async () => {
    const host = { $target: 'prod', connection: 't/Host' }
    const body = block([
      scope('work', block([uses('session', 't/session.create', { name: 'a', host }, once)])),
      scope('more', block([uses('freeze', 't/freeze.create', { name: 'a', host }, once)])),
    ])
    const told = catalogueFor(body)
    const connected = { properties: { name: {}, host: { 'x-connection': 't/Host' } } }
    const action = (name: string) => {
      const found = told.action(name)
      return found && { ...found, input: connected }
    }
    const { totals } = await plan([...body.steps], { catalogue: { ...told, action } })
    expect(totals.calls).toEqual({ prod: { reads: 0, changes: 2 + 2 + 1, more: true } })
  })

  it('leaves out a step whose condition is known to be false', async () => {
    const made = await plan(
      [uses('never', 't/note', {}, { ...once, if: false }), uses('maybe', 't/note', {}, { ...once, if: '$.inputs.x' })],
      {
        inputs: { x: { $unknown: 'inputs.x' } },
      },
    )
    expect(made.steps.map(({ path, certainty }) => [path, certainty])).toEqual([['maybe', 'may']])
  })
})
