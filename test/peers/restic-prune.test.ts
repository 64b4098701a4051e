// What forget and prune leave, judged by an unmodified restic; and the same rules, read by both.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFolders } from '../../src/vault/backends/local.ts'
import { initBackend, type KeepRules, localBackend } from '../../src/vault/index.ts'
import { copyBackend, dyingBackend } from '../vault/failing-backend.ts'
import { createStorage, DISKS, expectWhole, open, storePoints } from '../vault/prune-world.ts'
import { createFolder, PASSWORD } from '../vault/world.ts'
import { describeRestics, expectNoErrors } from './restic.ts'

describeRestics('', {}, (restic) => {
  test('finds no error after forget and prune, nor after they died at any seventh call (P7)', { timeout: 120_000 }, async () => {
    await using folder = await createFolder()
    const template = await createStorage()
    await storePoints(template, DISKS)
    let checks = 0
    for (let fatal = 3; ; fatal += 7) {
      const directory = folder.file(`died-${fatal}`)
      await createFolders(directory)
      const backend = await copyBackend(template, localBackend(directory))
      const vault = await open(dyingBackend(backend, fatal, 'before')).catch(() => undefined)
      const ended = await (async () => {
        await vault?.forget({ rules: { last: 2 }, dryRun: false })
        await vault?.prune({ dryRun: false, maxUnused: 0 })
        return vault !== undefined
      })().catch(() => false)
      await vault?.close().catch(() => {})
      await restic.call(directory, 'unlock', '--remove-all')
      await expectNoErrors(restic, directory)
      checks += 1
      if (ended) break
    }
    expect(checks).toBeGreaterThan(8)
  })

  test('would prune nothing where Holdfast has', async () => {
    await using folder = await createFolder()
    await createFolders(folder.path)
    const backend = await copyBackend(await createStorage(), localBackend(folder.path))
    await storePoints(backend, DISKS)
    await using vault = await open(backend)
    await vault.forget({ rules: { last: 1 }, dryRun: false })
    await vault.prune({ dryRun: false, maxUnused: 0 })
    const told = String(await restic.call(folder.path, 'prune', '--dry-run', '--max-unused', '0'))
    expect(told).toMatch(/to repack: +0 blobs/)
    expect(told).toMatch(/this removes: +0 blobs/)
  })

  test('finds one index file where prune joined those of many backups, and every point whole', { timeout: 60_000 }, async () => {
    await using folder = await createFolder()
    await createFolders(folder.path)
    const backend = await copyBackend(await createStorage(), localBackend(folder.path))
    const stored = await storePoints(
      backend,
      Array.from({ length: 30 }, (_, n) => [n, n + 1, n + 2]),
    )
    const indexFiles = async () =>
      String(await restic.call(folder.path, 'list', 'index'))
        .trim()
        .split('\n')
    expect((await indexFiles()).length).toBeGreaterThanOrEqual(stored.length)
    {
      await using vault = await open(backend)
      // Nothing is unused: joining is all that there is to do.
      expect(await vault.prune({ dryRun: false })).toMatchObject({ packsDeleted: 0, packsRepacked: 0 })
    }
    expect(await indexFiles()).toHaveLength(1)
    await expectNoErrors(restic, folder.path)
    await expectWhole(backend, stored)
  })

  test('would forget the same points by the same rules', { timeout: 60_000 }, async () => {
    await using folder = await createFolder()
    await createFolders(folder.path)
    const backend = localBackend(folder.path)
    await initBackend(backend, PASSWORD, { keyCost: 1024 })
    const [times = []] = fc.sample(
      fc.uniqueArray(fc.integer({ min: 0, max: 500 * 24 * 60 }), { minLength: 40, maxLength: 40 }),
      1,
    )
    const startMs = Date.parse('2025-07-01T00:00:00Z')
    for (const [n, minutes] of times.entries()) {
      await using vault = await open(backend, () => startMs + minutes * 60_000)
      await vault.commitPoint({
        run: `run-${n}`,
        vm: 'vm-1',
        name: 'a',
        platform: {},
        level: 'full',
        consistency: 'crash',
        config: {},
        disks: [],
      })
    }
    await using vault = await open(backend)
    const oldest = (await vault.points()).at(-1)?.id ?? ''
    const rules = fc.record({
      last: fc.nat(4),
      hourly: fc.nat(9),
      daily: fc.nat(9),
      weekly: fc.nat(9),
      monthly: fc.nat(9),
      yearly: fc.nat(3),
    })
    for (const rule of fc.sample(rules, 6)) {
      const asked: KeepRules = { ...rule, last: rule.last + 1 }
      const { kept } = await vault.forget({ rules: asked, dryRun: true })
      const options = Object.entries(asked).flatMap(([word, count]) => (count > 0 ? [`--keep-${word}`, String(count)] : []))
      const [group] = JSON.parse(String(await restic.call(folder.path, 'forget', '--dry-run', '--json', ...options)))
      const ours = kept.map(({ point }) => point.id)
      const theirs: readonly string[] = group.keep.map(({ id }: { id: string }) => id)
      // Before 0.16, restic let the oldest go though some were left to keep.
      const wanted = restic.isNewest || !ours.includes(oldest) || theirs.includes(oldest) ? theirs : [...theirs, oldest]
      expect(ours.toSorted(), JSON.stringify(asked)).toEqual(wanted.toSorted())
    }
  })
})
