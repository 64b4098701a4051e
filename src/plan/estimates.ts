// How long steps are likely to take: from how long they took in earlier runs, transfers from their bytes and a stated rate.
import type { Draft, Drawing } from './draw.ts'
import type { Estimate } from './model.ts'
import { type Measure, stepMs } from './spans.ts'
import { type Measured, measureAll } from './windows.ts'

/** What earlier runs of the runbook that succeeded tell. */
export interface Experience {
  readonly runs: number
  /** How long each step took, every time, by path without loop keys; releases as `path!release`. */
  readonly tookMs: ReadonlyMap<string, readonly number[]>
}

/** Out of how long each step took in each of the runs. */
export function experienceOf(runs: readonly ReadonlyMap<string, number>[]): Experience {
  const tookMs = new Map<string, number[]>()
  for (const [path, ms] of runs.flatMap((run) => [...run])) {
    const key = withoutKeys(path)
    tookMs.set(key, [...(tookMs.get(key) ?? []), ms])
  }
  return { runs: runs.length, tookMs }
}

export interface Estimating {
  readonly drawing: Drawing
  readonly experience?: Experience
  readonly bytesPerSecond?: number
  /** Bytes that each transfer moves, by path. */
  readonly bytes: ReadonlyMap<string, number>
}

/** `backup/vms[vm-1]/copy` → `backup/vms[*]/copy`: what an item took tells of the others. */
export const withoutKeys = (path: string): string => path.replaceAll(/\[[^\]]*\]/g, '[*]')

/** Undefined where neither experience nor rate tells anything of the steps that count. */
export function estimate(on: Estimating, measured: Measured): Estimate | undefined {
  return estimated(on, (measure) =>
    measureAll(on.drawing, { ...measure, ...measured, counts: both(measure.counts, measured.counts) }),
  )
}

export const estimateOfStep = (on: Estimating, draft: Draft): Estimate | undefined =>
  estimated(on, (measure) => stepMs({ drawing: on.drawing, ...measure }, draft))

const both =
  (one: Measure['counts'], other: Measure['counts']): Measure['counts'] =>
  (draft) =>
    one(draft) && other(draft)

type Fold = (measure: Omit<Measure, 'drawing'>) => number | undefined

function estimated(on: Estimating, fold: Fold): Estimate | undefined {
  const sources = new Set<Estimate['from']['kind']>()
  const lowMs = fold(likely(on, Math.min, sources, (draft) => isPlain(draft) && draft.certainty !== 'may'))
  const highMs = fold(likely(on, Math.max, sources, isPlain))
  if (sources.size === 0 || lowMs === undefined || highMs === undefined) return undefined
  const { bytesPerSecond, experience } = on
  const from =
    sources.has('rate') && bytesPerSecond !== undefined
      ? ({ kind: 'rate', bytesPerSecond } as const)
      : ({ kind: 'runs', count: experience?.runs ?? 0 } as const)
  return { lowMs, highMs: Math.max(lowMs, highMs), from }
}

/** On a good day no catch runs. */
const isPlain = ({ path }: Draft): boolean => !path.includes('!catch/')

function likely(
  { experience, bytesPerSecond, bytes }: Estimating,
  pick: (...samples: number[]) => number,
  sources: Set<Estimate['from']['kind']>,
  counts: Measure['counts'],
): Omit<Measure, 'drawing'> {
  const past = (path: string): number | undefined => {
    const samples = experience?.tookMs.get(withoutKeys(path)) ?? []
    if (samples.length === 0) return undefined
    sources.add('runs')
    return pick(...samples)
  }
  const transfer = (path: string): number | undefined => {
    const size = bytes.get(path)
    if (size === undefined || bytesPerSecond === undefined) return undefined
    sources.add('rate')
    return (size / bytesPerSecond) * 1000
  }
  return {
    counts,
    leafMs: ({ path }) => Math.round(transfer(path) ?? past(path) ?? 0),
    openLoopMs: ({ path }, roundMs) => past(path) ?? roundMs,
    lockMs: 0,
    releaseMs: (id) => past(`${id}!release`) ?? 0,
  }
}
