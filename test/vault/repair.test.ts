// Whatever is broken in a vault, repair drops it and keeps the rest; what it keeps can be restored.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Backend, FileKind } from '../../src/vault/index.ts'
import { copyBackend, dyingBackend } from './failing-backend.ts'
import { createStorage, DISKS, expectWhole, open, storePoints } from './prune-world.ts'
import { readBack } from './world.ts'

const spoil = async (backend: Backend, kind: FileKind, name: string, at: number): Promise<void> => {
  const content = await backend.read(kind, name)
  content[at % content.length] = (content[at % content.length] ?? 0) ^ 1
  await backend.put(kind, name, [content])
}

/** Verify finds nothing, and what the vault still lists has the content that it had. */
async function expectSound(backend: Backend, stored: Awaited<ReturnType<typeof storePoints>>): Promise<number> {
  await using vault = await open(backend)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  const points = await vault.points()
  for (const { id } of points) {
    const was = stored.find(({ point }) => point.id === id)
    expect((await readBack(vault, id)).equals(was?.content ?? Buffer.alloc(0))).toBe(true)
  }
  return points.length
}

describe('repair', () => {
  test('changes nothing in a vault that is whole', async () => {
    const backend = await createStorage()
    await storePoints(backend, DISKS)
    const files = async () => [...(await backend.names('index')), ...(await backend.names('pack'))]
    const before = await files()
    await using vault = await open(backend)
    expect(await vault.repair({ dropPoints: true, dryRun: false })).toEqual({
      indexFilesReplaced: 0,
      packsIndexed: 0,
      packsDropped: 0,
      blobsSaved: 0,
      blobsLost: 0,
      unreadableSnapshots: [],
      damagedPoints: [],
      pointsDropped: 0,
    })
    expect(await files()).toEqual(before)
  })

  test('keeps all that can be read, after changes of any files, and drops no more than that', { timeout: 60_000 }, async () => {
    const template = await createStorage()
    const stored = await storePoints(template, DISKS)
    const changes = fc.array(
      fc.record({
        kind: fc.constantFrom<FileKind>('pack', 'index', 'snapshot'),
        file: fc.nat(),
        how: fc.constantFrom('flip', 'flip', 'remove', 'cut'),
        at: fc.nat(),
      }),
      { minLength: 1, maxLength: 3 },
    )
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const backend = await copyBackend(template)
        for (const { kind, file, how, at } of list) {
          const names = await backend.names(kind)
          const name = names[file % names.length]
          if (name === undefined) continue
          if (how === 'flip') await spoil(backend, kind, name, at)
          if (how === 'remove') await backend.remove(kind, name)
          if (how === 'cut') await backend.put(kind, name, [(await backend.read(kind, name)).subarray(0, 20)])
        }
        await using vault = await open(backend)
        const told = await vault.repair({ dropPoints: false, dryRun: true })
        const readable = (await vault.points()).length
        const done = await vault.repair({ dropPoints: true, dryRun: false })
        expect(done.packsDropped).toBe(told.packsDropped)
        const left = await expectSound(backend, stored)
        expect(left).toBe(readable - done.damagedPoints.length)
      }),
      { numRuns: 25 },
    )
  })

  test('finds every point again when all of the index is gone', async () => {
    const backend = await createStorage()
    const stored = await storePoints(backend, DISKS)
    for (const name of await backend.names('index')) await backend.remove('index', name)
    await using vault = await open(backend)
    expect(await vault.repair({ dropPoints: false, dryRun: false })).toMatchObject({ damagedPoints: [], packsDropped: 0 })
    await expectWhole(backend, stored)
  })

  test('saves the blobs of a pack that are whole, and leaves damaged points unless told to drop them', async () => {
    const backend = await createStorage()
    const stored = await storePoints(backend, DISKS)
    const packs = await backend.list('pack')
    const [largest] = packs.toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    await spoil(backend, 'pack', largest?.name ?? '', 3)
    await using vault = await open(backend)
    const told = await vault.repair({ dropPoints: false, dryRun: false })
    expect(told).toMatchObject({ packsDropped: 1, blobsLost: 1, pointsDropped: 0 })
    expect(told.blobsSaved).toBeGreaterThan(1)
    expect(told.damagedPoints.length).toBeGreaterThan(0)
    expect(await vault.points()).toHaveLength(4)
    const dropped = await vault.repair({ dropPoints: true, dryRun: false })
    expect(dropped.pointsDropped).toBe(told.damagedPoints.length)
    expect(await expectSound(backend, stored)).toBe(4 - dropped.pointsDropped)
  })

  test('lets prune work again after a snapshot was spoiled', async () => {
    const backend = await createStorage()
    const stored = await storePoints(backend, DISKS)
    await spoil(backend, 'snapshot', stored[0]?.point.id ?? '', 9)
    await using vault = await open(backend)
    await expect(vault.prune({ dryRun: false })).rejects.toMatchObject({ code: 'VAULT_PRUNE_REFUSED' })
    expect(await vault.repair({ dropPoints: true, dryRun: false })).toMatchObject({ unreadableSnapshots: [stored[0]?.point.id] })
    await vault.prune({ dryRun: false, maxUnused: 0 })
    await expectWhole(backend, stored.slice(1))
  })

  test('that dies at any call loses nothing that could be read', { timeout: 60_000 }, async () => {
    const template = await createStorage()
    const stored = await storePoints(template, DISKS)
    const [pack] = (await template.list('pack')).toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    await spoil(template, 'pack', pack?.name ?? '', 3)
    const [index = ''] = await template.names('index')
    await spoil(template, 'index', index, 3)
    const reference = await copyBackend(template)
    const repair = async (backend: Backend): Promise<void> => {
      const vault = await open(backend)
      try {
        await vault.repair({ dropPoints: false, dryRun: false })
      } finally {
        await vault.close().catch(() => {})
      }
    }
    const wholeIds = async (backend: Backend): Promise<readonly string[]> => {
      await using vault = await open(backend)
      const { damagedPoints } = await vault.verify({ data: true })
      const damaged = new Set(damagedPoints.map(({ id }) => id))
      return (await vault.points()).map(({ id }) => id).filter((id) => !damaged.has(id))
    }
    await repair(reference)
    const expected = await wholeIds(reference)
    expect(expected.length).toBeLessThan(stored.length)
    for (let fatal = 0; ; fatal += 3) {
      const backend = await copyBackend(template)
      const ended = await repair(dyingBackend(backend, fatal, 'before')).then(
        () => true,
        () => false,
      )
      const survivor = await copyBackend(backend)
      await repair(survivor)
      expect(await wholeIds(survivor)).toEqual(expected)
      if (ended) return
    }
  })
})
