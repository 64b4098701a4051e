// The transfers under way, each with its meter. Lets through at most one reading a second of each, and always its last.
import type { Observation } from '../../engine/index.ts'
import { createMeter, type Reading } from './meter.ts'

const EVERY_MS = 1000

export function createTransfers(
  everyMs: number = EVERY_MS,
): (observation: Extract<Observation, { kind: 'progress' }>) => Reading | undefined {
  const transfers = new Map<string, { readonly meter: ReturnType<typeof createMeter>; saidAt: number }>()
  return ({ runId, path, at, progress }) => {
    const key = JSON.stringify([runId, path, progress.label])
    const transfer = transfers.get(key) ?? { meter: createMeter(), saidAt: Number.NEGATIVE_INFINITY }
    transfers.set(key, transfer)
    const reading = transfer.meter(progress, at)
    const ended = reading.doneBytes >= reading.totalBytes
    if (ended) transfers.delete(key)
    if (!ended && at - transfer.saidAt < everyMs) return undefined
    transfer.saidAt = at
    return reading
  }
}
