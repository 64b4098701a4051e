// What a vault says of itself: differences, figures, keys, samples.
import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/values/index.ts'
import { type Backend, openBackend } from '../../src/vault/index.ts'
import { backUpFolder } from './file-world.ts'
import { CHUNK, createStorage, DISKS, open, storePoints } from './prune-world.ts'
import { createFolder, createVault, noise, PASSWORD, pointOf, whole, writeDisk } from './world.ts'

describe('a difference', () => {
  test('of disks is told in ranges, as fine as chunks, with what was added and removed', async () => {
    await using folder = await createFolder()
    const backend = await createStorage()
    await using vault = await open(backend)
    const store = async (disk: string, seeds: readonly number[]) => {
      const content = Buffer.concat(seeds.map((seed) => noise(seed, CHUNK)))
      const source = await writeDisk(folder.file('disk'), content)
      return await vault.storeDisk({ disk, sizeBytes: content.length, source, map: whole(content.length) })
    }
    const seeds = Array.from({ length: 20 }, (_, i) => i)
    const from = await vault.commitPoint(
      pointOf('run-1', { a: await store('a', seeds), b: await store('b', [1]), c: await store('c', [2]) }),
    )
    const changed = seeds.map((seed) => ([3, 4, 17].includes(seed) ? 99 : seed))
    const disks = { a: await store('a', [...changed, 50]), c: await store('c', [2]), d: await store('d', [7]) }
    const to = await vault.commitPoint(pointOf('run-2', disks))
    expect(await vault.diff(from.id, to.id)).toEqual({
      disks: [
        {
          disk: 'a',
          change: 'changed',
          sizeBytes: 21 * CHUNK,
          changedBytes: 4 * CHUNK,
          ranges: [
            { offsetBytes: 3 * CHUNK, lengthBytes: 2 * CHUNK },
            { offsetBytes: 17 * CHUNK, lengthBytes: CHUNK },
            { offsetBytes: 20 * CHUNK, lengthBytes: CHUNK },
          ],
        },
        { disk: 'c', change: 'same', sizeBytes: CHUNK, changedBytes: 0, ranges: [] },
        { disk: 'd', change: 'added', sizeBytes: CHUNK, changedBytes: CHUNK, ranges: [{ offsetBytes: 0, lengthBytes: CHUNK }] },
        { disk: 'b', change: 'removed', sizeBytes: CHUNK, changedBytes: CHUNK, ranges: [{ offsetBytes: 0, lengthBytes: CHUNK }] },
      ],
      files: [],
    })
  })

  test('of files is told by path', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { keyCost: 1024 })
    await mkdir(folder.file('data/mail'), { recursive: true })
    for (const name of ['same', 'changed', 'gone', 'touched', 'replaced']) await writeFile(folder.file(`data/mail/${name}`), name)
    const { point: from } = await backUpFolder(vault, 'run-1', folder.file('data'))
    await writeFile(folder.file('data/mail/changed'), 'otherwise')
    await rm(folder.file('data/mail/gone'))
    await utimes(folder.file('data/mail/touched'), 1, 1)
    await rm(folder.file('data/mail/replaced'))
    await symlink('same', folder.file('data/mail/replaced'))
    await mkdir(folder.file('data/new'))
    await writeFile(folder.file('data/new/file'), 'new')
    const { point: to } = await backUpFolder(vault, 'run-2', folder.file('data'))
    const { files } = await vault.diff(from.id, to.id)
    expect(files.filter(({ path }) => path !== 'data' && path !== 'data/mail')).toEqual([
      { path: 'data/mail/changed', change: 'changed' },
      { path: 'data/mail/gone', change: 'removed' },
      { path: 'data/mail/replaced', change: 'changed' },
      { path: 'data/mail/touched', change: 'metadata' },
      { path: 'data/new', change: 'added' },
      { path: 'data/new/file', change: 'added' },
    ])
    expect((await vault.diff(to.id, to.id)).files).toEqual([])
  })
})

test('figures of a vault tell what sharing and compression save, and how it grew', async () => {
  const backend = await createStorage()
  await storePoints(backend, DISKS)
  await using vault = await open(backend)
  const stats = await vault.stats()
  expect(stats).toMatchObject({ points: 4, packs: 16, pointBytes: 16 * CHUNK })
  expect(stats.growth.map(({ day, points }) => [day, points])).toEqual([
    ['2026-11-01', 1],
    ['2026-11-02', 1],
    ['2026-11-03', 1],
    ['2026-11-04', 1],
  ])
  // Nine different chunks of noise, which cannot be compressed, and some JSON, which can.
  expect(stats.uniqueBytes).toBeGreaterThan(9 * CHUNK)
  expect(stats.compressedBytes).toBeLessThan(stats.uniqueBytes)
  expect(stats.storedBytes).toBeGreaterThan(stats.compressedBytes)
})

test('a sample reads about the share that was asked for, and only all of it finds everything', async () => {
  const backend = await createStorage()
  await storePoints(
    backend,
    Array.from({ length: 20 }, (_, i) => [100 + i, 200 + i]),
  )
  await using vault = await open(backend)
  const { bytesRead: all, packs } = await vault.verify({ data: true })
  const { bytesRead } = await vault.verify({ data: true, sample: 0.25 })
  expect(bytesRead).toBeGreaterThanOrEqual(all * 0.25)
  expect(bytesRead).toBeLessThan(all * 0.5)
  expect(packs).toBe(80)
  expect((await vault.verify({ data: true, sample: 0 })).bytesRead).toBe(0)
  for (const name of await backend.names('pack')) {
    const content = await backend.read('pack', name)
    content[5] = (content[5] ?? 0) ^ 1
    await backend.put('pack', name, [content])
  }
  expect((await vault.verify({ data: true, sample: 0.25 })).problems.length).toBeGreaterThan(0)
})

describe('keys', () => {
  const opens = (backend: Backend, password: string) =>
    openBackend(backend, new Secret(password), { threads: 0 }).then(
      async (vault) => {
        await vault.close()
        return true
      },
      () => false,
    )

  test('are added and removed, but never the one in use', async () => {
    const backend = await createStorage()
    await using vault = await openBackend(backend, PASSWORD, { threads: 0, keyCost: 1024 })
    const [first] = await vault.keys.list()
    const added = await vault.keys.add(new Secret('second'))
    expect((await vault.keys.list()).map(({ id, current }) => [id, current])).toContainEqual([added, false])
    expect(await opens(backend, 'second')).toBe(true)
    await expect(vault.keys.remove(first?.id ?? '')).rejects.toMatchObject({ code: 'VAULT_KEY_IN_USE' })
    await expect(vault.keys.remove('zz')).rejects.toMatchObject({ code: 'VAULT_KEY_UNKNOWN' })
    await vault.keys.remove(added.slice(0, 12))
    expect(await opens(backend, 'second')).toBe(false)
    expect(await opens(backend, PASSWORD.reveal())).toBe(true)
  })

  test('are not removed to the last by two who remove the key of each other', async () => {
    const backend = await createStorage()
    await using vault = await openBackend(backend, PASSWORD, { threads: 0, keyCost: 1024 })
    const [first] = await vault.keys.list()
    const second = await vault.keys.add(new Secret('second'))
    await using other = await openBackend(backend, new Secret('second'), { threads: 0 })
    await other.keys.remove(first?.id ?? '')
    await expect(vault.keys.remove(second)).rejects.toMatchObject({ code: 'VAULT_KEY_UNKNOWN' })
    expect(await opens(backend, 'second')).toBe(true)
  })

  test('change so that the vault opens with the new password only, and what it holds stays', async () => {
    const backend = await createStorage()
    const stored = await storePoints(backend, DISKS)
    await using vault = await openBackend(backend, PASSWORD, { threads: 0, keyCost: 1024 })
    await vault.keys.change(new Secret('new'))
    await vault.keys.change(new Secret('newer'))
    expect([await opens(backend, PASSWORD.reveal()), await opens(backend, 'new'), await opens(backend, 'newer')]).toEqual([
      false,
      false,
      true,
    ])
    await using again = await openBackend(backend, new Secret('newer'), { threads: 0 })
    expect(await again.points()).toHaveLength(stored.length)
    expect(await again.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  })
})
