// The transfers under way, each with its meter. Lets through at most one reading a second of each, and always its end.
import type { Observation } from '../../engine/index.ts'
import { createMeter, type Reading } from './meter.ts'

const EVERY_MS = 1000

export function createTransfers(
  everyMs: number = EVERY_MS,
): (observation: Extract<Observation, { kind: 'progress' }>) => Reading | undefined {
  const transfers = new Map<string, Transfer>()
  return ({ runId, path, at, progress }) => {
    const key = JSON.stringify([runId, path, progress.label])
    const transfer = transfers.get(key) ?? {
      meter: createMeter(),
      saidAt: Number.NEGATIVE_INFINITY,
      doneBytes: -1,
      hasEnded: false,
    }
    transfers.set(key, transfer)
    const reading = transfer.meter(progress, at)
    // What grows while it is read, as files do, may be all there is time and again: that is no end.
    const endsAgain = transfer.hasEnded && reading.doneBytes >= transfer.doneBytes
    transfer.hasEnded = reading.doneBytes >= (reading.totalBytes ?? Number.POSITIVE_INFINITY)
    transfer.doneBytes = reading.doneBytes
    if ((endsAgain || !transfer.hasEnded) && at - transfer.saidAt < everyMs) return undefined
    transfer.saidAt = at
    return reading
  }
}

interface Transfer {
  readonly meter: ReturnType<typeof createMeter>
  saidAt: number
  doneBytes: number
  hasEnded: boolean
}
