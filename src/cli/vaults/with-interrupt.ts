// Work that Ctrl-C ends.
import type { Host } from '../host.ts'
import { Interrupted } from '../refusal.ts'

/** The signal is aborted by the first Ctrl-C; then Interrupted is thrown, whatever the work stumbled upon. */
export async function withInterrupt<T>(host: Host, work: (signal: AbortSignal) => Promise<T>, said = 'interrupted'): Promise<T> {
  const stop = new AbortController()
  const stopListening = host.onInterrupt(() => stop.abort(new Interrupted(said)))
  try {
    return await work(stop.signal)
  } catch (error) {
    stop.signal.throwIfAborted()
    throw error
  } finally {
    stopListening()
  }
}
