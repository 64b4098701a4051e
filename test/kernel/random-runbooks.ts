// Runbooks that nobody wrote: random trees of blocks that acquire, use, release and fail, and random trouble for them.
import fc from 'fast-check'
import type { Block, Step } from '../../src/language/index.ts'
import type { Json } from '../../src/values/index.ts'
import { approve, block, call, choose, end, fail, foreach, parallel, scope, uses, wait } from './build.ts'
import type { Choices, Fate } from './world.ts'

type Shape =
  | {
      readonly kind: 'snapshot' | 'session' | 'freeze' | 'copy' | 'note' | 'end' | 'fail' | 'wait' | 'attach' | 'ask'
      readonly outlives: boolean
    }
  | {
      readonly kind: 'scope'
      readonly steps: readonly Shape[]
      readonly caught: boolean
      readonly locked: boolean
      readonly max: boolean
    }
  | { readonly kind: 'loop'; readonly steps: readonly Shape[]; readonly collect: boolean; readonly atOnce: number }
  | { readonly kind: 'parallel'; readonly left: readonly Shape[]; readonly right: readonly Shape[]; readonly collect: boolean }
  | { readonly kind: 'call'; readonly steps: readonly Shape[] }
  | { readonly kind: 'switch'; readonly steps: readonly Shape[]; readonly fits: boolean }

const leaf: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constantFrom('snapshot', 'session', 'freeze', 'copy', 'note', 'end', 'fail', 'wait', 'attach', 'ask'),
  outlives: fc.boolean(),
})

export type Shapes = readonly Shape[]

export const { steps: shapes } = fc.letrec<{ shape: Shape; steps: readonly Shape[] }>((tie) => ({
  steps: fc.array(tie('shape'), { minLength: 1, maxLength: 4, depthIdentifier: 'tree' }),
  shape: fc.oneof(
    { depthIdentifier: 'tree', maxDepth: 3, withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('scope' as const),
        steps: tie('steps'),
        caught: fc.boolean(),
        locked: fc.boolean(),
        max: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('loop' as const),
        steps: tie('steps'),
        collect: fc.boolean(),
        atOnce: fc.integer({ min: 1, max: 2 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('parallel' as const),
        left: tie('steps'),
        right: tie('steps'),
        collect: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('call' as const), steps: tie('steps') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('switch' as const), steps: tie('steps'), fits: fc.boolean() }) },
  ),
}))

/** What a block can see of what was acquired around it; handles as expressions. */
interface Seen {
  readonly snapshot?: string
  readonly session?: string
  readonly scopes: readonly string[]
  /** The loop or call around: its items or inputs carry a field for each name that must differ between them. */
  readonly item?: { readonly variable: string; readonly fields: Record<string, () => Json> }
}

let count = 0
let lists: 'known' | 'unknown' = 'known'

/** The same tree gives the same runbook. `unknown` lists are inputs that only a run can tell: `inputs.list`. */
export function toRunbook(tree: readonly Shape[], listsAre: 'known' | 'unknown' = 'known'): Block {
  count = 0
  lists = listsAre
  return toBlock(tree, { scopes: [] }, { ends: false })
}

function fresh(prefix: string): string {
  count += 1
  return `${prefix}${count}`
}

function toBlock(list: readonly Shape[], seen: Seen, own: { ends: boolean }): Block {
  return block(walk(list, seen, own).steps)
}

/** The steps, and what can be seen behind them. */
function walk(list: readonly Shape[], seen: Seen, own: { ends: boolean }): { readonly steps: Step[]; readonly at: Seen } {
  let at = seen
  let mine: string | undefined
  const steps = list.flatMap((shape): Step[] => {
    const made = toStep(shape, at, mine, own)
    if (!made) return []
    if (shape.kind === 'snapshot') {
      at = { ...at, snapshot: handleOf(made) }
      mine = made.id
    }
    if (shape.kind === 'session') at = { ...at, session: handleOf(made) }
    if (made.kind === 'runbook' && made.called?.outputs[0]) at = { ...at, snapshot: `$.steps.${made.id}.snapshot` }
    if (shape.kind === 'end') {
      const { snapshot: _snapshot, session: _session, ...rest } = at
      at = rest
      mine = undefined
    }
    return [made]
  })
  return { steps, at }
}

const handleOf = ({ id }: Step): string => `$.steps.${id}.handle`

function toStep(shape: Shape, seen: Seen, mine: string | undefined, own: { ends: boolean }): Step | undefined {
  const name = ownName(seen)
  const { snapshot } = seen
  const inside = { ends: false }
  const [outermost] = 'outlives' in shape && shape.outlives ? seen.scopes : []
  const owner = outermost === undefined ? {} : { owner: outermost }
  switch (shape.kind) {
    case 'snapshot':
      return uses(fresh('snap'), 't/snapshot.create', { name }, owner)
    case 'session':
      return snapshot === undefined ? undefined : uses(fresh('ses'), 't/session.create', { name, snapshot }, owner)
    case 'freeze':
      return uses(fresh('quiet'), 't/freeze.create', { name }, owner)
    case 'copy':
      return seen.session === undefined
        ? undefined
        : uses(fresh('copy'), 't/copy', { name, session: seen.session }, { timeoutMs: 5000 })
    case 'note':
      return uses(fresh('note'), 't/store', { name })
    case 'attach':
      return uses(fresh('attach'), 't/proxy.attach', { name: 'proxy' })
    case 'end':
      return mine === undefined || !own.ends ? undefined : end(fresh('end'), mine)
    case 'fail':
      return fail(fresh('fail'), 'nope', 'no')
    case 'wait':
      return wait(fresh('wait'), '2s')
    case 'ask':
      return approve(fresh('ask'), 'go on?', { timeoutMs: 30_000 })
    case 'call':
      return toCall(shape.steps, seen)
    case 'scope': {
      const id = fresh('scope')
      const body = toBlock(shape.steps, { ...seen, scopes: [...seen.scopes, id] }, { ends: true })
      const more = shape.caught ? { catch: { body: block([uses(fresh('say'), 't/store', { name: 'x' })]) } } : {}
      return scope(id, body, { ...more, ...(shape.locked ? { lock: id } : {}), ...(shape.max ? { maxMs: 20_000 } : {}) })
    }
    case 'loop': {
      const item = { variable: fresh('item'), fields: { key: () => fresh('k') } }
      const body = toBlock(shape.steps, { ...seen, item }, inside)
      const items = (): Json => [itemOf(item.fields), itemOf(item.fields)]
      const outermost = lists === 'known' ? items() : '$.inputs.list'
      const list = seen.item === undefined ? outermost : fieldOf(seen.item, items)
      return foreach(
        fresh('loop'),
        list,
        item.variable,
        `$.${item.variable}.key`,
        body,
        shape.collect ? 'collect' : 'fail',
        shape.atOnce,
      )
    }
    case 'parallel': {
      const branches = { left: toBlock(shape.left, seen, inside), right: toBlock(shape.right, seen, inside) }
      return parallel(fresh('par'), branches, shape.collect ? 'collect' : 'fail')
    }
    case 'switch':
      return choose(fresh('switch'), shape.fits ? 'yes' : 'no', { yes: toBlock(shape.steps, seen, inside) })
  }
}

/** Sees what it is given: a snapshot, and its own names. Hands out the last snapshot that it takes outside of scopes. */
function toCall(list: readonly Shape[], { snapshot, item }: Seen): Step {
  const fields: Record<string, () => Json> = {}
  const inside: Seen = {
    scopes: [],
    item: { variable: 'inputs', fields },
    ...(snapshot ? { snapshot: '$.inputs.snapshot' } : {}),
  }
  const { steps, at } = walk(list, inside, { ends: false })
  const own = at.snapshot?.startsWith('$.steps.') ? { snapshot: at.snapshot } : {}
  const values = Object.entries(fields).map(([name, make]) => [name, item === undefined ? make() : fieldOf(item, make)])
  return call(fresh('call'), block(steps, own), { ...Object.fromEntries(values), ...(snapshot ? { snapshot } : {}) })
}

const itemOf = (fields: Record<string, () => Json>): Json =>
  Object.fromEntries(Object.entries(fields).map(([name, make]) => [name, make()]))

/** A field of the loop's items, made anew for each. */
function fieldOf({ variable, fields }: NonNullable<Seen['item']>, make: () => Json): string {
  const name = fresh('f')
  fields[name] = make
  return `$.${variable}.${name}`
}

const ownName = ({ item }: Seen): string => (item === undefined ? fresh('r') : fieldOf(item, () => fresh('r')))

const FATES: readonly Fate[] = ['ok', 'ok', 'ok', 'ok', 'ok', 'refuse', 'lostBefore', 'lostAfter', 'hang']

export interface Trouble {
  readonly fates: readonly Fate[]
  readonly crashes: readonly { readonly at: number; readonly applied: boolean }[]
  readonly cancelAt: number | undefined
  /** To questions, by the number of their step; the rest are granted. */
  readonly answers: readonly Answer[]
}

type Answer = 'grant' | 'deny' | 'silence'

export const trouble: fc.Arbitrary<Trouble> = fc.record({
  fates: fc.array(fc.constantFrom(...FATES), { maxLength: 40 }),
  crashes: fc.array(fc.record({ at: fc.integer({ min: 0, max: 80 }), applied: fc.boolean() }), { maxLength: 3 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 80 }), { nil: undefined }),
  answers: fc.array(fc.constantFrom<Answer>('grant', 'grant', 'deny', 'silence'), { maxLength: 4 }),
})

export const choicesOf = ({ fates, crashes, cancelAt, answers }: Trouble): Choices => ({
  answer: ({ path }) => answers[Number(/(\d+)$/.exec(path)?.[1] ?? 0) % 5] ?? 'grant',
  fate: (_, index) => fates[index] ?? 'ok',
  crashBefore: (index) => {
    const crash = crashes.find((each) => each.at === index)
    return crash ? (crash.applied ? 'applied' : 'notApplied') : false
  },
  inject: (index) => (index === cancelAt ? { kind: 'cancelRequested', reason: 'test' } : undefined),
})
