// The local cache of snapshot files: quick when it is there, right whatever becomes of it.
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Backend, openBackend, type Vault } from '../../src/vault/index.ts'
import { createStorage } from './prune-world.ts'
import { createFolder, PASSWORD, pointOf } from './world.ts'

const POINTS = 210

const open = (backend: Backend, cacheFolder: string, atMs?: number): Promise<Vault> =>
  openBackend(backend, PASSWORD, { threads: 0, cacheFolder, ...(atMs === undefined ? {} : { now: () => atMs }) })

test('a list is read from the cache, and is the same when that is deleted, spoiled or old', { timeout: 60_000 }, async () => {
  await using folder = await createFolder()
  const cache = folder.file('cache')
  const storage = await createStorage()
  let reads = 0
  const backend: Backend = {
    ...storage,
    read: (kind, name, range) => {
      if (kind === 'snapshot') reads += 1
      return storage.read(kind, name, range)
    },
  }
  {
    await using writer = await openBackend(backend, PASSWORD, { threads: 0 })
    for (let n = 0; n < POINTS; n += 1) await writer.commitPoint(pointOf(`run-${n}`, {}))
  }
  const list = async (): Promise<{ readonly runs: readonly string[]; readonly read: number }> => {
    reads = 0
    await using vault = await open(backend, cache)
    const points = await vault.points()
    return { runs: points.map(({ run }) => run).sort(), read: reads }
  }

  const first = await list()
  expect(first.read).toBe(POINTS)
  expect(await list()).toEqual({ runs: first.runs, read: 0 })
  const [name = ''] = await readdir(cache)
  const path = join(cache, name)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await readFile(path)).includes('run-1')).toBe(false)

  const content = await readFile(path)
  content[100] = (content[100] ?? 0) ^ 1
  await writeFile(path, content)
  expect(await list()).toEqual(first)
  await rm(cache, { recursive: true })
  expect(await list()).toEqual(first)

  {
    // Another program writes and forgets without this cache.
    await using other = await openBackend(storage, PASSWORD, { threads: 0 })
    const [oldest] = (await other.points()).filter(({ run }) => run === 'run-0')
    await other.forget({ pointIds: [oldest?.id ?? ''], dryRun: false })
    await other.commitPoint(pointOf('run-new', {}))
  }
  expect(await list()).toEqual({ runs: [...first.runs.filter((run) => run !== 'run-0'), 'run-new'].sort(), read: 1 })
})
