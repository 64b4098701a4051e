// Work that Ctrl-C ends.
import type { Host } from '../host.ts'

/** The signal is aborted by the first Ctrl-C. */
export async function withInterrupt<T>(host: Host, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const stopListening = host.onInterrupt(() => stop.abort(new Error('interrupted')))
  try {
    return await work(stop.signal)
  } finally {
    stopListening()
  }
}
