// Storage that takes no file: everything can still be read. And a vault that others may have had meanwhile: nothing is removed from it.
import { expect, test } from 'vitest'
import { writeFailed } from '../../src/vault/codes.ts'
import { type Backend, openBackend } from '../../src/vault/index.ts'
import { CHUNK, createStorage, DISKS, expectWhole, open, storePoints } from './prune-world.ts'
import { createFolder, noise, PASSWORD, pointOf, readBack, whole, writeDisk } from './world.ts'

const SLEEP_MS = 40 * 60_000

const readOnly = (backend: Backend): Backend => {
  const refuse = async (): Promise<never> => {
    throw writeFailed(new Error('EROFS: read-only file system'))
  }
  return { ...backend, put: refuse, remove: refuse }
}

/** Counts what is removed, locks apart; after each index file that is put something happens, which is waited for. */
function watched(inner: Backend, afterIndex: () => unknown): { readonly backend: Backend; readonly removed: () => number } {
  let removed = 0
  const backend: Backend = {
    ...inner,
    async remove(kind, name) {
      if (kind !== 'lock') removed += 1
      await inner.remove(kind, name)
    },
    async put(kind, name, parts) {
      await inner.put(kind, name, parts)
      if (kind === 'index') await afterIndex()
    },
  }
  return { backend, removed: () => removed }
}

test('a vault on a read-only medium is restored from, verified, compared and exported; only what writes is refused', async () => {
  const backend = await createStorage()
  const stored = await storePoints(backend, DISKS)
  await using vault = await open(readOnly(backend))
  for (const { point, content } of stored) expect((await readBack(vault, point.id)).equals(content)).toBe(true)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  await using folder = await createFolder()
  const [first, second] = stored
  const [from, to] = [first?.point.id ?? '', second?.point.id ?? '']
  expect((await vault.diff(from, to)).disks).toMatchObject([{ disk: 'ide0', change: 'changed' }])
  await vault.restoreDisk({ pointId: from, disk: 'ide0', target: { kind: 'file', path: folder.file('restored') } })
  const source = await writeDisk(folder.file('disk'), noise(9, CHUNK))
  const said = { code: 'VAULT_WRITE_FAILED', message: expect.stringContaining('EROFS') }
  await expect(vault.storeDisk({ disk: 'ide0', sizeBytes: CHUNK, source, map: whole(CHUNK) })).rejects.toMatchObject(said)
  await expect(vault.storeAttachment(Buffer.from('x'))).rejects.toMatchObject(said)
  await expect(vault.prune({ dryRun: true })).rejects.toMatchObject(said)
})

test('P7: a prune whose machine slept removes nothing when it wakes, for somebody may have written meanwhile', async () => {
  const template = await createStorage()
  const stored = await storePoints(template, DISKS)
  await (await open(template)).forget({ rules: { last: 2 }, dryRun: false })
  let nowMs = Date.now()
  // It falls asleep before the first removal of an index file or a pack.
  const sleepy = watched(template, () => (nowMs += SLEEP_MS))
  {
    await using vault = await openBackend(sleepy.backend, PASSWORD, { threads: 0, now: () => nowMs })
    await expect(vault.prune({ dryRun: false, maxUnused: 0 })).rejects.toMatchObject({ code: 'VAULT_LOCK_LOST' })
  }
  expect(sleepy.removed()).toBe(0)
  await expectWhole(template, stored.slice(2))
  await (await open(template)).prune({ dryRun: false, maxUnused: 0 })
  await expectWhole(template, stored.slice(2))
})

test('P7: a point is not made by a backup whose machine slept before it', async () => {
  const backend = await createStorage()
  await using folder = await createFolder()
  let nowMs = Date.now()
  const source = await writeDisk(folder.file('disk'), noise(9, CHUNK))
  const sleepy = watched(backend, () => (nowMs += SLEEP_MS))
  await using vault = await openBackend(sleepy.backend, PASSWORD, { threads: 0, now: () => nowMs })
  const backUpFiles = vault.backUpFiles({
    run: 'run-1',
    vm: 'vm-1',
    name: 'erp-db',
    level: 'full',
    folders: [{ name: 'data', path: folder.path }],
    onProblem: 'accept',
    consistency: 'crash',
    platform: null,
  })
  await expect(backUpFiles).rejects.toMatchObject({ code: 'VAULT_LOCK_LOST' })
  expect(await vault.points()).toEqual([])
  // The next call takes a lock of its own.
  const stored = await vault.storeDisk({ disk: 'ide0', sizeBytes: CHUNK, source, map: whole(CHUNK) })
  expect(stored.sizeBytes).toBe(CHUNK)
})

test('P7: a point is not made while a prune removes what it needs, by the clock of whose machine the lock of the backup was stale', async () => {
  const backend = await createStorage()
  await using folder = await createFolder()
  const source = await writeDisk(folder.file('disk'), noise(9, CHUNK))
  await using vault = await openBackend(backend, PASSWORD, { threads: 0, now: () => Date.now() - SLEEP_MS })
  // What keeps the lock between the two calls.
  await storePoints(backend, [[1]])
  await using reading = await vault.openDisk('latest', 'ide0')
  expect(reading.sizeBytes).toBe(CHUNK)
  const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes: CHUNK, source, map: whole(CHUNK) })
  let committed: Promise<unknown> | undefined
  const pruning: Backend = {
    ...backend,
    async remove(kind, name) {
      if (kind !== 'lock') committed ??= vault.commitPoint(pointOf('run-1', { ide0 })).catch((error: unknown) => error)
      await committed
      await backend.remove(kind, name)
    },
  }
  await (await open(pruning)).prune({ dryRun: false, maxUnused: 0 })
  expect(await committed).toMatchObject({ code: 'VAULT_LOCK_LOST' })
  expect(await vault.points()).toHaveLength(1)
})

test('P7: a prune removes nothing where a backup came between, by the clock of whose machine its lock was stale', async () => {
  const backend = await createStorage()
  const stored = await storePoints(backend, DISKS)
  await (await open(backend)).forget({ rules: { last: 2 }, dryRun: false })
  await using other = await open(backend)
  let wrote: Promise<unknown> | undefined
  const pruning = watched(backend, () => (wrote ??= other.storeAttachment(noise(1, CHUNK))))
  await using vault = await openBackend(pruning.backend, PASSWORD, { threads: 0, now: () => Date.now() - SLEEP_MS })
  await expect(vault.prune({ dryRun: false, maxUnused: 0 })).rejects.toMatchObject({ code: 'VAULT_LOCK_LOST' })
  expect(pruning.removed()).toBe(0)
  await expectWhole(backend, stored.slice(2))
})
