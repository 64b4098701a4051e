// Bytes, rate and time left of a transfer, from its progress alone. Knows no clock: times come with the observations.
import type { Progress } from '../../packs/index.ts'

export interface Reading {
  readonly doneBytes: number
  readonly totalBytes: number
  /** Over the last seconds; absent until there is something to tell it from. */
  readonly bytesPerSecond?: number
  readonly leftMs?: number
}

const WINDOW_MS = 10_000
/** Less says nothing about a rate. */
const LEAST_MS = 500

/** One for each transfer. */
export function createMeter(): (progress: Progress, at: number) => Reading {
  let samples: { at: number; doneBytes: number }[] = []
  return ({ doneBytes, totalBytes }, at) => {
    // A transfer that starts again counts from its new beginning.
    if (doneBytes < (samples.at(-1)?.doneBytes ?? 0)) samples = []
    samples.push({ at, doneBytes })
    while (samples.length > 2 && (samples[0]?.at ?? at) < at - WINDOW_MS) samples.shift()
    const first = samples[0]
    const spanMs = at - (first?.at ?? at)
    const moved = doneBytes - (first?.doneBytes ?? doneBytes)
    if (spanMs < LEAST_MS || moved <= 0) return { doneBytes, totalBytes }
    const bytesPerSecond = Math.round((moved * 1000) / spanMs)
    return { doneBytes, totalBytes, bytesPerSecond, leftMs: Math.round(((totalBytes - doneBytes) * spanMs) / moved) }
  }
}
