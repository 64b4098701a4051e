// What would be done to the platforms now, against what a plan says. What the plan left open cannot drift; see the decision on drift.
import type { Json, JsonObject } from '../../values/index.ts'
import type { Affected, Hold, Plan, PlanStep } from '../model.ts'
import { flat } from './flat.ts'
import type { Change } from './model.ts'
import { plannedPaths } from './paths.ts'
import { type Difference, differences, equal, fits } from './values.ts'
import { affectedInWords, stepFacts } from './words.ts'

/** In the order of the steps; none when a run would do what was planned. */
export function driftOf(plan: Plan, now: Plan): readonly Change[] {
  const known = new Set([...plan.reads, ...now.reads].map(({ path }) => path))
  const planned = consequentialSteps(plan, known)
  const found = consequentialSteps(now, known)
  const plannedPath = plannedPaths(planned.keys())
  const met = new Set<string>()
  const drifts: Change[] = []
  for (const [path, step] of found) {
    const goesBy = plannedPath(path)
    const before = planned.get(goesBy ?? '')
    if (goesBy !== undefined) met.add(goesBy)
    if (before) drifts.push(...changesOf(before, step))
    else drifts.push({ about: 'step', at: path, kind: 'added', is: stepFacts(step) })
  }
  for (const [path, step] of planned)
    if (step.certainty === 'will' && !met.has(path))
      drifts.push({ about: 'step', at: path, kind: 'removed', was: stepFacts(step) })
  return [...drifts, ...pointDrift(plan, now)]
}

/** A point that was committed since is another base, though the run alone can tell whether it builds on one. */
function pointDrift({ totals: planned }: Plan, { totals: found }: Plan): readonly Change[] {
  const plannedPath = plannedPaths(planned.points.map(({ path }) => path))
  return found.points.flatMap(({ path, previous }) => {
    const before = planned.points.find((point) => point.path === plannedPath(path))
    if (!before || fits(before.previous, previous)) return []
    const values = {
      ...(before.previous === undefined ? {} : { was: before.previous }),
      ...(previous === undefined ? {} : { is: previous }),
    }
    return [{ about: 'step', at: path, kind: 'changed', what: 'the newest restore point so far', ...values } as const]
  })
}

/** The documents whose texts are not those that the plan was made with. */
export const changedDocuments = (plan: Plan['pins'], now: Plan['pins']): readonly Change[] =>
  differences(plan, now, '', equal).map(({ where, was, is }) => ({
    about: 'document',
    at: where,
    kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
  }))

/** In what a run was set up otherwise than its plan: documents, inputs and targets. */
export const otherSetUp = (plan: Plan, run: Pick<Plan, 'pins' | 'inputs' | 'targets'>): readonly Change[] => [
  ...changedDocuments(plan.pins, run.pins),
  ...setUp('input', plan.inputs, run.inputs),
  ...setUp('target', plan.targets, run.targets),
]

const setUp = (about: 'input' | 'target', plan: JsonObject, run: JsonObject): readonly Change[] =>
  differences(plan, run, '', fits).map(({ where: at, ...values }) => ({ about, at, kind: 'changed', ...values }))

/**
 * Steps that change, acquire, release, lock or wait for a person. A read that only the run can make counts by what it asks, for what
 * it tells is left open; a read that the plan made counts by nothing but what follows from it.
 */
const consequentialSteps = (plan: Plan, known: ReadonlySet<string>): ReadonlyMap<string, PlanStep> =>
  new Map(
    flat(plan.steps).flatMap(({ step }) => (isConsequential(step) && !known.has(step.path) ? [[step.path, step] as const] : [])),
  )

const isConsequential = ({ verb, effect, lock, approval }: PlanStep): boolean =>
  effect !== undefined || verb === 'end' || lock !== undefined || approval !== undefined

function changesOf(before: PlanStep, now: PlanStep): readonly Change[] {
  const isSure = before.certainty === 'will' && now.certainty !== 'will'
  const certainty: readonly Difference[] = isSure ? [{ where: 'certainty', was: before.certainty, is: now.certainty }] : []
  const touched = differences(consequences(before), consequences(now), '', fits)
  // The wire says once more what the input says; on its own it counts where the input has not changed.
  const found = touched.some(({ where }) => where.startsWith('input'))
    ? touched.filter(({ where }) => !where.startsWith('request'))
    : touched
  return [...certainty, ...found, ...touchedOtherwise(before, now)].map(({ where: what, ...values }) => ({
    about: 'step',
    at: now.path,
    kind: 'changed',
    what,
    ...values,
  }))
}

/** What is touched beyond the plan, and what is not any more; a step whose plan leaves open what it touches may touch anything. */
function touchedOtherwise(before: PlanStep, now: PlanStep): readonly Difference[] {
  if (now.effect === undefined || now.effect === 'read') return []
  const isOpen = before.affects.some(({ id }) => fits(id, OTHER))
  const more = isOpen ? [] : missingIn(before.affects, now.affects)
  const less = isOpen ? [] : missingIn(now.affects, before.affects)
  return more.length + less.length === 0 ? [] : [{ where: 'affects', was: less, is: more }]
}

/** No platform has this id. */
const OTHER = '\u0000'

const missingIn = (there: readonly Affected[], these: readonly Affected[]): readonly string[] =>
  these.filter(({ kind, id }) => !there.some((each) => each.kind === kind && equal(each.id, id))).map(affectedInWords)

function consequences({ action, effect, input, requests, lock, approval, acquires }: PlanStep): JsonObject {
  const calls = requests.filter(({ purpose }) => purpose === 'call')
  return {
    ...(action === undefined ? {} : { action }),
    ...(effect === undefined || input === undefined ? {} : { input }),
    // Headers carry signatures and moments.
    ...(calls.length > 0 ? { request: calls.map(({ purpose: _, headers: __, ...wire }) => wire as JsonObject) } : {}),
    ...(lock === undefined ? {} : { lock }),
    ...(approval === undefined ? {} : { approval: { ...approval } as unknown as Json }),
    ...(acquires === undefined ? {} : { holds: heldAs(acquires) }),
  }
}

const heldAs = ({ type, identity, owner, release, keptOnSuccess }: Hold): JsonObject => ({
  type,
  identity,
  owner,
  release,
  keptOnSuccess,
})
