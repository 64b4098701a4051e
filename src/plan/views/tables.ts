// What pages and tickets show as tables: holds, and what is released if the run dies. Items that are alike share a row.
import { formatDuration } from '../../values/index.ts'
import type { Hold, Plan, PlanStep } from '../model.ts'
import { holdNames } from './names.ts'
import { type Outline, outlineOf, stepsThatChangeUnwind } from './outline.ts'
import { deadmanWords, leaseWords, wordsOfBound, wordsOfEstimate, wordsOfWindow } from './words.ts'

export interface HoldRow {
  readonly name: string
  readonly title: string
  readonly critical: boolean
  /** Until when, for how long, how long is allowed, under which lease. */
  readonly facts: readonly string[]
  readonly deadman: string
  /** Nobody lets go but Holdfast. */
  readonly alone: boolean
}

export const HOLD_HEADS = ['Hold', 'What', 'Held', 'How long', 'Allowed', 'Lease', 'Dead-man'] as const

export function holdRows(plan: Plan): readonly HoldRow[] {
  const names = holdNames(plan)
  const alike = Map.groupBy(plan.holds, (hold) => JSON.stringify([hold.path.replaceAll(/\[[^\]]*\]/g, '[]'), rowOf(hold)]))
  return [...alike.values()].flatMap((holds) =>
    holds.slice(0, 1).map((first) => ({ name: names.all(holds.map(({ path }) => path)).join(', '), ...rowOf(first) })),
  )
}

function rowOf(hold: Hold): Omit<HoldRow, 'name'> {
  const { title, critical, keptOnSuccess, window, maxHoldMs, deadman } = hold
  const estimate = window.estimate === undefined ? '' : `; ${wordsOfEstimate(window.estimate)}`
  return {
    title,
    critical,
    facts: [
      keptOnSuccess ? `${wordsOfWindow(hold)}; kept when the run succeeds` : wordsOfWindow(hold),
      `${wordsOfBound(window)}${estimate}`,
      maxHoldMs === undefined ? '–' : formatDuration(maxHoldMs),
      leaseWords(hold) ?? '–',
    ],
    deadman: deadmanWords(hold) ?? '–',
    alone: deadman === 'none',
  }
}

/** Steps that a view shows, in their order: of items that are alike only the first. */
export const shownSteps = (plan: Plan): readonly PlanStep[] => outlineOf(plan, false).flatMap(stepsIn)

const stepsIn = (outline: Outline): readonly PlanStep[] => [
  ...(outline.kind === 'step' ? [outline.step] : []),
  ...(outline.kind === 'alike' ? [] : outline.inner.flatMap(stepsIn)),
]

/** Last step that ended, and what would then be released, in that order. */
export function unwindRows(plan: Plan): readonly { readonly path: string; readonly released: readonly string[] }[] {
  const names = holdNames(plan)
  const changing = stepsThatChangeUnwind(plan)
  return shownSteps(plan)
    .filter(({ path }) => changing.has(path))
    .map(({ path, unwind }) => ({ path, released: names.all(unwind) }))
}
