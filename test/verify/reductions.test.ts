// What the search leaves out decides nothing: over runbooks that nobody wrote, it finds the same kinds of violations as one that tries
// every order, item by item, with a sound kernel and with broken ones.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apply } from '../../src/kernel/index.ts'
import { unknown } from '../../src/values/index.ts'
import { type Bounds, type Subject, search, type Transition, type Verdict } from '../../src/verify/index.ts'
import { block, end, parallel, program, scope, uses } from '../kernel/build.ts'
import { type Shapes, shapes, toRunbook } from '../kernel/random-runbooks.ts'
import { session, snap, subject } from './runbooks.ts'

/** A kernel that takes lost answers for refusals, one that never hears of a release that failed, and one that forgets what it releases. */
const KERNELS: Readonly<Record<string, Transition>> = {
  sound: apply,
  deaf: (of, state, event) =>
    apply(of, state, event.kind === 'callFailed' ? { ...event, failure: { ...event.failure, applied: 'no' } } : event),
  swallowing: (of, state, event) =>
    event.kind === 'callFailed' && state.calls[event.call]?.purpose === 'release'
      ? apply(of, state, { kind: 'callSucceeded', call: event.call, output: {}, at: event.at })
      : apply(of, state, event),
  careless: (of, state, event) =>
    apply(of, state, event).filter((command) => command.kind !== 'call' || command.purpose !== 'release' || command.attempt < 2),
}

/** Once missed: the snapshot that is there when a `switch` beside it finds no case, and stops it. */
const BESIDE_NO_CASE: Shapes = [
  {
    kind: 'parallel',
    left: [
      { kind: 'snapshot', outlives: false },
      { kind: 'snapshot', outlives: false },
    ],
    right: [{ kind: 'switch', steps: [{ kind: 'snapshot', outlives: false }], fits: false }],
    collect: false,
  },
]

/** Once missed: the snapshot that is there when what fails beside it, within a branch that cannot stop the other, stops it. */
const besideWhatFails = (kind: 'fail' | 'ask'): Shapes => [
  {
    kind: 'parallel',
    left: [
      {
        kind: 'parallel',
        left: [{ kind: 'snapshot', outlives: false }],
        right: [{ kind, outlives: false }],
        collect: false,
      },
    ],
    right: [{ kind: 'snapshot', outlives: false }],
    collect: true,
  },
]

const EVERYTHING = { reduce: false, symmetry: false } as const

const EXAMPLES: [Shapes, keyof typeof KERNELS, number][] = [
  [BESIDE_NO_CASE, 'swallowing', 1],
  [besideWhatFails('fail'), 'deaf', 0],
  [besideWhatFails('ask'), 'deaf', 0],
]

const explore = (what: Subject, bounds: Partial<Bounds>, maxStates: number): Promise<Verdict> =>
  search(what, { faults: 1, maxViolations: 10_000, maxStates, ...bounds })

/** Of interchangeable items any may be the one that is told. */
const kindsOf = ({ violations }: Verdict): readonly string[] =>
  [
    ...new Set(
      violations.flatMap((each) =>
        each.violations.map(({ promise, text }) => `${promise} ${text}`.replaceAll(/\[[\d, ]+\]/g, '[…]')),
      ),
    ),
  ].sort()

const compare = (left: Partial<Bounds>, maxStates: number, numRuns: number): Promise<void> => {
  const kernels = fc.constantFrom(...Object.keys(KERNELS))
  return fc.assert(
    fc.asyncProperty(shapes, kernels, fc.constantFrom(0, 1), async (tree, kernel, faults) => {
      const of = program(toRunbook(tree, 'unknown'))
      const what = subject(of, { apply: KERNELS[kernel] ?? apply, inputs: { list: unknown('inputs.list') } })
      const all = await explore(what, { ...left, faults }, maxStates)
      fc.pre(all.complete)
      const fewer = await explore(what, { faults }, maxStates)
      expect(fewer.complete).toBe(true)
      expect(fewer.states).toBeLessThanOrEqual(all.states)
      expect(kindsOf(fewer)).toEqual(kindsOf(all))
    }),
    { numRuns, interruptAfterTimeLimit: 12_000, examples: EXAMPLES },
  )
}

describe('the search finds the same kinds of violations', () => {
  it('as one that tries every order and tells interchangeable items apart', () => compare(EVERYTHING, 6000, 150))
  it('as one that takes no two states for one', () => compare({ ...EVERYTHING, merge: false }, 3000, 150))
  it.each(['fail', 'collect'] as const)(
    'where a branch lets go of what the one beside it uses, with onError %s',
    async (onError) => {
      const store = (id: string) => uses(id, 't/store', { name: id })
      const going = parallel('going', {
        on: block([store('a'), store('b'), store('c')]),
        off: block([store('d'), end('soon', 'snap')]),
      })
      const both = parallel('both', { left: block([going]), right: block([store('e'), session]) }, onError)
      const what = subject(program(block([scope('backup', block([snap, both]))])))
      for (const faults of [0, 1]) {
        const all = await explore(what, { ...EVERYTHING, faults }, 6000)
        const fewer = await explore(what, { faults }, 6000)
        expect(kindsOf(all)).toHaveLength(2)
        expect(kindsOf(fewer)).toEqual(kindsOf(all))
      }
    },
  )
})
