// A journal that kills its process with SIGKILL right after its n-th record is durable. Around the product's journal, not inside.
import type { Journal } from '../../../src/journal/index.ts'

export function killingAfter(journal: Journal, record: number): Journal {
  let records = 0
  return {
    ...journal,
    async append(id, epoch, entry) {
      await journal.append(id, epoch, entry)
      records += 1
      if (records === record) process.kill(process.pid, 'SIGKILL')
    },
  }
}
