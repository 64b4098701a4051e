// An unmodified restic judges what Holdfast writes, and Holdfast reads what restic wrote.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localBackend } from '../../src/vault/backends/local.ts'
import { findKey } from '../../src/vault/format/keys.ts'
import { takeLock } from '../../src/vault/format/locks.ts'
import { openVault } from '../../src/vault/index.ts'
import { backUpAgain, copyOf, losePower, openAt, prepare, type Step } from '../faults/vault-interrupted.ts'
import { backUp, createFolder, createVault, MiB, noise, PASSWORD, pointOf, readBack, SMALL, writeDisk } from '../vault/world.ts'
import { describeRestics, expectNoErrors } from './restic.ts'

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

describeRestics('', {}, (restic) => {
  const { call } = restic

  test('finds no error in a vault with full and incremental points, and dumps every disk byte for byte', async () => {
    await using folder = await createFolder()
    const vault = await createVault(folder.path, { threads: 2 })
    let content = Buffer.concat([noise(1, 5 * MiB), Buffer.alloc(4 * MiB), noise(2, 777)])
    const sizeBytes = content.length
    const points = [{ ...(await backUp(vault, 'run-0', await writeDisk(folder.file('disk'), content), sizeBytes)), content }]
    for (let round = 1; round <= 3; round += 1) {
      content = Buffer.from(content)
      const at = round * 2 * MiB + 4096
      noise(10 + round, 10_000).copy(content, at)
      const base = points.at(-1)
      const stored = await vault.storeDisk({
        disk: 'ide0',
        sizeBytes,
        source: await writeDisk(folder.file('disk'), content),
        map: [
          { offsetBytes: 0, lengthBytes: at, kind: 'unchanged' },
          { offsetBytes: at, lengthBytes: 10_000, kind: 'data' },
          { offsetBytes: at + 10_000, lengthBytes: sizeBytes - at - 10_000, kind: 'unchanged' },
        ],
        base: { pointId: base?.id ?? '', disk: 'ide0' },
      })
      const more = { level: 'incremental', ...(base ? { parent: base.id } : {}) } as const
      points.push({ ...(await vault.commitPoint(pointOf(`run-${round}`, { ide0: stored }, more))), content })
    }
    await vault.close()

    await expectNoErrors(restic, vault.where)
    for (const point of points) {
      const segments = await Promise.all(
        [0, 1, 2].map(async (segment) => await call(vault.where, 'dump', point.id, `disks/ide0/00000${segment}/disk.raw`)),
      )
      expect(sha256(Buffer.concat(segments))).toBe(sha256(point.content))
    }
  })

  test('lists points with their tags, restores their files and reads their JSON', async () => {
    await using folder = await createFolder()
    const vault = await createVault(folder.path)
    const content = noise(3, 5 * MiB + 1)
    const more = { group: 'g-1', consistency: 'filesystem', config: { name: 'erp <&> "db"' } } as const
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length, more)
    await vault.close()

    const [snapshot] = JSON.parse(String(await call(vault.where, 'snapshots', '--json')))
    expect(snapshot).toMatchObject({
      id,
      paths: ['/vm-1'],
      tags: ['holdfast', 'vm=vm-1', 'name=erp-db', 'group=g-1', 'consistency=filesystem', 'level=full', 'run=run-1'],
    })
    await call(vault.where, 'restore', id, '--target', folder.file('restored'))
    const restored = folder.file('restored')
    const segments = await readdir(join(restored, 'disks/ide0'))
    const parts = await Promise.all(segments.sort().map((segment) => readFile(join(restored, 'disks/ide0', segment, 'disk.raw'))))
    expect(Buffer.concat(parts).equals(content)).toBe(true)
    expect(JSON.parse(await readFile(join(restored, 'vm.json'), 'utf8'))).toEqual(more.config)
  })

  test('can prune what was stored but never committed, and forget a point, without harm to the others', async () => {
    await using folder = await createFolder()
    const vault = await createVault(folder.path)
    const content = noise(4, 4 * MiB)
    const kept = await backUp(vault, 'run-1', await writeDisk(folder.file('a'), content), content.length)
    const gone = await backUp(vault, 'run-2', await writeDisk(folder.file('b'), noise(5, 4 * MiB)), 4 * MiB)
    await vault.storeDisk({
      disk: 'ide0',
      sizeBytes: 4 * MiB,
      source: await writeDisk(folder.file('c'), noise(6, 4 * MiB)),
      map: [{ offsetBytes: 0, lengthBytes: 4 * MiB, kind: 'data' }],
    })
    await vault.close()
    await call(vault.where, 'forget', gone.id, '--prune', '--max-unused', '0')
    await expectNoErrors(restic, vault.where)
    await using again = await openVault(vault.where, PASSWORD, { threads: 0, geometry: SMALL })
    expect((await again.points()).map(({ id }) => id)).toEqual([kept.id])
    expect((await readBack(again, kept.id)).equals(content)).toBe(true)
  })

  test('finds no error after a power cut at every third step of a backup (P7)', { timeout: 120_000 }, async () => {
    await using folder = await createFolder()
    const { template, first } = await prepare(folder.path)
    let cuts = 0
    // Every third step: our own check after every step is in test/faults, and a check by restic takes its time.
    for (let fatal = 1; ; fatal += 3) {
      const directory = folder.file(`cut-${fatal}`)
      await copyOf(template, directory)
      const steps: Step[] = []
      const vault = await openAt(directory, (step, path) => {
        if (steps.length === fatal) throw new Error('the power is gone')
        steps.push({ step, path })
      })
      const ended = await backUpAgain(vault, folder.path, first.id).then(
        () => true,
        () => false,
      )
      await vault.close().catch(() => {})
      if (ended) break
      await losePower(steps)
      await call(directory, 'unlock', '--remove-all')
      await expectNoErrors(restic, directory)
      cuts += 1
    }
    expect(cuts).toBeGreaterThan(10)
  })

  test('writes repositories that Holdfast lists, verifies and backs up into', async () => {
    await using folder = await createFolder()
    const repository = folder.file('repository')
    await mkdir(folder.file('files'))
    await writeFile(folder.file('files/a'), noise(7, 3 * MiB))
    await writeFile(folder.file('files/empty'), '')
    await call(repository, 'init', '--repository-version', '2')
    await call(repository, 'backup', folder.file('files'), '--tag', 'theirs')
    const vault = await openVault(repository, PASSWORD, { threads: 1, geometry: SMALL })
    expect(await vault.snapshots()).toMatchObject([{ tags: ['theirs'], paths: [folder.file('files')] }])
    expect(await vault.points()).toEqual([])
    const content = noise(8, 2 * MiB)
    const point = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    expect(await vault.verify({ data: true })).toMatchObject({ snapshots: 2, problems: [], damagedPoints: [], unusedPacks: 0 })
    await vault.close()
    await expectNoErrors(restic, repository)
    expect(sha256(await call(repository, 'dump', point.id, 'disks/ide0/000000/disk.raw'))).toBe(sha256(content))
  })

  test('respects our locks, and we respect its', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const backend = localBackend(vault.where)
    const key = await findKey(backend, PASSWORD)
    const shared = await takeLock(backend, key, false, Date.now)
    // A shared lock keeps check out, which wants the vault for itself, and lets a listing in.
    await expect(call(vault.where, 'check')).rejects.toThrow(/locked/)
    await call(vault.where, 'snapshots')
    await shared.release()
    const exclusive = await takeLock(backend, key, true, Date.now)
    await expect(call(vault.where, 'list', 'packs')).rejects.toThrow(/locked exclusively/)
    await exclusive.release()
    await call(vault.where, 'check')
  })
})
