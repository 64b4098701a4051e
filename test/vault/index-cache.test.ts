// The local cache of what index files list: quick when it is there, right whatever becomes of it.
import { appendFile, copyFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Backend, openBackend, type Vault } from '../../src/vault/index.ts'
import { createStorage, type Stored, storePoints } from './prune-world.ts'
import { createFolder, PASSWORD, readBack } from './world.ts'

const POINTS = 12
/** One for its disks, one for the point itself. */
const FILES_A_POINT = 2
const FILES = FILES_A_POINT * POINTS
const DISKS = Array.from({ length: POINTS }, (_, n) => [n, n + 1, 100])

interface World {
  /** Counts index files that were read. */
  readonly backend: Backend
  readonly stored: readonly Stored[]
  readonly open: () => Promise<Vault>
  /** Opens it, reads a point, and answers how many index files that took. */
  readonly use: (of?: number) => Promise<number>
  readonly path: () => Promise<string>
}

async function createWorld(cacheFolder: string): Promise<World> {
  const storage = await createStorage()
  const stored = await storePoints(storage, DISKS)
  let reads = 0
  const backend: Backend = {
    ...storage,
    read: (kind, name, range) => {
      if (kind === 'index') reads += 1
      return storage.read(kind, name, range)
    },
  }
  const open = () => openBackend(backend, PASSWORD, { threads: 0, cacheFolder })
  return {
    backend,
    stored,
    open,
    async use(of = 0) {
      reads = 0
      await using vault = await open()
      const { point, content } = stored[of] ?? { point: { id: '' }, content: Buffer.alloc(0) }
      expect((await readBack(vault, point.id)).equals(content)).toBe(true)
      return reads
    },
    path: async () => join(cacheFolder, (await readdir(cacheFolder)).find((name) => name.endsWith('.index')) ?? ''),
  }
}

describe('the cache of index files', () => {
  test('is done without where its folder cannot be made though what is above it is there', async () => {
    const world = await createWorld('/proc/nowhere/at/all')
    expect(await world.use()).toBe(FILES)
    expect(await world.use()).toBe(FILES)
  })

  test('spares reading them, for its owner only, and is made again when it is gone', async () => {
    await using folder = await createFolder()
    const world = await createWorld(folder.file('cache'))
    expect(await world.use()).toBe(FILES)
    expect(await world.use()).toBe(0)
    const path = await world.path()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const [name = ''] = await world.backend.names('index')
    expect((await readFile(path)).includes(Buffer.from(name, 'hex'))).toBe(false)
    await rm(path)
    expect(await world.use()).toBe(FILES)
    expect(await world.use()).toBe(0)
  })

  test('takes in what others wrote since, and forgets what they pruned', async () => {
    await using folder = await createFolder()
    const world = await createWorld(folder.file('cache'))
    await world.use()
    await storePoints(world.backend, [[200]], 'vm-2')
    expect(await world.use()).toBe(FILES_A_POINT)
    expect(await world.use()).toBe(0)
    {
      await using other = await openBackend(world.backend, PASSWORD, { threads: 0 })
      await other.forget({ rules: { last: 3 }, dryRun: false })
      await other.prune({ dryRun: false, maxUnused: 0 })
    }
    await storePoints(world.backend, DISKS.slice(0, 4), 'vm-3')
    const before = (await stat(await world.path())).size
    expect(await world.use(POINTS - 1)).toBe((await world.backend.names('index')).length)
    expect(await world.use(POINTS - 1)).toBe(0)
    // Written anew, without what is gone.
    expect((await stat(await world.path())).size).toBeLessThan(before)
    await using vault = await world.open()
    expect(await vault.points()).toHaveLength(8)
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  })

  test('is never believed when it was changed, cut, mixed up or belongs to another vault', { timeout: 3_600_000 }, async () => {
    await using folder = await createFolder()
    const cache = folder.file('cache')
    const world = await createWorld(cache)
    await world.use()
    const path = await world.path()
    await copyFile(path, folder.file('good'))
    const good = await readFile(path)
    const other = await createWorld(folder.file('other-cache'))
    await other.use()
    const foreign = await readFile(await other.path())
    const changes = fc.oneof(
      fc.tuple(fc.constant('flip' as const), fc.nat(good.length * 8 - 1)),
      fc.tuple(fc.constant('cut' as const), fc.nat(good.length - 1)),
      fc.tuple(fc.constant('append' as const), fc.nat(255)),
      fc.tuple(fc.constant('foreign' as const), fc.nat(1)),
    )
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(POINTS - 1), async ([how, at], of) => {
        await copyFile(folder.file('good'), path)
        if (how === 'flip') {
          const flipped = Buffer.from(good)
          flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7))
          await writeFile(path, flipped)
        }
        if (how === 'cut') await truncate(path, at)
        if (how === 'append') await appendFile(path, Buffer.alloc(at + 1, at))
        if (how === 'foreign') await writeFile(path, foreign)
        const reads = await world.use(of)
        // The canary: spoiled content is noticed, and read from the vault instead.
        expect(reads).toBe(how === 'append' ? 0 : FILES)
        expect(await world.use(of)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('hides no damage from verify, prune and repair, which read the files themselves (R4)', async () => {
    await using folder = await createFolder()
    const world = await createWorld(folder.file('cache'))
    await world.use()
    const [name = ''] = await world.backend.names('index')
    const content = await world.backend.read('index', name)
    content[9] = (content[9] ?? 0) ^ 1
    await world.backend.put('index', name, [content])
    expect(await world.use()).toBe(0)
    await using vault = await world.open()
    await readBack(vault, world.stored[1]?.point.id ?? '')
    await expect(vault.prune({ dryRun: false })).rejects.toMatchObject({ code: 'VAULT_PRUNE_REFUSED' })
    const report = await vault.verify({ data: true })
    expect(report.problems).toEqual([`index file ${name.slice(0, 10)} is damaged: its content does not match its name`])
    expect(report.damagedPoints.length).toBeGreaterThan(0)
    expect(await vault.repair({ dropPoints: false, dryRun: false })).toMatchObject({ indexFilesReplaced: 1, damagedPoints: [] })
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  })

  test('is not made of a vault with few index files', async () => {
    await using folder = await createFolder()
    const storage = await createStorage()
    const [stored] = await storePoints(storage, [[1]])
    await using vault = await openBackend(storage, PASSWORD, { threads: 0, cacheFolder: folder.file('cache') })
    await readBack(vault, stored?.point.id ?? '')
    expect(await readdir(folder.file('cache')).catch(() => [])).toEqual([])
  })
})
