// Real processes, really killed. What the far side holds lies in files that outlive them.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openJournal } from '../../../src/journal/index.ts'
import { folderStore } from '../../engine/things.ts'
import { killAtEach } from './kill.ts'

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-kill-'))
})
afterAll(() => rm(root, { recursive: true }))

async function folderOf(name: string): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  return folder
}

it.each(['record', 'call'] as const)(
  'a process killed at any %s leaves nothing behind once its run is resumed, and repeats no effect (P1, P2, P3)',
  async (point) => {
    const killed = await killAtEach('things', { point, folderOf })
    let held = 0
    for (const { folder, count } of killed) {
      await using journal = openJournal(join(folder, 'journal.sqlite'))
      const [run] = await journal.runs()
      const label = `killed at ${point} ${count}`
      expect(run?.status, label).toMatch(/succeeded|failed/)
      expect(run?.outcome?.owed, label).toEqual([])
      expect(await journal.obligations({ open: true }), label).toEqual([])
      expect(await journal.locks(), label).toEqual([])
      const store = folderStore(folder)
      expect(store.names(), label).toEqual([])
      const once = store.said().filter((effect) => !effect.startsWith('delete'))
      expect(new Set(once).size, `${label}: ${once}`).toBe(once.length)
      if (run?.status === 'failed') expect(run.outcome?.failure?.type, label).toBe('crashed')
      held += once.filter((effect) => effect.startsWith('create')).length
    }
    console.log(`killed and resumed ${killed.length} runs, one at each ${point}; ${held} things were held and let go`)
    expect(killed.map(({ count }) => count).slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1))
  },
  120_000,
)
