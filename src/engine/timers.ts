// A run's timers on the injected clock. One that was cleared or set anew does not fire.
import type { Clock } from '../packs/index.ts'

/** Given as the reason of every abort: making the default one, with its stack, costs more than the timer. */
const CLEARED = 'cleared'

export interface Timers {
  /** `at` in milliseconds since the epoch, in the run's time; a moment that has passed fires at once. */
  set(timer: string, at: number): void
  clear(timer: string): void
  clearAll(): void
}

/** `now` is the run's time, see E5. */
export function createTimers(clock: Clock, now: () => number, fire: (timer: string, at: number) => void): Timers {
  const running = new Map<string, AbortController>()

  function clear(timer: string): void {
    running.get(timer)?.abort(CLEARED)
    running.delete(timer)
  }

  return {
    clear,
    set(timer, at) {
      clear(timer)
      const controller = new AbortController()
      running.set(timer, controller)
      clock.sleep(Math.max(0, at - now()), controller.signal).then(
        () => {
          running.delete(timer)
          fire(timer, at)
        },
        () => {},
      )
    },
    clearAll() {
      for (const timer of [...running.keys()]) clear(timer)
    },
  }
}
