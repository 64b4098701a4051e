// How long writes were held still in a guest, seen from outside: the measuring guest says a line after each write that is on its disk.
import { connect } from 'node:net'

export interface Beats extends Disposable {
  /** Forgets what was. */
  restart(): void
  /** The longest time without a write since, in milliseconds; the time that passes now counts. */
  longestMs(): number
  /** Resolves with the next one. */
  next(): Promise<void>
}

/** Resolves with the first beat. */
export async function hearBeats(path: string): Promise<Beats> {
  const socket = connect(path)
  let last = 0
  let longest = 0
  const note = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const restart = (): void => {
    last = performance.now()
    longest = 0
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve()).once('error', reject)
  })
  restart()
  socket.on('data', note).on('error', () => {})
  return {
    restart,
    next: () => new Promise((resolve) => socket.once('data', () => resolve())),
    longestMs: () => Math.max(longest, performance.now() - last),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
