// Everything in which two plans differ, in the order of the plan.
import type { Json, JsonObject } from '../../values/index.ts'
import type { Hold, Plan, PlanStep } from '../model.ts'
import { changedDocuments } from './drift.ts'
import { flat, type Placed } from './flat.ts'
import type { Change, PlanDiff, PlanName } from './model.ts'
import { differences, equal } from './values.ts'
import { affectedInWords, stepFacts } from './words.ts'

export function diffPlans(old: Plan, now: Plan): PlanDiff {
  const changes = [
    ...changed('runbook', 'run', headOf(old), headOf(now)),
    ...changedDocuments(old.pins, now.pins),
    ...named('input', old.inputs, now.inputs),
    ...named('target', old.targets, now.targets),
    ...stepChanges(flat(old.steps), flat(now.steps)),
    ...holdChanges(old.holds, now.holds),
    ...listed('lock', old.locks, now.locks),
    ...listed('affected', old.totals.affects.map(affectedInWords), now.totals.affects.map(affectedInWords)),
    ...changed('total', 'run', totalsOf(old), totalsOf(now)),
  ]
  return { format: 1, old: nameOf(old), new: nameOf(now), same: changes.length === 0, changes }
}

const nameOf = ({ runbook, version, basis }: Plan): PlanName => ({ runbook, version, basis })

const headOf = ({ runbook, version, complete }: Plan): JsonObject => ({ runbook, version, complete })

/** What is affected is told item by item. */
const totalsOf = ({ totals: { affects: _, ...totals } }: Plan): JsonObject => totals as unknown as JsonObject

/** A change for each part that is not equal. */
const changed = (about: Change['about'], at: string, was: JsonObject, is: JsonObject): readonly Change[] =>
  differences(was, is, '', equal).map(({ where, ...values }) => ({ about, at, kind: 'changed', what: where, ...values }))

/** A change for each name whose value is not equal. */
function named(about: Change['about'], was: JsonObject, is: JsonObject): readonly Change[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => !equal(was[name], is[name]))
  return names.map((at) => ({ about, at, ...fromTo(was[at], is[at]) }))
}

const fromTo = (was: Json | undefined, is: Json | undefined): Pick<Change, 'kind' | 'was' | 'is'> => ({
  kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
  ...(was === undefined ? {} : { was }),
  ...(is === undefined ? {} : { is }),
})

const listed = (about: Change['about'], was: readonly string[], is: readonly string[]): readonly Change[] => [
  ...was.filter((each) => !is.includes(each)).map((at) => ({ about, at, kind: 'removed' }) as const),
  ...is.filter((each) => !was.includes(each)).map((at) => ({ about, at, kind: 'added' }) as const),
]

// ---- steps ------------------------------------------------------------------------------------------------------

function stepChanges(old: readonly Placed[], now: readonly Placed[]): readonly Change[] {
  const before = new Map(old.map(({ step }) => [step.path, step]))
  const after = new Map(now.map(({ step }) => [step.path, step]))
  const gone = old.filter(({ step }) => !after.has(step.path))
  const fresh = now.filter(({ step }) => !before.has(step.path))
  const cameFrom = pairMoved(gone, fresh)
  const from = new Set(cameFrom.values())
  const shifted = shiftedPaths(
    old.filter(({ step }) => after.has(step.path)),
    now.filter(({ step }) => before.has(step.path)),
  )
  /** What is inside a moved block moved with it. */
  const isCarried = (known: PlanStep, parent: string | undefined): boolean => {
    const around = after.get(parent ?? '')
    const aroundBefore = around && cameFrom.get(around)?.path
    return aroundBefore !== undefined && old.some(({ step, parent: outer }) => step === known && outer === aroundBefore)
  }

  const removed = gone
    .filter(({ step, parent }) => !from.has(step) && !gone.some((outer) => outer.step.path === parent))
    .map(({ step }): Change => ({ about: 'step', at: step.path, kind: 'removed', was: stepFacts(step) }))
  const rest = now.flatMap(({ step, parent }): readonly Change[] => {
    const known = before.get(step.path) ?? cameFrom.get(step)
    if (!known) {
      // What is inside an added block is added with it.
      const within = fresh.some((outer) => outer.step.path === parent && !cameFrom.has(outer.step))
      return within ? [] : [{ about: 'step', at: step.path, kind: 'added', is: stepFacts(step) }]
    }
    const isElsewhere = known.path !== step.path && !isCarried(known, parent)
    const moved: readonly Change[] =
      isElsewhere || shifted.has(step.path)
        ? [{ about: 'step', at: step.path, kind: 'moved', ...(isElsewhere ? { was: known.path, is: step.path } : {}) }]
        : []
    return [...moved, ...changed('step', step.path, comparable(known), comparable(step))]
  })
  return [...removed, ...rest]
}

/** What it acquires is compared among the holds; what follows from other steps, and the items of a loop, are told by those. */
function comparable(each: PlanStep): JsonObject {
  const { path: _, steps: _s, acquires: _a, unwind: _u, closes: _c, duration: _d, input, ...step } = each
  return { ...step, ...(input === undefined || step.verb === 'foreach' ? {} : { input }) } as unknown as JsonObject
}

/** Steps that stand elsewhere in the tree: one of the same id and action went where another came. */
function pairMoved(gone: readonly Placed[], fresh: readonly Placed[]): ReadonlyMap<PlanStep, PlanStep> {
  const kindOf = ({ id, verb, action = '' }: PlanStep): string => `${id} ${verb} ${action}`
  const pairs = new Map<PlanStep, PlanStep>()
  for (const { step } of fresh) {
    const [origin, ...others] = gone.filter((each) => kindOf(each.step) === kindOf(step))
    const rivals = fresh.filter((each) => kindOf(each.step) === kindOf(step))
    // At the same place of the runbook it is another item of a loop.
    const isElsewhere = origin && withoutKeys(origin.step.path) !== withoutKeys(step.path)
    if (isElsewhere && others.length === 0 && rivals.length === 1) pairs.set(step, origin.step)
  }
  return pairs
}

const withoutKeys = (path: string): string => path.replace(/\[[^\]]*\]/g, '[]')

/** Among the steps of each block, those outside of the longest order that both plans have. */
function shiftedPaths(old: readonly Placed[], now: readonly Placed[]): ReadonlySet<string> {
  const placeBefore = new Map(old.map(({ step }, place) => [step.path, place]))
  const byParent = Map.groupBy(now, ({ parent }) => parent)
  return new Set([...byParent.values()].flatMap((siblings) => outOfOrder(siblings, placeBefore)))
}

function outOfOrder(siblings: readonly Placed[], placeBefore: ReadonlyMap<string, number>): readonly string[] {
  const paths = siblings.map(({ step }) => step.path)
  const places = paths.map((path) => placeBefore.get(path) ?? 0)
  // Longest increasing run, by patience: `ends[n]` is the index that ends the best run of n + 1.
  const ends: number[] = []
  const previous: number[] = []
  for (const [index, place] of places.entries()) {
    const better = ends.findIndex((end) => (places[end] ?? 0) >= place)
    const at = better === -1 ? ends.length : better
    previous[index] = ends[at - 1] ?? -1
    ends[at] = index
  }
  const kept = new Set<number>()
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) kept.add(index)
  return paths.filter((_, index) => !kept.has(index))
}

// ---- holds ------------------------------------------------------------------------------------------------------

function holdChanges(old: readonly Hold[], now: readonly Hold[]): readonly Change[] {
  const before = new Map(old.map((hold) => [hold.path, hold]))
  const after = new Map(now.map((hold) => [hold.path, hold]))
  return [
    ...old
      .filter(({ path }) => !after.has(path))
      .map((hold): Change => ({ about: 'hold', at: hold.path, kind: 'removed', was: holdFacts(hold) })),
    ...now.flatMap((hold): readonly Change[] => {
      const known = before.get(hold.path)
      return known
        ? changed('hold', hold.path, plain(known), plain(hold))
        : [{ about: 'hold', at: hold.path, kind: 'added', is: holdFacts(hold) }]
    }),
  ]
}

/** Which steps run meanwhile is told by the steps. */
const plain = ({ path: _, window: { during: __, ...window }, ...hold }: Hold): JsonObject =>
  ({ ...hold, window }) as unknown as JsonObject
const holdFacts = ({ type, identity, owner }: Hold): JsonObject => ({ type, identity, owner })
