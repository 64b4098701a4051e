// The platform's time: runs at a settable rate, or stands still until it is moved. Everything due happens in order of its time.

export interface PlatformClock extends Disposable {
  /** Milliseconds since the epoch, on the platform. */
  now(): number
  /** Runs `does` once that time has come. Answers a way to call it off. */
  at(dueMs: number, does: () => void): () => void
  /** Does what is due by now. */
  settle(): void
  /** 1 is real time, 0 stands still. */
  setRate(rate: number): void
  readonly rate: number
  /** When the next thing falls due. */
  readonly nextDueMs: number | undefined
  /** Moves on by that much at once, doing what falls due on the way. */
  advance(durationMs: number): void
}

interface Due {
  readonly dueMs: number
  readonly order: number
  readonly does: () => void
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1

export function createPlatformClock(startMs: number, initialRate: number): PlatformClock {
  let rate = initialRate
  let baseMs = startMs
  let sinceMs = performance.now()
  let order = 0
  let pending: Due[] = []
  let timer: NodeJS.Timeout | undefined
  /** While what is due is done, time stands at its due time. */
  let standing: number | undefined

  const now = (): number => standing ?? baseMs + (performance.now() - sinceMs) * rate
  const rebase = (atMs: number): void => {
    baseMs = atMs
    sinceMs = performance.now()
  }
  const arm = (): void => {
    clearTimeout(timer)
    const next = pending[0]
    if (!next || rate === 0 || standing !== undefined) return
    timer = setTimeout(settle, Math.min(Math.max(0, (next.dueMs - now()) / rate), MAX_TIMEOUT_MS))
    timer.unref()
  }
  const doUntil = (untilMs: number): void => {
    for (let next = pending[0]; next && next.dueMs <= untilMs; next = pending[0]) {
      pending.shift()
      standing = next.dueMs
      next.does()
    }
    standing = undefined
  }
  const settle = (): void => {
    if (standing !== undefined) return
    doUntil(now())
    arm()
  }

  return {
    now,
    at: (dueMs, does) => {
      const due = { dueMs, order: order++, does }
      pending.push(due)
      pending.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)
      arm()
      return () => {
        pending = pending.filter((other) => other !== due)
      }
    },
    settle,
    setRate: (next) => {
      rebase(now())
      rate = next
      arm()
    },
    get rate() {
      return rate
    },
    get nextDueMs() {
      return pending[0]?.dueMs
    },
    advance: (durationMs) => {
      const untilMs = now() + durationMs
      doUntil(untilMs)
      rebase(untilMs)
      arm()
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      pending = []
    },
  }
}
