// Random vaults: what Holdfast writes, restic checks, lists, dumps, restores, copies, prunes and mounts; what restic writes, Holdfast lists,
// verifies and restores.
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Extent } from '../../src/blocks/index.ts'
import { openVault, type Vault } from '../../src/vault/index.ts'
import { backUpFolder, look, plantTree, trees } from '../vault/file-world.ts'
import { createFolder, createVault, MiB, noise, PASSWORD, pointOf, readBack, writeDisk } from '../vault/world.ts'
import { describeRestics, expectNoErrors, resticEnvironment } from './restic.ts'

const CHUNK = 65_536
const GEOMETRY = { chunkBytes: CHUNK, segmentBytes: 4 * CHUNK }

/** Chunks by seed, 0 being zeros, and a last chunk that is shorter. Later disks of a VM differ in some chunks from the one before. */
const disks = fc.record({
  seeds: fc.array(fc.nat(6), { minLength: 1, maxLength: 14 }),
  tailBytes: fc.integer({ min: 1, max: CHUNK }),
  changes: fc.array(fc.array(fc.tuple(fc.nat(13), fc.integer({ min: 10, max: 20 })), { maxLength: 4 }), { maxLength: 2 }),
})
const worlds = fc.record({ vms: fc.array(disks, { minLength: 1, maxLength: 2 }), files: trees })

const chunkOf = (seed: number): Buffer => (seed === 0 ? Buffer.alloc(CHUNK) : noise(seed, CHUNK))

interface Written {
  readonly id: string
  readonly content: Buffer
}

/** A full point of each VM, then incrementals that read only what changed. */
async function writeVms(vault: Vault, path: string, vms: readonly (typeof disks extends fc.Arbitrary<infer T> ? T : never)[]) {
  const written: Written[] = []
  for (const [n, { seeds, tailBytes, changes }] of vms.entries()) {
    let content = Buffer.concat([...seeds.map(chunkOf), noise(99, tailBytes)])
    let base: string | undefined
    for (const [round, changed] of [[], ...changes].entries()) {
      content = Buffer.from(content)
      const touched = new Map(changed.map(([chunk, seed]) => [chunk % seeds.length, seed]))
      for (const [chunk, seed] of touched) chunkOf(seed).copy(content, chunk * CHUNK)
      const map = Array.from({ length: Math.ceil(content.length / CHUNK) }, (_, chunk): Extent => {
        const offsetBytes = chunk * CHUNK
        const kind = base === undefined || touched.has(chunk) ? 'data' : 'unchanged'
        return { offsetBytes, lengthBytes: Math.min(CHUNK, content.length - offsetBytes), kind }
      })
      const source = await writeDisk(path, content)
      const on = base === undefined ? {} : { base: { pointId: base, disk: 'ide0' } }
      const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes: content.length, source, map, ...on })
      const more = { vm: `vm-${n}`, ...(base === undefined ? {} : ({ level: 'incremental', parent: base } as const)) }
      base = (await vault.commitPoint(pointOf(`run-${n}-${round}`, { ide0 }, more))).id
      written.push({ id: base, content })
    }
  }
  return written
}

async function expectDisks(vault: Vault, written: readonly Written[]): Promise<void> {
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  for (const { id, content } of written) expect((await readBack(vault, id)).equals(content)).toBe(true)
}

const segmentsOf = ({ content }: Written): readonly string[] =>
  Array.from(
    { length: Math.ceil(content.length / GEOMETRY.segmentBytes) },
    (_, n) => `disks/ide0/${String(n).padStart(6, '0')}/disk.raw`,
  )

const WORLDS = process.env.CI ? 3 : 2

describeRestics(' and random vaults', { timeout: 3_600_000 }, (restic) => {
  const { call } = restic

  test('restic finds no error, and lists, dumps, restores, copies and prunes what Holdfast wrote', async () => {
    for (const { vms, files } of fc.sample(worlds, WORLDS)) {
      await using folder = await createFolder()
      await using vault = await createVault(folder.path, { keyCost: 1024, geometry: GEOMETRY })
      const written = await writeVms(vault, folder.file('disk'), vms)
      await mkdir(folder.file('files'))
      await plantTree(folder.file('files'), files)
      const { point } = await backUpFolder(vault, 'run-files', folder.file('files'))
      const ids = [...written.map(({ id }) => id), point.id].sort()

      await expectNoErrors(restic, vault.where)
      const listed = JSON.parse((await call(vault.where, 'snapshots', '--json')).toString()) as { id: string; tags: string[] }[]
      expect(listed.map(({ id }) => id).sort()).toEqual(ids)
      for (const { tags } of listed) expect(tags).toContain('holdfast')
      for (const one of written) {
        const dumped: Buffer[] = []
        for (const path of segmentsOf(one)) dumped.push(await call(vault.where, 'dump', one.id, path))
        expect(Buffer.concat(dumped).equals(one.content)).toBe(true)
      }
      const [first] = written
      if (!first) throw new Error('a world without disks')
      await call(vault.where, 'restore', first.id, '--target', folder.file('restored'))
      const segments = await Promise.all(segmentsOf(first).map((path) => readFile(join(folder.file('restored'), path))))
      expect(Buffer.concat(segments).equals(first.content)).toBe(true)
      await call(vault.where, 'restore', point.id, '--target', folder.file('restored-files'))
      expect(await look(join(folder.file('restored-files'), 'files/data'))).toEqual(await look(folder.file('files')))

      const copy = folder.file('copy')
      await call(copy, 'init', '--repository-version', '2', '--from-repo', vault.where, '--copy-chunker-params')
      await call(copy, 'copy', '--from-repo', vault.where)
      await expectNoErrors(restic, copy)
      await using copied = await openVault(copy, PASSWORD, { threads: 0 })
      const there = await copied.points({ kind: 'disks' })
      // Copies have ids of their own; run and VM tell which is which.
      const same = written.map(({ id, content }) => {
        const was = listed.find((one) => one.id === id)
        const found = there.find(({ run: by }) => was?.tags.includes(`run=${by}`))
        return { id: found?.id ?? '', content }
      })
      await expectDisks(copied, same)

      const kept = written.filter(({ id }) => id !== first.id)
      await call(vault.where, 'forget', first.id, '--prune', '--max-unused', '0')
      await expectNoErrors(restic, vault.where)
      await expectDisks(vault, kept)
    }
  })

  test.skipIf(!hasFuse())('restic mounts what Holdfast wrote, and every byte of a disk can be read there', async (context) => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { keyCost: 1024, geometry: GEOMETRY })
    const [one] = await writeVms(vault, folder.file('disk'), [{ seeds: [1, 2, 0, 3, 4], tailBytes: 777, changes: [] }])
    if (!one) throw new Error('nothing was written')
    const at = folder.file('mount')
    await mkdir(at)
    const mount = spawn(restic.program, ['--no-cache', 'mount', at], {
      env: resticEnvironment(vault.where),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(mount, 'close')
    let said = ''
    const serves = new Promise<boolean>((resolve) => {
      for (const stream of [mount.stdout, mount.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text
          if (said.includes('Now serving')) resolve(true)
        })
      void ended.then(() => resolve(false))
    })
    if (!(await serves)) context.skip(`FUSE cannot be used here: ${said.trim()}`)
    try {
      const segments = await Promise.all(segmentsOf(one).map((path) => readFile(join(at, 'ids', one.id.slice(0, 8), path))))
      expect(Buffer.concat(segments).equals(one.content)).toBe(true)
    } finally {
      mount.kill('SIGINT')
      await ended
    }
  })

  test('Holdfast lists, verifies and restores what restic wrote, whatever its compression, size of packs, tags and parents', async () => {
    const settings = [
      ['--compression', 'off', '--pack-size', '4'],
      ['--compression', 'auto', '--pack-size', '16', '--tag', 'a,b'],
      ['--compression', 'max', '--pack-size', '128', '--tag', 'c'],
      // Levels that older ones do not have.
      ['--compression', restic.isNewest ? 'fastest' : 'auto', '--tag', 'd'],
      ['--compression', restic.isNewest ? 'better' : 'auto', '--tag', 'e'],
    ]
    await using folder = await createFolder()
    const repository = folder.file('repository')
    const source = folder.file('files')
    await call(repository, 'init', '--repository-version', '2')
    const wanted: unknown[] = []
    for (const [n, [tree = []]] of settings.map((_, i) => [i, fc.sample(trees, 1)] as const)) {
      await mkdir(join(source, `tree-${n}`), { recursive: true })
      await plantTree(join(source, `tree-${n}`), tree)
      await writeFile(join(source, `text-${n}`), 'compressible '.repeat(100_000))
      await writeFile(join(source, `noise-${n}`), noise(n, MiB + n))
      wanted.push(await seenIn(source))
      await call(repository, 'backup', ...(settings[n] ?? []), source)
    }
    await using vault = await openVault(repository, PASSWORD, { threads: 0 })
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [], unusedPacks: 0 })
    const snapshots = (await vault.snapshots()).toReversed()
    expect(snapshots.map(({ tags }) => tags)).toEqual([[], ['a', 'b'], ['c'], ['d'], ['e']])
    expect(snapshots.map(({ parent }) => parent)).toEqual([undefined, ...snapshots.slice(0, -1).map(({ id }) => id)])
    expect(await vault.points()).toEqual([])
    for (const [n, { id }] of snapshots.entries()) {
      const to = folder.file(`restored-${n}`)
      expect(await vault.restoreFiles({ pointId: id.slice(0, 10), to })).toMatchObject({ problems: { count: 0 } })
      expect(await seenIn(join(to, source))).toEqual(wanted[n])
    }
    // And what both wrote lives on in one vault.
    await vault.prune({ dryRun: false, maxUnused: 0 })
    await expectNoErrors(restic, repository)
  })
})

/** All but the times, which Node cannot set to the nanosecond; contents by their hash. */
async function seenIn(folder: string): Promise<readonly unknown[]> {
  return Object.entries(await look(folder)).map(([path, about]) => {
    const { mtime: _, content, ...rest } = about as { readonly mtime: bigint; readonly content?: string }
    return { path, ...rest, content: content && hash('sha256', content) }
  })
}

/** Whether this machine has it; that it may be used shows when it is. */
function hasFuse(): boolean {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
    accessSync('/usr/bin/fusermount3', constants.X_OK)
    return true
  } catch {
    console.warn('skipped: /dev/fuse or fusermount3 is missing; get it with: apt-get install fuse3')
    return false
  }
}
