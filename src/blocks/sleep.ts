// Waiting that a signal ends with its own reason.
import { setTimeout } from 'node:timers/promises'

export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(delayMs, undefined, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
