// Bytes, rate and time left of a transfer, from its progress alone. Knows no clock: times come with the observations.
import type { Progress } from '../../packs/index.ts'

export interface Reading {
  readonly doneBytes: number
  /** Absent while nobody knows it. */
  readonly totalBytes?: number
  /** Over the last seconds; absent until there is something to tell it from. */
  readonly bytesPerSecond?: number
  readonly leftMs?: number
}

const WINDOW_MS = 10_000
/** Less says nothing about a rate. */
const LEAST_MS = 500
/** Small files come by the thousand each second. */
const SAMPLE_MS = 100

/** One for each transfer. */
export function createMeter(): (progress: Progress, at: number) => Reading {
  let samples: { at: number; doneBytes: number }[] = []
  let lastBytes = 0
  return ({ doneBytes, totalBytes }, at) => {
    // A transfer that starts again counts from its new beginning.
    if (doneBytes < lastBytes) samples = []
    lastBytes = doneBytes
    if (at - (samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= SAMPLE_MS) samples.push({ at, doneBytes })
    while (samples.length > 2 && (samples[0]?.at ?? at) < at - WINDOW_MS) samples.shift()
    const first = samples[0]
    const spanMs = at - (first?.at ?? at)
    const moved = doneBytes - (first?.doneBytes ?? doneBytes)
    const known = totalBytes === undefined ? {} : { totalBytes }
    if (spanMs < LEAST_MS || moved <= 0) return { doneBytes, ...known }
    const bytesPerSecond = Math.round((moved * 1000) / spanMs)
    if (totalBytes === undefined) return { doneBytes, bytesPerSecond }
    return { doneBytes, totalBytes, bytesPerSecond, leftMs: Math.round(((totalBytes - doneBytes) * spanMs) / moved) }
  }
}
