// The search itself: what it leaves out decides nothing, what it shares it does not change, and its stories can be told again.
import { describe, expect, it } from 'vitest'
import { apply, type Command, type Event, type Program, type RunState } from '../../src/kernel/index.ts'
import { type Bounds, type Subject, type Transition, tell } from '../../src/verify/index.ts'
import * as runbooks from './runbooks.ts'

const { subject, verify } = runbooks

const kindsOf = async (what: Subject, bounds: Partial<Bounds>): Promise<readonly string[]> => {
  const { violations, complete } = await verify(what, { maxViolations: 1000, ...bounds })
  expect(complete).toBe(true)
  return violations.flatMap((each) => each.violations.map(({ promise, text }) => whichever(`${promise} ${text}`))).toSorted()
}
/** Of items that are interchangeable the first that is met is told. */
const whichever = (text: string): string => text.replaceAll(/\[\d\]/g, '[…]')
const distinct = (kinds: readonly string[]): readonly string[] => [...new Set(kinds)]

/** A kernel that takes lost answers for refusals, and one that never hears of a release that failed. */
const deaf: Transition = (program, state, event) =>
  apply(program, state, event.kind === 'callFailed' ? { ...event, failure: { ...event.failure, applied: 'no' } } : event)
const swallowing: Transition = (program, state, event) =>
  event.kind === 'callFailed' && state.calls[event.call]?.purpose === 'release'
    ? apply(program, state, { kind: 'callSucceeded', call: event.call, output: {}, at: event.at })
    : apply(program, state, event)

const SMALL: Readonly<Record<string, Program>> = {
  'one snapshot': runbooks.simple,
  'a snapshot with a key': runbooks.keyed,
  'a snapshot and a session': runbooks.leased,
  'a guest that is frozen': runbooks.frozen,
  'a lock': runbooks.locked,
  'unknown choices': runbooks.chosen,
  'a question': runbooks.askingOnce,
  'calls of runbooks': runbooks.calling,
  'a point that claims what was proven': runbooks.honest,
  'a point that claims more': runbooks.claiming('application'),
}
const KERNELS: Readonly<Record<string, Transition>> = {
  'the kernel': apply,
  'a deaf kernel': deaf,
  'a swallowing kernel': swallowing,
}

describe.each(Object.keys(SMALL))('%s', (name) => {
  it.each(Object.keys(KERNELS))('gives the same violations whether or not states are merged, with %s', async (kernel) => {
    const what = subject(SMALL[name] as Program, { apply: KERNELS[kernel] as Transition })
    const merged = await kindsOf(what, { faults: 1 })
    expect(distinct(await kindsOf(what, { faults: 1, merge: false }))).toEqual(distinct(merged))
  })

  it.each(Object.keys(KERNELS))('gives the same violations in all orders, state by state, with %s', async (kernel) => {
    const what = subject(SMALL[name] as Program, { apply: KERNELS[kernel] as Transition })
    const reduced = await kindsOf(what, { faults: 1 })
    expect(distinct(await kindsOf(what, { faults: 1, reduce: false }))).toEqual(distinct(reduced))
  })
})

const WITH_PEOPLE = { asking: runbooks.asking, askingLong: runbooks.askingLong, calling: runbooks.calling }

describe.each(Object.keys(WITH_PEOPLE) as (keyof typeof WITH_PEOPLE)[])('%s', (name) => {
  it('keeps its promises whatever people say and whatever goes wrong [P2, P4, P5, P6]', async () => {
    const { violations, complete } = await verify(subject(WITH_PEOPLE[name]), { faults: name === 'askingLong' ? 1 : 2 })
    expect(violations).toEqual([])
    expect(complete).toBe(true)
  })
})

describe('restore points', () => {
  const POINTS = { stored: runbooks.stored, honest: runbooks.honest, crash: runbooks.claiming('crash') }
  it.each(Object.keys(POINTS) as (keyof typeof POINTS)[])(
    '%s: a point that is committed last, and claims what was proven, breaks nothing [P8, P9]',
    async (name) => {
      const { violations, complete } = await verify(subject(POINTS[name]), { faults: 2 })
      expect(violations).toEqual([])
      expect(complete).toBe(true)
    },
  )
})

describe('two strands', () => {
  const GROUPS = {
    'that collect': runbooks.collecting,
    'that stop each other': runbooks.failing,
    'of which one may be denied': runbooks.askingEach,
  }
  it.each(Object.keys(GROUPS) as (keyof typeof GROUPS)[])(
    '%s give the same violations in all orders and in those that are tried',
    async (name) => {
      for (const [kernel, transition] of Object.entries({ apply, deaf })) {
        const what = subject(GROUPS[name], { apply: transition })
        const reduced = await kindsOf(what, { faults: 1 })
        expect(distinct(await kindsOf(what, { faults: 1, reduce: false })), kernel).toEqual(distinct(reduced))
      }
    },
  )
})

describe('the search', () => {
  it('leaves a state as it was: the kernel changes only its own copy', async () => {
    const seen: { state: RunState; text: string }[] = []
    const watching: Transition = (program: Program, state: RunState, event: Event): readonly Command[] => {
      const commands = apply(program, state, event)
      if (seen.length < 2000) seen.push({ state, text: JSON.stringify(state) })
      expect(JSON.parse(JSON.stringify(state))).toEqual(state)
      return commands
    }
    // With reductions a copy is moved on before anybody has seen it.
    await verify(subject(runbooks.leased, { apply: watching }), { reduce: false })
    expect(seen.filter(({ state, text }) => JSON.stringify(state) !== text)).toEqual([])
  })

  it('says when it was not complete', async () => {
    const { complete, states } = await verify(subject(runbooks.leased), { maxStates: 50 })
    expect(complete).toBe(false)
    expect(states).toBeGreaterThanOrEqual(50)
  })

  it('finds the way with the fewest faults, and tells it again from its choices', async () => {
    const what = subject(runbooks.simple, { apply: swallowing })
    const { violations } = await verify(what, { faults: 2 })
    expect(violations[0]).toMatchObject({ faults: 1 })
    const story = await tell(what, violations[0]?.choices ?? [])
    expect(story?.lines.map(({ path, text, deviates }) => `${deviates ? '! ' : ''}${path} ${text}`.trim())).toEqual([
      'the run starts',
      'backup/snap t/snapshot.create succeeds',
      '! backup/snap release by t/snapshot.delete fails: answerLost, and it had no effect',
    ])
    expect(story?.violations).toEqual(violations[0]?.violations)
    expect(story?.held).toEqual([])
  })

  it('takes what only a run can tell every way, free of charge', async () => {
    const { states } = await verify(subject(runbooks.chosen), { faults: 0 })
    const known = await verify(subject(runbooks.chosen, { inputs: { how: 'one', more: true } }), { faults: 0 })
    expect(states).toBeGreaterThan(known.states)
  })
})
