import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryJournal, openJournal } from '../../src/journal/index.ts'
import { journalContract } from './journal.contract.ts'

journalContract('the journal in memory', async () => ({ journal: createMemoryJournal(), dispose: async () => {} }))

journalContract('the SQLite journal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-journal-'))
  const path = join(folder, 'journal.db')
  let journal = openJournal(path)
  return {
    journal,
    reopen: async () => {
      await journal[Symbol.asyncDispose]()
      journal = openJournal(path)
      return journal
    },
    dispose: async () => {
      await journal[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
})
