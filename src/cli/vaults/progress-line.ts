// One line that tells how a transfer outside of a run is getting on. Silent where nobody looks.
import type { Clock } from '../../packs/index.ts'
import { printable } from '../../values/index.ts'
import type { Output } from '../host.ts'
import { createMeter, wordsOfReading } from '../views/index.ts'

const EVERY_MS = 200

export interface ProgressLine {
  show(label: string, bytes: { readonly doneBytes: number; readonly totalBytes?: number }): void
  clear(): void
}

export function createProgressLine(output: Output, clock: Clock): ProgressLine {
  const meters = new Map<string, ReturnType<typeof createMeter>>()
  let shownAt = Number.NEGATIVE_INFINITY
  if (!output.terminal) return { show: () => undefined, clear: () => undefined }
  return {
    show: (label, bytes) => {
      const at = clock.now()
      const meter = meters.get(label) ?? createMeter()
      meters.set(label, meter)
      const reading = meter({ ...bytes, label }, at)
      if (at - shownAt < EVERY_MS) return
      shownAt = at
      output.write(`\r\u001b[K${printable(wordsOfReading(reading, label))}`)
    },
    clear: () => output.write('\r\u001b[K'),
  }
}
