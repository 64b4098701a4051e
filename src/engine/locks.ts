// Locks over all runs: first come, first served within this process; between processes the journal decides, asked once a second.
import type { Journal } from '../journal/index.ts'
import type { Clock } from '../packs/index.ts'

const ASK_AGAIN_MS = 1000

export interface Locks {
  request(request: LockRequest): Lock
  /** Takes over what the run holds already by the journal; nobody is told. */
  adopt(request: LockRequest): Lock
}

export interface LockRequest {
  readonly name: string
  readonly runId: string
  readonly epoch: number
  readonly granted: () => void
  /** The journal refused the write; nothing is held. */
  readonly failed: (error: unknown) => void
}

export interface Lock {
  readonly name: string
  /** True from just before `granted` until `giveUp`. */
  isHeld(): boolean
  /** Ends the request. What was held must be in the `unlocks` of an entry that is durable by then. */
  giveUp(): void
}

interface Waiting extends LockRequest {
  readonly over: AbortController
  isHeld: boolean
}

export function createLocks(journal: Journal, clock: Clock): Locks {
  const queues = new Map<string, Waiting[]>()

  async function serve(name: string, queue: Waiting[]): Promise<void> {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      try {
        if (first.isHeld || (await take(first))) {
          const isNew = !first.isHeld
          first.isHeld = true
          if (isNew) first.granted()
          await ended(first.over.signal)
        }
      } catch (error) {
        first.failed(error)
      }
      // What was adopted meanwhile stands before it.
      queue.splice(queue.indexOf(first), 1)
    }
    queues.delete(name)
  }

  /** False when the request was given up before it was granted. */
  async function take({ name, runId, epoch, over: { signal } }: Waiting): Promise<boolean> {
    while (!signal.aborted) {
      if (await journal.tryLock(name, runId, epoch)) {
        if (!signal.aborted) return true
        await journal.append(runId, epoch, { events: [], obligations: [], unlocks: [name] })
      } else {
        await clock.sleep(ASK_AGAIN_MS, signal).catch(() => {})
      }
    }
    return false
  }

  function enter(request: LockRequest, isHeld: boolean): Lock {
    const waiting: Waiting = { ...request, over: new AbortController(), isHeld }
    const queue = queues.get(request.name)
    // One who waits at the front asks the journal, and gets it no sooner than what is held is given up.
    if (queue) isHeld ? queue.unshift(waiting) : queue.push(waiting)
    else {
      const fresh = [waiting]
      queues.set(request.name, fresh)
      void serve(request.name, fresh)
    }
    return { name: request.name, isHeld: () => waiting.isHeld, giveUp: () => waiting.over.abort() }
  }

  return { request: (request) => enter(request, false), adopt: (request) => enter(request, true) }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
