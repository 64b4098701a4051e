// The end of a connection from this side: what was written is sent first, to a peer that still reads.
import type { Duplex } from 'node:stream'

/** A peer that reads no more has this long to take the last words. */
const LINGER_MS = 2000

/** Sends what was written, then closes; resolves when the stream is closed. */
export function closeSoon(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) return resolve()
    const timer = setTimeout(() => stream.destroy(), LINGER_MS)
    stream.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    stream.end(() => stream.destroy())
  })
}
