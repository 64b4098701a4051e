// The platform's time: runs at a rate, or stands still until it is moved. Everything due happens in order of its time.

export interface PlatformClock extends Disposable {
  /** Milliseconds since the epoch, on the platform. */
  now(): number
  /** Runs `does` once that time has come. */
  at(dueMs: number, does: () => void): void
  /** Does what is due by now. */
  settle(): void
  /** When the next thing falls due. */
  readonly nextDueMs: number | undefined
  /** Moves on by that much at once, doing what falls due on the way. */
  advance(durationMs: number): void
}

interface Due {
  readonly dueMs: number
  readonly does: () => void
}

/** Rate 1 is real time, 0 stands still. */
export function createPlatformClock(startMs: number, rate: number): PlatformClock {
  const begunMs = performance.now()
  let movedMs = 0
  let pending: readonly Due[] = []
  let timer: NodeJS.Timeout | undefined
  /** While what is due is done, time stands at its due time. */
  let standing: number | undefined

  const now = (): number => standing ?? startMs + movedMs + (performance.now() - begunMs) * rate
  const arm = (): void => {
    clearTimeout(timer)
    const [next] = pending
    if (!next || rate === 0 || standing !== undefined) return
    timer = setTimeout(settle, Math.max(0, (next.dueMs - now()) / rate))
    timer.unref()
  }
  const doUntil = (untilMs: number): void => {
    for (let [next] = pending; next && next.dueMs <= untilMs; [next] = pending) {
      pending = pending.slice(1)
      standing = next.dueMs
      next.does()
    }
    standing = undefined
  }
  function settle(): void {
    if (standing !== undefined) return
    doUntil(now())
    arm()
  }

  return {
    now,
    at: (dueMs, does) => {
      // Sorting keeps the order of what falls due together.
      pending = [...pending, { dueMs, does }].sort((a, b) => a.dueMs - b.dueMs)
      arm()
    },
    settle,
    get nextDueMs() {
      return pending[0]?.dueMs
    },
    advance: (durationMs) => {
      const untilMs = now() + durationMs
      doUntil(untilMs)
      movedMs += untilMs - now()
      arm()
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      pending = []
    },
  }
}
