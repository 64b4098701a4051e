import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Extent } from '../../src/blocks/index.ts'
import { Secret } from '../../src/values/index.ts'
import { initBackend, initVault, memoryBackend, openBackend, openVault, type StoreDiskRequest } from '../../src/vault/index.ts'
import { backUp, createFolder, createVault, MiB, noise, PASSWORD, pointOf, readBack, SMALL, whole, writeDisk } from './world.ts'

describe('a vault', () => {
  test('gives back what was stored, with holes, partial chunks and several segments', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const content = Buffer.concat([noise(1, 3 * MiB), Buffer.alloc(6 * MiB), noise(2, MiB + 12_345)])
    const source = await writeDisk(folder.file('disk'), content)
    const point = await backUp(vault, 'run-1', source, content.length)
    expect((await readBack(vault, point.id)).equals(content)).toBe(true)
    expect(await vault.points()).toEqual([point])
  })

  test('is private to its owner: folders 0700, files 0600', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), noise(1, MiB)), MiB)
    const modes = new Set<string>()
    for (const entry of await readdir(folder.file('vault'), { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name))
      modes.add(`${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`)
    }
    expect(modes).toEqual(new Set(['folder 700', 'file 600']))
  })

  test('stores equal chunks once, whichever disk or VM they come from', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const content = noise(3, 4 * MiB)
    const source = await writeDisk(folder.file('disk'), content)
    const first = await vault.storeDisk({ disk: 'ide0', sizeBytes: content.length, source, map: whole(content.length) })
    const second = await vault.storeDisk({ disk: 'ide1', sizeBytes: content.length, source, map: whole(content.length) })
    expect(first.bytesStored).toBeGreaterThan(4 * MiB)
    expect(second).toEqual({ ...first, bytesStored: 0 })
  })

  test('does not read zeros and holes of the map, nor write them', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const source = await writeDisk(folder.file('disk'), noise(4, 8 * MiB))
    const map: readonly Extent[] = [
      { offsetBytes: 0, lengthBytes: 2 * MiB, kind: 'hole' },
      { offsetBytes: 2 * MiB, lengthBytes: 65_536, kind: 'data' },
      { offsetBytes: 2 * MiB + 65_536, lengthBytes: 6 * MiB - 65_536, kind: 'zero' },
    ]
    const stored = await vault.storeDisk({ disk: 'ide0', sizeBytes: 8 * MiB, source, map })
    expect(stored.bytesRead).toBe(65_536)
    const point = await vault.commitPoint(pointOf('run-1', { ide0: stored }))
    const expected = Buffer.alloc(8 * MiB)
    noise(4, 8 * MiB).copy(expected, 2 * MiB, 2 * MiB, 2 * MiB + 65_536)
    expect((await readBack(vault, point.id)).equals(expected)).toBe(true)
    await using disk = await vault.openDisk(point.id, 'ide0')
    expect(await disk.extents(0, 8 * MiB)).toEqual([
      { offsetBytes: 0, lengthBytes: 2 * MiB, kind: 'zero' },
      { offsetBytes: 2 * MiB, lengthBytes: MiB, kind: 'data' },
      { offsetBytes: 3 * MiB, lengthBytes: 5 * MiB, kind: 'zero' },
    ])
  })

  test('takes unchanged chunks over from the base without reading them, and whole segments by one id', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const before = noise(5, 12 * MiB)
    const full = await backUp(vault, 'run-1', await writeDisk(folder.file('before'), before), before.length)
    const after = Buffer.from(before)
    noise(6, 4096).copy(after, 5 * MiB + 700)
    const map: readonly Extent[] = [
      { offsetBytes: 0, lengthBytes: 5 * MiB, kind: 'unchanged' },
      { offsetBytes: 5 * MiB, lengthBytes: 65_536, kind: 'data' },
      { offsetBytes: 5 * MiB + 65_536, lengthBytes: 7 * MiB - 65_536, kind: 'unchanged' },
    ]
    const source = await writeDisk(folder.file('after'), after)
    const stored = await vault.storeDisk({
      disk: 'ide0',
      sizeBytes: after.length,
      source,
      map,
      base: { pointId: full.id, disk: 'ide0' },
    })
    expect(stored).toMatchObject({ bytesRead: MiB, bytesUnchanged: 11 * MiB })
    const point = await vault.commitPoint(pointOf('run-2', { ide0: stored }, { level: 'incremental', parent: full.id }))
    expect((await readBack(vault, point.id)).equals(after)).toBe(true)
    expect((await readBack(vault, full.id)).equals(before)).toBe(true)
  })

  test('reads a grown disk where the base had less, and a shrunk last chunk anew', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const before = noise(7, 2 * MiB + 500)
    const full = await backUp(vault, 'run-1', await writeDisk(folder.file('before'), before), before.length)
    const after = Buffer.concat([before, noise(8, 3 * MiB)])
    const source = await writeDisk(folder.file('after'), after)
    const stored = await vault.storeDisk({
      disk: 'ide0',
      sizeBytes: after.length,
      source,
      map: [
        { offsetBytes: 0, lengthBytes: before.length, kind: 'unchanged' },
        { offsetBytes: before.length, lengthBytes: 3 * MiB, kind: 'data' },
      ],
      base: { pointId: full.id, disk: 'ide0' },
    })
    expect(stored.bytesUnchanged).toBe(2 * MiB)
    const point = await vault.commitPoint(pointOf('run-2', { ide0: stored }))
    expect((await readBack(vault, point.id)).equals(after)).toBe(true)
  })

  test.each([
    [
      'a gap',
      [{ offsetBytes: 0, lengthBytes: MiB, kind: 'data' }],
      'the map of disk ide0 cannot be used: it says nothing of bytes 1048576 to 2097152',
    ],
    [
      'unchanged without a base',
      whole(2 * MiB, 'unchanged'),
      'the map of disk ide0 cannot be used: it calls ranges unchanged, but there is no base',
    ],
    [
      'more than the disk',
      whole(3 * MiB),
      'the map of disk ide0 cannot be used: it reaches to byte 3145728, but the disk has 2097152',
    ],
  ] as const)('refuses a map with %s rather than guess (P8)', async (_, map, message) => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const source = await writeDisk(folder.file('disk'), noise(1, 2 * MiB))
    const request: StoreDiskRequest = { disk: 'ide0', sizeBytes: 2 * MiB, source, map }
    await expect(vault.storeDisk(request)).rejects.toThrow(message)
  })

  test('commits a run and VM once, however often it is asked', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const source = await writeDisk(folder.file('disk'), noise(1, MiB))
    const first = await backUp(vault, 'run-1', source, MiB)
    const again = await backUp(vault, 'run-1', source, MiB)
    const other = await backUp(vault, 'run-1', source, MiB, { vm: 'vm-2' })
    expect(again).toEqual(first)
    expect(other.id).not.toBe(first.id)
    expect(await vault.points()).toHaveLength(2)
  })

  test('records base, consistency, evidence and configuration inside the point (P8, P9)', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const source = await writeDisk(folder.file('disk'), noise(1, MiB))
    const more = {
      consistency: 'filesystem',
      checkpoint: '8589934593',
      evidence: { quiesced: true },
      group: 'g-1',
      config: { name: 'erp', nics: [1] },
    } as const
    const { id } = await backUp(vault, 'run-1', source, MiB, more)
    expect(await vault.point(id)).toMatchObject({
      ...more,
      vm: 'vm-1',
      name: 'erp-db',
      platform: { pack: 'test' },
      run: 'run-1',
      geometry: SMALL,
    })
  })

  test('refuses to commit a disk whose chunks it does not hold (P7)', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const lost = { treeId: 'ab'.repeat(32), sizeBytes: MiB, bytesRead: 0, bytesStored: 0, bytesUnchanged: 0 }
    await expect(vault.commitPoint(pointOf('run-1', { ide0: lost }))).rejects.toThrow('no index lists tree blob ababababab')
    expect(await vault.points()).toEqual([])
  })

  test('does not call the newest what a clock that was wrong has dated in the future, while there is another', async () => {
    await using folder = await createFolder()
    const hourMs = 3_600_000
    let nowMs = 24 * hourMs
    await using vault = await createVault(folder.path, { now: () => nowMs })
    const source = await writeDisk(folder.file('disk'), noise(1, MiB))
    const wrong = await backUp(vault, 'run-1', source, MiB)
    nowMs = hourMs
    expect((await vault.point('latest')).id).toBe(wrong.id)
    const right = await backUp(vault, 'run-2', source, MiB)
    expect((await vault.point('latest')).id).toBe(right.id)
    expect((await vault.point('latest', 'vm-1', 'disks')).id).toBe(right.id)
    // The clock of a machine beside it may be a little ahead.
    nowMs = 1.25 * hourMs
    const ahead = await backUp(vault, 'run-3', source, MiB)
    nowMs = hourMs
    expect((await vault.point('latest')).id).toBe(ahead.id)
  })

  test('finds points by prefix and latest, and says when that is not clear', async () => {
    await using folder = await createFolder()
    let nowMs = 1_000
    await using vault = await createVault(folder.path, { now: () => nowMs })
    const source = await writeDisk(folder.file('disk'), noise(1, MiB))
    const first = await backUp(vault, 'run-1', source, MiB)
    nowMs = 2_000
    const second = await backUp(vault, 'run-2', source, MiB, { vm: 'vm-2' })
    expect((await vault.point('latest')).id).toBe(second.id)
    expect((await vault.point('latest', 'vm-1')).id).toBe(first.id)
    expect((await vault.point(first.id.slice(0, 12))).id).toBe(first.id)
    await expect(vault.point('')).rejects.toMatchObject({ code: 'POINT_UNKNOWN' })
    await expect(vault.point('latest', 'vm-9')).rejects.toThrow('no restore point latest of vm-9')
    await expect(vault.openDisk(first.id, 'ide9')).rejects.toThrow(/has no disk ide9; it has ide0$/)
    expect((await vault.points({ vm: 'vm-1' })).map(({ id }) => id)).toEqual([first.id])
  })

  test('goes on from its checkpoint and reads only what is missing', async () => {
    await using folder = await createFolder()
    const content = noise(9, 11 * MiB)
    const source = await writeDisk(folder.file('disk'), content)
    let saved: Parameters<NonNullable<StoreDiskRequest['checkpoint']>['save']>[0] | undefined
    const stop = new AbortController()
    const request: StoreDiskRequest = {
      disk: 'ide0',
      sizeBytes: content.length,
      source,
      map: whole(content.length),
      checkpoint: {
        load: () => saved,
        save: async (value) => {
          saved = value
        },
      },
    }
    const options = { checkpointBytes: 2 * MiB }
    {
      await using vault = await createVault(folder.path, options)
      const onProgress = ({ doneBytes }: { doneBytes: number }): void => {
        if (doneBytes >= 7 * MiB) stop.abort(new Error('killed'))
      }
      await expect(vault.storeDisk({ ...request, signal: stop.signal, onProgress })).rejects.toThrow('killed')
    }
    await using vault = await openVault(folder.file('vault'), PASSWORD, { threads: 0, geometry: SMALL, ...options })
    const stored = await vault.storeDisk(request)
    expect(stored.bytesRead).toBe(5 * MiB)
    const point = await vault.commitPoint(pointOf('run-1', { ide0: stored }))
    expect((await readBack(vault, point.id)).equals(content)).toBe(true)
  })

  test('says how much it wrote, whichever worker wrote it', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { threads: 2 })
    const content = noise(1, 24 * MiB)
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    const target = { kind: 'file', path: folder.file('new') } as const
    expect((await vault.restoreDisk({ pointId: id, disk: 'ide0', target })).bytesWritten).toBe(content.length)
  })

  test('restores into a new file, an old one and a larger one, and leaves zeros out', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { threads: 2 })
    const content = Buffer.concat([noise(1, 3 * MiB + 9), Buffer.alloc(5 * MiB), noise(2, MiB)])
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    const restore = (name: string) =>
      vault.restoreDisk({ pointId: id, disk: 'ide0', target: { kind: 'file', path: folder.file(name) } })
    const written = await restore('new')
    expect(written.sizeBytes).toBe(content.length)
    expect(written.bytesWritten).toBeLessThanOrEqual(6 * MiB)
    await writeDisk(folder.file('old'), noise(3, content.length + 100))
    await restore('old')
    const { readFile } = await import('node:fs/promises')
    expect((await readFile(folder.file('new'))).equals(content)).toBe(true)
    const old = await readFile(folder.file('old'))
    expect(old.subarray(0, content.length).equals(content)).toBe(true)
    expect(old.subarray(content.length).equals(noise(3, content.length + 100).subarray(content.length))).toBe(true)
    await writeDisk(folder.file('small'), Buffer.alloc(MiB))
    await expect(restore('small')).rejects.toMatchObject({ code: 'TARGET_TOO_SMALL' })
  })

  test('writes only what may differ where it is told so, zeros too, and leaves the rest of the target as it is', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { threads: 1 })
    const content = Buffer.concat([noise(1, 2 * MiB), Buffer.alloc(2 * MiB), noise(2, 2 * MiB)])
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    const later = Buffer.from(content)
    noise(3, 100).copy(later, MiB)
    noise(4, 100).copy(later, 3 * MiB - 50)
    // Not told of, so it stays.
    noise(5, 100).copy(later, 5 * MiB)
    const target = await writeDisk(folder.file('later'), later)
    const only: readonly Extent[] = [
      { offsetBytes: MiB, lengthBytes: 65_536, kind: 'data' },
      { offsetBytes: 3 * MiB - 65_536, lengthBytes: 131_072, kind: 'data' },
    ]
    const seen: { readonly doneBytes: number; readonly totalBytes: number }[] = []
    const { bytesWritten } = await vault.restoreDisk({
      pointId: id,
      disk: 'ide0',
      target,
      only,
      onProgress: (at) => seen.push(at),
    })
    const { readFile } = await import('node:fs/promises')
    const expected = Buffer.from(content)
    noise(5, 100).copy(expected, 5 * MiB)
    expect((await readFile(folder.file('later'))).equals(expected)).toBe(true)
    expect(bytesWritten).toBeLessThanOrEqual(MiB)
    expect(seen.at(-1)).toEqual({ doneBytes: seen.at(-1)?.totalBytes, totalBytes: seen.at(-1)?.totalBytes })
  })

  test("says that a source which cannot be read is the source's fault", async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { threads: 1 })
    const source = { kind: 'file', path: folder.file('missing') } as const
    await expect(vault.storeDisk({ disk: 'ide0', sizeBytes: MiB, source, map: whole(MiB) })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
    })
    const small = await writeDisk(folder.file('small'), Buffer.alloc(100))
    await expect(vault.storeDisk({ disk: 'ide0', sizeBytes: MiB, source: small, map: whole(MiB) })).rejects.toMatchObject({
      code: 'SOURCE_TOO_SMALL',
    })
  })

  test('stores several disks at once through the same workers', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { threads: 2 })
    const disks = await Promise.all(
      [10, 11, 12].map(async (seed) => {
        const content = Buffer.concat([noise(seed, 6 * MiB), noise(1, 2 * MiB)])
        const source = await writeDisk(folder.file(`disk-${seed}`), content)
        return {
          seed,
          content,
          stored: await vault.storeDisk({ disk: 'ide0', sizeBytes: content.length, source, map: whole(content.length) }),
        }
      }),
    )
    for (const { seed, content, stored } of disks) {
      const point = await vault.commitPoint(pointOf(`run-${seed}`, { ide0: stored }))
      expect((await readBack(vault, point.id)).equals(content)).toBe(true)
    }
  })

  test('reads the points of several callers at once, as soon as it is open', async () => {
    await using folder = await createFolder()
    const ids: string[] = []
    {
      await using vault = await createVault(folder.path)
      const source = await writeDisk(folder.file('disk'), noise(9, MiB))
      for (const run of ['run-1', 'run-2', 'run-3']) ids.push((await backUp(vault, run, source, MiB)).id)
    }
    for (let times = 0; times < 20; times += 1) {
      await using vault = await openVault(folder.file('vault'), PASSWORD)
      const found = await Promise.all([...ids, ...ids].map((id) => vault.point(id)))
      expect(found.map(({ id }) => id)).toEqual([...ids, ...ids])
    }
  })

  test('works the same on any backend', async () => {
    await using folder = await createFolder()
    const backend = memoryBackend()
    await initBackend(backend, PASSWORD)
    await using vault = await openBackend(backend, PASSWORD, { geometry: SMALL })
    const content = noise(1, 5 * MiB)
    const point = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    expect((await readBack(vault, point.id)).equals(content)).toBe(true)
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [], unusedPacks: 0 })
  })

  test('is not created twice, and opens with its password only', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    await expect(initVault(vault.where, PASSWORD)).rejects.toMatchObject({ code: 'VAULT_EXISTS' })
    const wrong = new Secret('wrong horse')
    const error = await openVault(vault.where, wrong).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'VAULT_PASSWORD_WRONG' })
    expect(String(error)).not.toContain('wrong horse')
  })

  test('refuses work after it was closed', async () => {
    await using folder = await createFolder()
    const vault = await createVault(folder.path)
    await vault.close()
    await expect(vault.verify({ data: false })).rejects.toMatchObject({ code: 'VAULT_CLOSED' })
  })
})
