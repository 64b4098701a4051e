// The time that a critical resource may be held, as check foresees it, against what the kernel does in virtual time: calls that
// hang until their time-out, that are refused and that succeed, in blocks that nobody wrote.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Obligation } from '../../src/kernel/index.ts'
import { longestOfSteps, surroundingsOf } from '../../src/language/check/duration.ts'
import {
  type Block,
  type CatalogueView,
  checkRunbook,
  type ResourceView,
  type Runbook,
  type Step,
} from '../../src/language/index.ts'
import { block, choose, foreach, parallel, program, scope, uses, wait } from '../kernel/build.ts'
import { type Fate, play } from '../kernel/world.ts'

type Shape =
  | { readonly kind: 'call'; readonly timeoutS: number; readonly attempts: number; readonly delayS: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'scope'; readonly steps: readonly Shape[]; readonly caught: boolean; readonly maxS: number | undefined }
  | { readonly kind: 'loop'; readonly steps: readonly Shape[]; readonly items: number; readonly atOnce: number }
  | { readonly kind: 'parallel'; readonly left: readonly Shape[]; readonly right: readonly Shape[] }
  | { readonly kind: 'switch'; readonly steps: readonly Shape[] }

const seconds = fc.integer({ min: 1, max: 6 })

const { steps: shapes } = fc.letrec<{ shape: Shape; steps: readonly Shape[] }>((tie) => ({
  steps: fc.array(tie('shape'), { maxLength: 3, depthIdentifier: 'tree' }),
  shape: fc.oneof(
    { depthIdentifier: 'tree', maxDepth: 2, withCrossShrink: true },
    fc.record({
      kind: fc.constant('call' as const),
      timeoutS: seconds,
      attempts: fc.integer({ min: 1, max: 3 }),
      delayS: seconds,
    }),
    fc.record({ kind: fc.constant('wait' as const), seconds }),
    fc.record({
      kind: fc.constant('scope' as const),
      steps: tie('steps'),
      caught: fc.boolean(),
      maxS: fc.option(seconds, { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('loop' as const),
      steps: tie('steps'),
      items: fc.integer({ min: 0, max: 3 }),
      atOnce: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({ kind: fc.constant('parallel' as const), left: tie('steps'), right: tie('steps') }),
    fc.record({ kind: fc.constant('switch' as const), steps: tie('steps') }),
  ),
}))

let count = 0
function fresh(prefix: string): string {
  count += 1
  return `${prefix}${count}`
}

const toSteps = (list: readonly Shape[]): Step[] => list.map(toStep)

function toStep(shape: Shape): Step {
  switch (shape.kind) {
    case 'call': {
      const { attempts, delayS, timeoutS } = shape
      const retry = { attempts, delayMs: delayS * 1000, factor: 2, maxDelayMs: 30_000 }
      return uses(fresh('call'), 't/store', { name: 'x' }, { timeoutMs: timeoutS * 1000, retry })
    }
    case 'wait':
      return wait(fresh('wait'), `${shape.seconds}s`)
    case 'scope': {
      const { steps, caught, maxS } = shape
      const more = caught ? { catch: { body: block([wait(fresh('sorry'), '9s')]) } } : {}
      return scope(fresh('scope'), block(toSteps(steps)), { ...more, ...(maxS === undefined ? {} : { maxMs: maxS * 1000 }) })
    }
    case 'loop': {
      const items = Array.from({ length: shape.items }, (_, index) => ({ key: `k${index}` }))
      const variable = fresh('item')
      return foreach(fresh('loop'), items, variable, `$.${variable}.key`, block(toSteps(shape.steps)), 'collect', shape.atOnce)
    }
    case 'parallel':
      return parallel(fresh('par'), { left: block(toSteps(shape.left)), right: block(toSteps(shape.right)) }, 'collect')
    case 'switch':
      return choose(fresh('switch'), 'yes', { yes: block(toSteps(shape.steps)) })
  }
}

interface Place {
  readonly before: readonly Shape[]
  readonly after: readonly Shape[]
  /** How deep the acquiring step stands below the scope that owns what it acquires. */
  readonly inside: 'owner' | 'scope' | 'parallel' | 'loop'
  readonly outside: readonly Shape[]
}

const places: fc.Arbitrary<Place> = fc.record({
  before: shapes,
  after: shapes,
  inside: fc.constantFrom('owner', 'scope', 'parallel', 'loop'),
  outside: shapes,
})

/** The same place gives the same runbook. */
function freezing({ before, after, inside, outside }: Place): Block {
  count = 0
  const name = inside === 'loop' ? '$.each.key' : 'r'
  const freeze = uses('quiet', 't/freeze.create', { name }, inside === 'owner' ? {} : { owner: 'hold' })
  const around = [...toSteps(before), freeze, ...toSteps(after)]
  return block([scope('hold', block([...nested(inside, around, outside), ...toSteps(outside)]))])
}

function nested(inside: Place['inside'], steps: Step[], beside: readonly Shape[]): readonly Step[] {
  switch (inside) {
    case 'owner':
      return steps
    case 'scope':
      return [scope('nested', block(steps))]
    case 'parallel':
      return [parallel('nested', { left: block(toSteps(beside)), right: block(steps) }, 'collect')]
    case 'loop':
      return [foreach('nested', [{ key: 'a' }, { key: 'b' }], 'each', '$.each.key', block(steps), 'collect')]
  }
}

const runbookOf = ({ steps }: Block): Runbook => {
  const span = { file: 'test', start: 0, end: 0 }
  return {
    format: 1,
    name: 'test/holds',
    version: '1.0.0',
    uses: [{ alias: 't', pack: 't', range: '*', span }],
    targets: [],
    steps,
    outputs: [],
    span,
  }
}

const { actions, resources } = program(block([]))

function catalogueWith(maxHoldMs: number): CatalogueView {
  const { 't/Freeze': freeze, ...others } = resources
  const all: Readonly<Record<string, ResourceView>> = { ...others, ...(freeze ? { 't/Freeze': { ...freeze, maxHoldMs } } : {}) }
  return {
    packs: { t: { version: '1.0.0' } },
    action: (name) => actions[name],
    resource: (name) => all[name],
    connection: () => undefined,
    actionsOf: () => [],
    runbook: () => undefined,
    runbookNames: () => [],
  }
}

/** The freeze itself, and its end, go well at once; every other call as it happens. */
function holdsIn(body: Block, maxHoldMs: number, fates: readonly Fate[]) {
  const made = program(body)
  const freeze = made.resources['t/Freeze']
  const limited = { ...made, resources: { ...made.resources, ...(freeze ? { 't/Freeze': { ...freeze, maxHoldMs } } : {}) } }
  const story = play(limited, { fate: ({ action }, index) => (action.startsWith('t/freeze') ? 'ok' : (fates[index] ?? 'ok')) })
  const told = story.commands.flatMap((each) =>
    each.kind === 'report' && each.report.kind === 'obligation' ? [each.report.obligation] : [],
  )
  const failures = story.commands.flatMap((each) =>
    each.kind === 'report' && each.report.kind === 'stepEnded' && each.report.failure ? [each.report.failure.type] : [],
  )
  return { heldMs: Math.max(0, ...told.map(heldFor)), failures }
}

const heldFor = ({ heldAt, settledAt }: Obligation): number =>
  heldAt === undefined || settledAt === undefined ? 0 : settledAt - heldAt

const isAboutHolds = (runbook: Runbook, maxHoldMs: number): boolean =>
  checkRunbook(runbook, catalogueWith(maxHoldMs)).some(({ code }) => code.startsWith('HOLD_'))

/** The least whole seconds for `maxHold` that draw nothing. */
function leastThatFits(runbook: Runbook): number | undefined {
  const LIMIT_S = 4000
  if (isAboutHolds(runbook, LIMIT_S * 1000)) return undefined
  let [low, high] = [0, LIMIT_S]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isAboutHolds(runbook, middle * 1000)) low = middle + 1
    else high = middle
  }
  return low
}

const trouble = fc.array(fc.constantFrom<Fate>('ok', 'hang', 'hang', 'refuse'), { maxLength: 30 })

describe('P5: a runbook in which check finds no hold too long', () => {
  it('is never cut short by maxHold, and holds no longer, however long its calls take', () => {
    let bounded = 0
    fc.assert(
      fc.property(places, trouble, (place, fates) => {
        const body = freezing(place)
        const leastS = leastThatFits(runbookOf(body))
        if (leastS === undefined) return
        bounded += 1
        // A moment more than the sum of whole seconds: at the very limit either may come first.
        const maxHoldMs = leastS * 1000 + 1
        const { heldMs, failures } = holdsIn(body, maxHoldMs, fates)
        expect(failures).not.toContain('maxHoldExceeded')
        expect(heldMs).toBeLessThanOrEqual(maxHoldMs)
      }),
      { numRuns: 1500 },
    )
    expect(bounded).toBeGreaterThan(1000)
  })

  it('could in the worst case really hold as long as check says', () => {
    const body = freezing({
      before: [],
      after: [
        { kind: 'call', timeoutS: 3, attempts: 3, delayS: 2 },
        { kind: 'wait', seconds: 2 },
      ],
      inside: 'owner',
      outside: [],
    })
    const worstMs = 3 * 3000 + 2000 + 4000 + 2000 + 1000
    expect(isAboutHolds(runbookOf(body), worstMs)).toBe(false)
    expect(isAboutHolds(runbookOf(body), worstMs - 1)).toBe(true)
    // Twice no answer, then a late one: all but what jitter takes off the pauses, and a wait and a release that were quick.
    const { heldMs } = holdsIn(body, 1_000_000, ['ok', 'hang', 'hang', 'ok'])
    expect(heldMs).toBeGreaterThanOrEqual(2 * 3000 + 0.75 * 6000 + 2000)
  })
})

describe('the longest that steps may take', () => {
  const longest = (steps: readonly Step[]): number =>
    longestOfSteps(steps, surroundingsOf(runbookOf(block([...steps])), catalogueWith(1))).durationMs

  it('never shrinks when a step is added, or a call may take longer or be tried more often', () => {
    fc.assert(
      fc.property(shapes, shapes, (list, more) => {
        const before = longest(toSteps(list))
        expect(longest([...toSteps(list), ...toSteps(more)])).toBeGreaterThanOrEqual(before)
        expect(longest(toSteps(list.map(longer)))).toBeGreaterThanOrEqual(before)
      }),
      { numRuns: 500 },
    )
  })
})

function longer(shape: Shape): Shape {
  switch (shape.kind) {
    case 'call':
      return { ...shape, timeoutS: shape.timeoutS + 1, attempts: shape.attempts + 1 }
    case 'wait':
      return { ...shape, seconds: shape.seconds + 1 }
    case 'parallel':
      return { ...shape, left: shape.left.map(longer), right: shape.right.map(longer) }
    case 'scope':
    case 'switch':
      return { ...shape, steps: shape.steps.map(longer) }
    case 'loop':
      return { ...shape, steps: shape.steps.map(longer), items: shape.items + 1 }
  }
}
