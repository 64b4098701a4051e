// What check says of lifetimes, against what the kernel does on a good day, over runbooks that nobody wrote: trees of blocks
// that acquire things and things of things, let some of them outlive their block, end some early and use them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, type CatalogueView, checkRunbook, type Runbook, type Step } from '../../src/language/index.ts'
import { block, choose, end, foreach, parallel, program, scope, uses } from '../kernel/build.ts'
import { play } from '../kernel/world.ts'

/** `which` chooses among what can be seen there, `owner` among the scopes around: often the wrong one. */
type Shape =
  | { readonly kind: 'snapshot' | 'session' | 'copy' | 'end'; readonly which: number; readonly owner: number }
  | { readonly kind: 'scope' | 'loop' | 'switch'; readonly steps: readonly Shape[] }
  | { readonly kind: 'parallel'; readonly left: readonly Shape[]; readonly right: readonly Shape[] }

const { steps: shapes } = fc.letrec<{ shape: Shape; steps: readonly Shape[] }>((tie) => ({
  steps: fc.array(tie('shape'), { minLength: 1, maxLength: 5, depthIdentifier: 'tree' }),
  shape: fc.oneof(
    { depthIdentifier: 'tree', maxDepth: 3, withCrossShrink: true },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('snapshot', 'session', 'copy', 'end'),
        which: fc.nat(5),
        owner: fc.nat(5),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('scope', 'loop', 'switch'), steps: tie('steps') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('parallel' as const), left: tie('steps'), right: tie('steps') }) },
  ),
}))

interface Seen {
  readonly snapshots: readonly string[]
  readonly sessions: readonly string[]
  readonly scopes: readonly string[]
}

let count = 0
function fresh(prefix: string): string {
  count += 1
  return `${prefix}${count}`
}

/** The same tree gives the same runbook. */
function toRunbook(tree: readonly Shape[]): Block {
  count = 0
  return toBlock(tree, { snapshots: [], sessions: [], scopes: [] })
}

function toBlock(list: readonly Shape[], around: Seen): Block {
  let seen = around
  const steps: Step[] = []
  for (const shape of list) {
    const made = toStep(shape, seen)
    if (!made) continue
    steps.push(made)
    if (shape.kind === 'snapshot') seen = { ...seen, snapshots: [...seen.snapshots, made.id] }
    if (shape.kind === 'session') seen = { ...seen, sessions: [...seen.sessions, made.id] }
  }
  return block(steps)
}

/** Nothing where there is nothing to choose from. */
const chosen = (names: readonly string[], which: number): string | undefined => names[which % Math.max(1, names.length)]

function toStep(shape: Shape, seen: Seen): Step | undefined {
  switch (shape.kind) {
    case 'snapshot':
      return uses(fresh('snap'), 't/snapshot.create', { name: fresh('r') }, ownerOf(shape.owner, seen))
    case 'session': {
      const from = chosen(seen.snapshots, shape.which)
      const input = { name: fresh('r'), snapshot: `$.steps.${from}.handle` }
      return from === undefined ? undefined : uses(fresh('ses'), 't/session.create', input, ownerOf(shape.owner, seen))
    }
    case 'copy': {
      const from = chosen(seen.sessions, shape.which)
      return from === undefined ? undefined : uses(fresh('copy'), 't/copy', { name: 'x', session: `$.steps.${from}.handle` })
    }
    case 'end': {
      const what = chosen([...seen.snapshots, ...seen.sessions], shape.which)
      return what === undefined ? undefined : end(fresh('end'), what)
    }
    case 'scope': {
      const id = fresh('scope')
      return scope(id, toBlock(shape.steps, { ...seen, scopes: [...seen.scopes, id] }))
    }
    case 'loop':
      return foreach(fresh('loop'), [{ key: 'a' }], fresh('item'), 'a', toBlock(shape.steps, seen))
    case 'switch':
      return choose(fresh('switch'), 'yes', { yes: toBlock(shape.steps, seen) })
    case 'parallel':
      return parallel(fresh('par'), { left: toBlock(shape.left, seen), right: toBlock(shape.right, seen) })
  }
}

function ownerOf(which: number, { scopes }: Seen): { readonly owner?: string } {
  const owner = chosen([...scopes, ''], which)
  return owner ? { owner } : {}
}

const { actions, resources } = program(block([]))

const catalogue: CatalogueView = {
  packs: { t: { version: '1.0.0' } },
  action: (name) => actions[name],
  resource: (name) => resources[name],
  connection: () => undefined,
  actionsOf: () => [],
  runbook: () => undefined,
  runbookNames: () => [],
}

const span = { file: 'test', start: 0, end: 0 }
const HEAD = {
  format: 1,
  name: 'test/lifetimes',
  version: '1.0.0',
  uses: [{ alias: 't', pack: 't', range: '*', span }],
  targets: [],
  outputs: [],
  span,
} as const

const OF_LIFETIMES = ['USED_AFTER_END', 'CHILD_OUTLIVES_PARENT', 'HANDLE_ESCAPES', 'END_TWICE', 'END_IN_LOOP', 'END_UNKNOWN']
const TOO_LATE = ['usedAfterRelease', 'stillInUse']

test('P4: where check finds no lifetime broken, nothing is used after its release', () => {
  const tally = { clean: 0, found: 0, broken: 0 }
  fc.assert(
    fc.property(shapes, (tree) => {
      const body = toRunbook(tree)
      const runbook: Runbook = { ...HEAD, steps: body.steps }
      const found = checkRunbook(runbook, catalogue).filter(({ code }) => OF_LIFETIMES.includes(code))
      const failures = play(program(body)).commands.flatMap((each) =>
        each.kind === 'report' && each.report.kind === 'stepEnded' && each.report.failure ? [each.report.failure.type] : [],
      )
      const late = failures.filter((type) => TOO_LATE.includes(type))
      if (found.length === 0) expect(late).toEqual([])
      tally[found.length === 0 ? 'clean' : 'found'] += 1
      if (late.length > 0) tally.broken += 1
    }),
    { numRuns: 4000 },
  )
  expect(tally.clean).toBeGreaterThan(500)
  expect(tally.found).toBeGreaterThan(100)
  expect(tally.broken).toBeGreaterThan(100)
})
