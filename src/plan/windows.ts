// Hold windows: which steps run while something is held, and how long that may be at worst.
import { resourceNamed } from '../kernel/index.ts'
import type { Drawing, HoldDraft } from './draw.ts'
import type { Estimate, HoldWindow } from './model.ts'
import { blockMs, type Measure, worstMs } from './spans.ts'

/** `place`: where in the plan a step stands, by path. `estimate`: how long the steps that count, and the releases to the end of this hold, take by experience. */
export function windowOf(
  on: Drawing,
  held: HoldDraft,
  place: ReadonlyMap<string, number>,
  estimate: (measured: Measured) => Estimate | undefined,
): HoldWindow {
  const { hold, during } = held
  const measured: Measured = { counts: ({ path }) => path === hold.path || during.has(path), until: hold }
  const atMostMs = measureAll(on, { ...measured, ...atWorst(on) })
  const estimated = estimate(measured)
  const renewals = renewalsIn(hold.leaseEveryMs, estimated, atMostMs)
  return {
    during: [...during].filter((path) => place.has(path)).sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0)),
    ...(atMostMs === undefined ? {} : { atMostMs }),
    ...(estimated === undefined ? {} : { estimate: estimated }),
    ...(renewals === undefined ? {} : { renewals }),
  }
}

export type Measured = Pick<Measure, 'counts' | 'until'>

/** Over the whole tree: what does not count takes no time. */
export const measureAll = (drawing: Drawing, measure: Omit<Measure, 'drawing'>): number | undefined =>
  blockMs({ drawing, ...measure }, 'run', drawing.roots, drawing.closes)

const atWorst = (on: Drawing): Pick<Measure, 'leafMs' | 'openLoopMs' | 'lockMs' | 'releaseMs'> => ({
  leafMs: worstMs,
  openLoopMs: () => undefined,
  lockMs: undefined,
  releaseMs: (id) => resourceNamed(on.program, on.holds.get(id)?.hold.type ?? '').release.timeoutMs,
})

function renewalsIn(
  everyMs: number | undefined,
  estimate: Estimate | undefined,
  atMostMs: number | undefined,
): HoldWindow['renewals'] {
  if (everyMs === undefined) return undefined
  const [lowMs, highMs] = estimate ? [estimate.lowMs, estimate.highMs] : [0, atMostMs]
  return highMs === undefined ? undefined : { low: Math.floor(lowMs / everyMs), high: Math.floor(highMs / everyMs) }
}
