// What must be true of a run over things in a folder that was broken off and resumed.
import { join } from 'node:path'
import { expect } from 'vitest'
import { openJournal } from '../../../src/journal/index.ts'
import { folderStore } from '../../engine/things.ts'

/** Answers how many things were held and let go. */
export async function judgeThings(folder: string, label: string): Promise<number> {
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  const [run] = await journal.runs()
  expect(run?.status, label).toMatch(/succeeded|failed/)
  expect(run?.outcome?.owed, label).toEqual([])
  expect(await journal.obligations({ open: true }), label).toEqual([])
  expect(await journal.locks(), label).toEqual([])
  const store = folderStore(folder)
  expect(store.names(), label).toEqual([])
  const once = store.said().filter((effect) => !effect.startsWith('delete'))
  expect(new Set(once).size, `${label}: ${once}`).toBe(once.length)
  if (run?.status === 'failed') expect(run.outcome?.failure?.type, label).toBe('crashed')
  return once.filter((effect) => effect.startsWith('create')).length
}
