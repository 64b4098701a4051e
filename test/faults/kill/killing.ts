// Where a process dies or stands still, by a real signal: around the product's journal and handlers, never by a branch inside them.
import type { Journal } from '../../../src/journal/index.ts'
import type { Handlers } from '../../../src/packs/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'

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
  return around(handlers, async (perform) => {
    const output = await perform()
    calls += 1
    if (calls === call) die()
    return output
  })
}

/** Says `paused` and stands still just before the n-th call, until somebody sends SIGCONT. */
export function pausingAtCall(handlers: Handlers, call: number): Handlers {
  let calls = 0
  return around(handlers, (perform) => {
    calls += 1
    if (calls === call) {
      process.stdout.write('paused\n')
      process.kill(process.pid, 'SIGSTOP')
    }
    return perform()
  })
}

function around(handlers: Handlers, call: (perform: () => Promise<JsonObject>) => Promise<JsonObject>): Handlers {
  const wrapped = Object.entries(handlers).map(([name, handler]) => [
    name,
    (...given: Parameters<typeof handler>) => call(() => handler(...given)),
  ])
  return Object.fromEntries(wrapped)
}
