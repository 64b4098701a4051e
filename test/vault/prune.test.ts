// What forget keeps, what prune frees, and that neither harms what stays, wherever they die. [P7]
import { randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyRules, type KeepRules } from '../../src/vault/upkeep/keep-rules.ts'
import { CHUNK, createStorage, DISKS, expectWhole, open, storePoints } from './prune-world.ts'
import { backUp, createFolder, createVault, noise, pointOf, whole, writeDisk } from './world.ts'

describe('forget', () => {
  test('keeps what a rule keeps, of each VM and kind apart, and says why', async () => {
    const backend = await createStorage()
    await storePoints(backend, DISKS)
    await storePoints(backend, [[1]], 'vm-2')
    await using vault = await open(backend)
    const forgotten = await vault.forget({ rules: { last: 1, daily: 2 }, dryRun: false })
    expect(forgotten.kept.map(({ point, reasons }) => [point.vm, point.run, reasons])).toEqual([
      ['vm-1', 'run-3', ['last', 'daily']],
      ['vm-1', 'run-2', ['daily']],
      ['vm-2', 'run-0', ['last', 'daily']],
    ])
    expect(forgotten.removed.map(({ run }) => run)).toEqual(['run-1', 'run-0'])
    expect((await vault.points()).map(({ vm, run }) => `${vm} ${run}`)).toEqual(['vm-1 run-3', 'vm-1 run-2', 'vm-2 run-0'])
  })

  test('removes nothing on a dry run, and what is named without any rule', async () => {
    const backend = await createStorage()
    const [first] = await storePoints(backend, DISKS)
    await using vault = await open(backend)
    const pointIds = [first?.point.id.slice(0, 12) ?? '']
    expect((await vault.forget({ pointIds, dryRun: true })).removed.map(({ run }) => run)).toEqual(['run-0'])
    expect(await vault.points()).toHaveLength(4)
    await vault.forget({ pointIds, dryRun: false })
    expect(await vault.points()).toHaveLength(3)
    await expect(vault.forget({ pointIds: ['ffff'], dryRun: false })).rejects.toMatchObject({ code: 'POINT_UNKNOWN' })
  })

  test.each([{}, { rules: {} }, { rules: { last: 0, daily: 0 } }])(
    'refuses to remove everything for want of a rule: %o',
    async (asked) => {
      const backend = await createStorage()
      await storePoints(backend, DISKS)
      await using vault = await open(backend)
      await expect(vault.forget({ ...asked, dryRun: false })).rejects.toMatchObject({ code: 'FORGET_RULE_MISSING' })
      expect(await vault.points()).toHaveLength(4)
    },
  )

  test('of the base of an incremental leaves the incremental whole, for every point is complete by itself', async () => {
    await using folder = await createFolder()
    const backend = await createStorage()
    const [base] = await storePoints(backend, [[1, 2, 3, 4]])
    await using vault = await open(backend)
    const content = Buffer.concat([1, 2, 7, 4].map((seed) => noise(seed, CHUNK)))
    const ide0 = await vault.storeDisk({
      disk: 'ide0',
      sizeBytes: content.length,
      source: await writeDisk(folder.file('disk'), content),
      map: [
        { offsetBytes: 0, lengthBytes: 2 * CHUNK, kind: 'unchanged' },
        { offsetBytes: 2 * CHUNK, lengthBytes: CHUNK, kind: 'data' },
        { offsetBytes: 3 * CHUNK, lengthBytes: CHUNK, kind: 'unchanged' },
      ],
      base: { pointId: base?.point.id ?? '', disk: 'ide0' },
    })
    const more = { level: 'incremental', parent: base?.point.id ?? '' } as const
    const point = await vault.commitPoint(pointOf('run-9', { ide0 }, more))
    await vault.forget({ pointIds: [base?.point.id ?? ''], dryRun: false })
    await vault.prune({ dryRun: false, maxUnused: 0 })
    await expectWhole(backend, [{ point, content }])
  })
})

describe('keep rules', () => {
  const at = (...times: readonly string[]) => times.map((time) => ({ timeMs: Date.parse(time) }))
  const kept = (points: readonly { timeMs: number }[], rules: KeepRules): readonly number[] =>
    applyRules(points, rules, Date.parse('2027-02-01T00:00Z')).flatMap((reasons, i) => (reasons.length > 0 ? [i] : []))

  test('keep the newest of each hour, day, week, month and year that has one', () => {
    const points = at(
      '2026-11-21T15:30Z',
      '2026-11-21T15:00Z',
      '2026-11-21T14:00Z',
      '2026-11-15T23:00Z',
      '2026-10-31T01:00Z',
      '2025-12-31T01:00Z',
    )
    expect(kept(points, { last: 2 })).toEqual([0, 1])
    expect(kept(points, { hourly: 2 })).toEqual([0, 2])
    expect(kept(points, { daily: 2 })).toEqual([0, 3])
    // The 15th is a Sunday: the week before.
    expect(kept(points, { weekly: 2 })).toEqual([0, 3])
    expect(kept(points, { monthly: 3 })).toEqual([0, 4, 5])
    expect(kept(points, { yearly: 9 })).toEqual([0, 5])
    expect(kept(points, { withinMs: 90 * 60_000 })).toEqual([0, 1])
  })

  test('take the days around New Year as the week that ISO 8601 says', () => {
    expect(kept(at('2027-01-03T12:00Z', '2026-12-28T12:00Z', '2026-12-27T12:00Z'), { weekly: 9 })).toEqual([0, 2])
  })

  test('leave out what a clock in the future has dated: it stays, and pushes no backup out that was made since', () => {
    const points = at('2028-11-21T12:00Z', '2028-11-21T11:00Z', '2027-01-31T12:00Z', '2027-01-30T12:00Z', '2026-01-01T12:00Z')
    expect(kept(points, { last: 1 })).toEqual([0, 1, 2])
    expect(kept(points, { daily: 2 })).toEqual([0, 1, 2, 3])
    expect(kept(points, { withinMs: 7 * 86_400_000 })).toEqual([0, 1, 2, 3])
  })

  test('keep no fewer points when there are more of them', () => {
    const rules = fc.record({
      last: fc.nat(5),
      hourly: fc.nat(5),
      daily: fc.nat(5),
      weekly: fc.nat(5),
      monthly: fc.nat(5),
      yearly: fc.nat(5),
    })
    const times = fc.array(fc.integer({ min: 0, max: 4e11 }), { maxLength: 40 })
    fc.assert(
      fc.property(
        times,
        rules,
        fc.constantFrom('last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly' as const),
        (list, rule, more) => {
          const points = list.sort((a, b) => b - a).map((timeMs) => ({ timeMs }))
          const fewer = kept(points, rule)
          const wider = new Set(kept(points, { ...rule, [more]: rule[more as keyof typeof rule] + 1 }))
          expect(fewer.every((i) => wider.has(i))).toBe(true)
          if (points.length > 0 && Object.values(rule).some((count) => count > 0)) expect(fewer[0]).toBe(0)
        },
      ),
    )
  })
})

describe('prune', () => {
  test('frees what no point needs and harms no other, whatever they share', async () => {
    const disks = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 10 }), {
      minLength: 1,
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(disks, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), async (seeds, going) => {
        const backend = await createStorage()
        const stored = await storePoints(backend, seeds)
        const pointIds = stored.filter((_, i) => going[i]).map(({ point }) => point.id)
        await using vault = await open(backend)
        if (pointIds.length > 0) await vault.forget({ pointIds, dryRun: false })
        const planned = await vault.prune({ dryRun: true, maxUnused: 0 })
        const before = (await backend.list('pack')).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
        expect(await vault.prune({ dryRun: false, maxUnused: 0 })).toEqual(planned)
        const after = (await backend.list('pack')).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
        expect(after).toBeLessThanOrEqual(before)
        const left = stored.filter((_, i) => !going[i])
        await expectWhole(backend, left)
        // Nothing is left to free, and no chunk that nobody needs.
        expect(await vault.prune({ dryRun: true, maxUnused: 0 })).toMatchObject({
          packsDeleted: 0,
          packsRepacked: 0,
          unusedBytes: 0,
        })
        const chunks = new Set(seeds.filter((_, i) => !going[i]).flat())
        // Beside its chunks each point has up to five trees and a file of JSON; all share another.
        const { blobs } = await vault.stats()
        expect(blobs).toBeLessThanOrEqual(chunks.size + left.length * 6 + 1)
      }),
      { numRuns: 10 },
    )
  })

  test('leaves packs that are mostly needed as they are, unless told otherwise', async () => {
    const backend = await createStorage()
    const seeds = Array.from({ length: 40 }, (_, i) => i + 100)
    await storePoints(backend, [[...seeds, 1], seeds])
    await using vault = await open(backend)
    await vault.forget({ rules: { last: 1 }, dryRun: false })
    expect(await vault.prune({ dryRun: true })).toMatchObject({ packsRepacked: 0 })
    expect((await vault.prune({ dryRun: true, maxUnused: 0 })).packsRepacked).toBeGreaterThan(0)
  })

  test('joins small index files, so that the vault opens fast', async () => {
    const backend = await createStorage()
    const stored = await storePoints(backend, DISKS)
    expect((await backend.names('index')).length).toBeGreaterThan(3)
    await using vault = await open(backend)
    await vault.prune({ dryRun: false })
    expect(await backend.names('index')).toHaveLength(1)
    await expectWhole(backend, stored)
  })

  test('removes packs that interrupted work left, and stores equal blobs of two writers once', async () => {
    const backend = await createStorage()
    await using folder = await createFolder()
    const content = Buffer.concat([1, 2, 3].map((seed) => noise(seed, CHUNK)))
    const source = await writeDisk(folder.file('disk'), content)
    const request = { disk: 'ide0', sizeBytes: content.length, source, map: whole(content.length) }
    await using one = await open(backend)
    await using other = await open(backend)
    // Both store the same at once: neither knows what the other has.
    const [a, b] = await Promise.all([one.storeDisk(request), other.storeDisk(request)])
    const points = [await one.commitPoint(pointOf('run-1', { ide0: a })), await other.commitPoint(pointOf('run-2', { ide0: b }))]
    await backend.put('pack', randomBytes(32).toString('hex'), [noise(9, 1000)])
    const { packsUnindexed, packsDeleted, packsRepacked } = await one.prune({ dryRun: false, maxUnused: 0 })
    expect(packsUnindexed).toBe(1)
    expect(packsDeleted + packsRepacked).toBeGreaterThan(0)
    await expectWhole(
      backend,
      points.map((point) => ({ point, content })),
    )
    expect(await one.verify({ data: true })).toMatchObject({ unusedPacks: 0 })
  })

  test('is refused while another writes, and keeps others out', async () => {
    const backend = await createStorage()
    await storePoints(backend, DISKS)
    await using vault = await open(backend)
    const [point] = await vault.points()
    const disk = await vault.openDisk(point?.id ?? '', 'ide0')
    await expect(vault.prune({ dryRun: false })).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    await disk[Symbol.asyncDispose]()
    await vault.prune({ dryRun: false })
  })

  test('by another is noticed by a vault that stays open: what was freed is stored again', async () => {
    const backend = await createStorage()
    await using folder = await createFolder()
    const stored = await storePoints(backend, [
      [1, 2],
      [3, 4],
    ])
    await using writer = await open(backend)
    await using pruner = await open(backend)
    await pruner.forget({ pointIds: [stored[0]?.point.id ?? ''], dryRun: false })
    await pruner.prune({ dryRun: false, maxUnused: 0 })
    const content = Buffer.concat([noise(1, CHUNK), noise(2, CHUNK)])
    const source = await writeDisk(folder.file('disk'), content)
    const ide0 = await writer.storeDisk({ disk: 'ide0', sizeBytes: content.length, source, map: whole(content.length) })
    const point = await writer.commitPoint(pointOf('run-9', { ide0 }))
    await expectWhole(backend, [{ point, content }])
  })

  test('changes nothing in a vault whose points are gone with their folder, and no backup makes it anew', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { keyCost: 1024 })
    const source = await writeDisk(folder.file('disk'), noise(1, CHUNK))
    await backUp(vault, 'run-1', source, CHUNK)
    // As after a copy that was cut short, or where a file system was mended.
    await rename(folder.file('vault/snapshots'), folder.file('lost+found'))
    const said = { code: 'VAULT_FILE_MISSING', message: expect.stringContaining('the folder snapshots') }
    await expect(vault.prune({ dryRun: false })).rejects.toMatchObject(said)
    await expect(vault.points()).rejects.toMatchObject(said)
    await expect(vault.verify({ data: false })).rejects.toMatchObject(said)
    await expect(backUp(vault, 'run-2', source, CHUNK)).rejects.toMatchObject(said)
    await rename(folder.file('lost+found'), folder.file('vault/snapshots'))
    expect(await vault.verify({ data: true })).toMatchObject({ snapshots: 1, problems: [], damagedPoints: [] })
  })

  test('changes nothing in a vault that cannot be read whole', async () => {
    const backend = await createStorage()
    await storePoints(backend, DISKS)
    const [snapshot = ''] = await backend.names('snapshot')
    await backend.put('snapshot', snapshot, [Buffer.from('spoiled')])
    const before = await backend.names('pack')
    await using vault = await open(backend)
    await expect(vault.prune({ dryRun: false, maxUnused: 0 })).rejects.toMatchObject({ code: 'VAULT_PRUNE_REFUSED' })
    expect(await backend.names('pack')).toEqual(before)
  })
})
