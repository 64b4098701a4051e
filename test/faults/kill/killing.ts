// Where a process dies, by SIGKILL: around the product's journal and handlers, never by a branch inside them.
import type { Journal } from '../../../src/journal/index.ts'
import type { Handlers } from '../../../src/packs/index.ts'

/** `record`: the n-th append is durable, nothing that follows from it has left. `call`: the n-th call has taken effect, its answer is lost. */
export type Point = 'record' | 'call'

const die = (): void => void process.kill(process.pid, 'SIGKILL')

export function killingAfterRecord(journal: Journal, record: number): Journal {
  let records = 0
  return {
    ...journal,
    async append(id, epoch, entry) {
      await journal.append(id, epoch, entry)
      records += 1
      if (records === record) die()
    },
  }
}

export function killingAfterCall(handlers: Handlers, call: number): Handlers {
  let calls = 0
  const killing = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (...given: Parameters<typeof handler>) => {
      const output = await handler(...given)
      calls += 1
      if (calls === call) die()
      return output
    },
  ])
  return Object.fromEntries(killing)
}
