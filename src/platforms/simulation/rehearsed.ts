// What the stand-ins of platforms with an API share: time that the rehearsal moves, and how often each operation was asked for.
import type { PlatformClock } from './clock.ts'

export const movedTime = (clock: PlatformClock) => ({
  get nextDueMs() {
    return clock.nextDueMs
  },
  advanceTo: (ms: number) => clock.advance(Math.max(0, ms - clock.now())),
})

/** Takes the calls off the list each time it is asked. */
export function tallyOf(calls: { readonly operationId: string }[]): () => Readonly<Record<string, number>> {
  const tally: Record<string, number> = {}
  return () => {
    for (const { operationId } of calls.splice(0)) tally[operationId] = (tally[operationId] ?? 0) + 1
    return { ...tally }
  }
}
