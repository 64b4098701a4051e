// Points of files: what is read, what is taken over, what is told, and what comes back.
import { execFileSync } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readFile, rm, stat, statfs, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { goMode, rfc3339, secondsOf, unixMode } from '../../src/vault/files/metadata.ts'
import { goQuote, goUnquote } from '../../src/vault/format/go-quote.ts'
import type { FilesProgress } from '../../src/vault/index.ts'
import { peer } from '../peers/peer.ts'
import { backUpFolder, look, plantTree, trees } from './file-world.ts'
import { backUp, createFolder, createVault, MiB, noise, writeDisk } from './world.ts'

/** How much room there is. */
vi.mock('node:fs/promises', { spy: true })

/** A vault, and a folder `data` with these files. */
async function createWorld(files: Readonly<Record<string, Buffer>>) {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await createFolder())
  const vault = stack.use(await createVault(folder.path, { keyCost: 1024 }))
  await mkdir(folder.file('data/mail'), { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(folder.file(`data/${name}`), content)
  const restore = async (pointId: string, more = {}) => vault.restoreFiles({ pointId, to: folder.file('restored'), ...more })
  return { folder, vault, data: folder.file('data'), restore, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('a backup of files', () => {
  test('gives back random trees: content, owner, mode, time, links', { timeout: 60_000 }, async () => {
    await using world = await createWorld({})
    for (const [n, tree] of fc.sample(trees, 15).entries()) {
      await mkdir(`${world.data}/${n}`)
      await plantTree(`${world.data}/${n}`, tree)
    }
    // Fractions of a second come back to a quarter of a microsecond only.
    for (const name of await readdir(world.data)) await utimes(`${world.data}/${name}`, 1_700_000_000, 1_700_000_000)
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    expect((await world.restore(point.id)).problems.count).toBe(0)
    const rounded = (seen: Awaited<ReturnType<typeof look>>) =>
      Object.entries(seen).map(([path, about]) => [path, { ...about, mtime: Number((about as { mtime: bigint }).mtime) / 1e9 }])
    const [before, after] = [rounded(await look(world.data)), rounded(await look(world.folder.file('restored/data')))]
    expect(after.map(([path]) => path)).toEqual(before.map(([path]) => path))
    for (const [i, [, about]] of after.entries()) {
      const { mtime, ...others } = about as { mtime: number }
      const { mtime: wanted, ...expected } = (before[i] ?? [])[1] as { mtime: number }
      expect(others).toEqual(expected)
      expect(Math.abs(mtime - wanted)).toBeLessThan(1e-6)
    }
  })

  test('gives no file the right to run as its owner to who cannot give it that owner', async () => {
    await using world = await createWorld({ tool: noise(1, 10) })
    await chmod(`${world.data}/tool`, 0o6755)
    const { uid } = await stat(`${world.data}/tool`)
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const restoredMode = async (): Promise<number> => {
      expect((await world.restore(point.id)).problems.count).toBe(0)
      return (await stat(world.folder.file('restored/data/tool'))).mode & 0o7777
    }
    {
      using _other = vi.spyOn(process, 'getuid').mockReturnValue(uid + 1)
      expect(await restoredMode()).toBe(0o755)
    }
    expect(await restoredMode()).toBe(0o6755)
  })

  test('reads every file for a full, and what changed since the last point for an incremental', async () => {
    await using world = await createWorld({ 'mail/a': noise(1, 5000), 'mail/b': noise(2, 3 * MiB), c: noise(3, 100) })
    const full = await backUpFolder(world.vault, 'run-1', world.data)
    expect(full.counts).toMatchObject({ files: 3, unchanged: 0, bytesRead: 3 * MiB + 5100 })
    await writeFile(`${world.data}/c`, noise(4, 200))
    const next = await backUpFolder(world.vault, 'run-2', world.data, { level: 'incremental' })
    expect(next.point).toMatchObject({ level: 'incremental', parent: full.point.id, kind: 'files', sizeBytes: 3 * MiB + 5200 })
    expect(next.counts).toMatchObject({ files: 3, unchanged: 2, bytesRead: 200 })
    const again = await backUpFolder(world.vault, 'run-3', world.data)
    expect(again.counts).toMatchObject({ files: 3, unchanged: 0, bytesRead: 3 * MiB + 5200, bytesStored: 0 })
  })

  test('reads for a differential what changed since the last full, whatever came between', async () => {
    await using world = await createWorld({ 'mail/a': noise(1, 5000), c: noise(3, 100) })
    const full = await backUpFolder(world.vault, 'run-1', world.data)
    await writeFile(`${world.data}/c`, noise(4, 200))
    await backUpFolder(world.vault, 'run-2', world.data, { level: 'incremental' })
    const differential = await backUpFolder(world.vault, 'run-3', world.data, { level: 'differential' })
    expect(differential.point).toMatchObject({ level: 'differential', parent: full.point.id })
    expect(differential.counts).toMatchObject({ unchanged: 1, bytesRead: 200 })
    const last = await backUpFolder(world.vault, 'run-4', world.data, { level: 'incremental' })
    expect(last.point.parent).toBe(differential.point.id)
    expect(last.counts).toMatchObject({ unchanged: 2, bytesRead: 0 })
  })

  test('is a full where there is nothing to build on, however it was asked for', async () => {
    await using world = await createWorld({ c: noise(3, 100) })
    await backUp(world.vault, 'run-0', await writeDisk(world.folder.file('disk'), noise(1, MiB)), MiB)
    const { point, counts } = await backUpFolder(world.vault, 'run-1', world.data, { level: 'incremental' })
    expect(point.level).toBe('full')
    expect(point.parent).toBeUndefined()
    expect(counts.bytesRead).toBe(100)
  })

  test.each([
    ['its time', (path: string) => utimes(path, 1, 1)],
    ['its size', (path: string) => truncate(path, 50)],
    [
      'its inode',
      async (path: string) => {
        const [{ atime, mtime }, content] = [await stat(path), await readFile(path)]
        await rm(path)
        await writeFile(path, content)
        await utimes(path, atime, mtime)
      },
    ],
  ])('reads a file again whose content may have changed: %s differs', async (_, change) => {
    await using world = await createWorld({ 'mail/a': noise(1, 5000), c: noise(3, 100) })
    await backUpFolder(world.vault, 'run-1', world.data)
    await change(`${world.data}/c`)
    const { counts } = await backUpFolder(world.vault, 'run-2', world.data, { level: 'incremental' })
    expect(counts.unchanged).toBe(1)
    expect(counts.bytesRead).toBe((await stat(`${world.data}/c`)).size)
  })

  test('stores several volumes as one point, each in its place', async () => {
    await using world = await createWorld({ 'mail/a': noise(1, 5000), c: noise(3, 100) })
    const folders = [
      { name: 'letters/E', path: `${world.data}/mail` },
      { name: 'letters/D', path: world.data },
    ]
    const { point } = await backUpFolder(world.vault, 'run-1', world.data, { folders })
    await world.restore(point.id)
    const restored = world.folder.file('restored/letters')
    expect((await readdir(restored)).sort()).toEqual(['D', 'E'])
    expect(await readFile(`${restored}/E/a`)).toEqual(noise(1, 5000))
    const next = await backUpFolder(world.vault, 'run-2', world.data, { folders, level: 'incremental' })
    expect(next.counts).toMatchObject({ files: 3, unchanged: 3 })
  })

  test.each([
    ['none', []],
    [
      'one within another',
      [
        { name: 'a', path: '/x' },
        { name: 'a/b', path: '/y' },
      ],
    ],
    [
      'one twice',
      [
        { name: 'a', path: '/x' },
        { name: 'a', path: '/y' },
      ],
    ],
    ['one that leaves the point', [{ name: '../a', path: '/x' }]],
    ['a path that depends on where it is asked', [{ name: 'a', path: 'x' }]],
  ])('refuses folders that are %s', async (_, folders) => {
    await using world = await createWorld({})
    await expect(backUpFolder(world.vault, 'run-1', world.data, { folders })).rejects.toMatchObject({ code: 'FOLDERS_INVALID' })
  })

  test('answers the same point when the run repeats it, beside a point of disks of that run', async () => {
    await using world = await createWorld({ c: noise(3, 100) })
    const disks = await backUp(world.vault, 'run-1', await writeDisk(world.folder.file('disk'), noise(1, MiB)), MiB)
    const first = await backUpFolder(world.vault, 'run-1', world.data)
    expect(await backUpFolder(world.vault, 'run-1', world.data)).toEqual(first)
    expect((await world.vault.points()).map(({ id }) => id).sort()).toEqual([disks.id, first.point.id].sort())
    expect(await world.vault.points({ kind: 'files' })).toEqual([first.point])
    expect((await world.vault.point('latest', 'vm-1', 'disks')).id).toBe(disks.id)
  })

  test('makes no point when a file vanished, changed or cannot be read, and says which (P7)', async () => {
    await using world = await createWorld({ a: noise(1, 10), b: noise(2, 10), c: noise(3, 10) })
    const loseB = { onProgress: () => rmSync(`${world.data}/b`, { force: true }) }
    await expect(backUpFolder(world.vault, 'run-1', world.data, loseB)).rejects.toThrow(
      `1 file could not be stored: ${world.data}/b (vanished)`,
    )
    expect(await world.vault.points()).toEqual([])
    await symlink('/nowhere', world.folder.file('link'))
    await expect(backUpFolder(world.vault, 'run-2', world.folder.file('link'))).rejects.toThrow('it is not a folder')
  })

  test('lists such files in the point where that is accepted, never leaving them out silently', async () => {
    await using world = await createWorld({ a: noise(1, 10), b: noise(2, 10), d: noise(3, 24 * MiB) })
    const grow = setInterval(() => appendFileSync(`${world.data}/d`, 'more'), 0)
    const { point, problems } = await backUpFolder(world.vault, 'run-1', world.data, {
      onProblem: 'accept',
      folders: [
        { name: 'data', path: world.data },
        { name: 'lost', path: world.folder.file('lost') },
      ],
      onProgress: () => rmSync(`${world.data}/b`, { force: true }),
    }).finally(() => clearInterval(grow))
    expect(problems.listed.map(({ path, trouble }) => [path.slice(world.folder.path.length), trouble])).toEqual([
      ['/data/b', 'vanished'],
      ['/data/d', 'changed'],
      ['/lost', 'vanished'],
    ])
    expect((await world.vault.point(point.id)).files?.problems).toEqual(problems)
  })

  test('tells how far it is of all there is, within a file too, and never of less than there is', async () => {
    const sizeBytes = 24 * MiB + 5000
    await using world = await createWorld({ 'mail/a': noise(1, 5000), big: noise(2, 24 * MiB) })
    const tell = async (run: string, level: 'full' | 'incremental') => {
      const told: FilesProgress[] = []
      await backUpFolder(world.vault, run, world.data, { level, onProgress: (progress) => told.push(progress) })
      return told
    }
    const full = await tell('run-1', 'full')
    // The last one says so once more.
    expect(full.map(({ doneBytes }) => doneBytes)).toEqual([
      ...Array.from({ length: 24 }, (_, chunk) => (chunk + 1) * MiB),
      sizeBytes,
      sizeBytes,
    ])
    const totals = full.map(({ totalBytes }) => totalBytes)
    expect(totals.slice(-5)).toEqual(Array(5).fill(sizeBytes))
    expect(totals.filter((total) => total !== sizeBytes && total !== undefined)).toEqual([])
    const next = await tell('run-2', 'incremental')
    expect(next.at(-1)).toEqual({ doneBytes: sizeBytes, totalBytes: sizeBytes })
    for (const { doneBytes, totalBytes = sizeBytes } of next)
      expect([doneBytes <= sizeBytes, totalBytes]).toEqual([true, sizeBytes])
  })

  test('is made where no program reads extended attributes, and says so once', async () => {
    await using world = await createWorld({ 'mail/a': noise(1, 10), c: noise(3, 100) })
    vi.stubEnv('PATH', '/nowhere')
    try {
      const { counts, problems } = await backUpFolder(world.vault, 'run-1', world.data)
      expect(counts).toMatchObject({ files: 2, folders: 2 })
      expect(problems).toMatchObject({
        count: 1,
        listed: [{ message: expect.stringMatching(/no extended attributes.*package attr/) }],
      })
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test.skipIf(!peer('setfattr', 'attr'))(
    'tells once where no program writes extended attributes back, and restores all else',
    async () => {
      await using world = await createWorld({ 'mail/a': noise(1, 10), c: noise(3, 100) })
      const plant = ['-n', 'user.text', '-v', 'x', `${world.data}/mail/a`, `${world.data}/c`]
      execFileSync('setfattr', plant)
      const { point, problems } = await backUpFolder(world.vault, 'run-1', world.data)
      expect(problems.count).toBe(0)
      vi.stubEnv('PATH', '/nowhere')
      try {
        const restored = await world.restore(point.id)
        expect(restored).toMatchObject({
          files: 2,
          problems: { count: 1, listed: [{ message: expect.stringMatching(/package attr/) }] },
        })
        expect((await lstat(world.folder.file('restored/data/c'))).mtimeMs).toBeCloseTo(
          (await lstat(`${world.data}/c`)).mtimeMs,
          1,
        )
      } finally {
        vi.unstubAllEnvs()
      }
    },
  )

  test('reads anew what was damaged in the vault since', async () => {
    await using world = await createWorld({ a: noise(1, 10) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const files = await readdir(`${world.vault.where}/snapshots`)
    expect(files).toEqual([point.id])
    await writeFile(`${world.vault.where}/snapshots/${point.id}`, 'spoiled')
    const next = await backUpFolder(world.vault, 'run-2', world.data, { level: 'incremental' })
    expect(next.point.level).toBe('full')
    expect(next.counts.bytesRead).toBe(10)
  })
})

describe('a restore of files', () => {
  test('keeps sparse files sparse', async () => {
    await using world = await createWorld({})
    await writeFile(`${world.data}/sparse`, noise(1, 10))
    await truncate(`${world.data}/sparse`, 20 * MiB)
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    await world.restore(point.id)
    const { size, blocks } = await stat(world.folder.file('restored/data/sparse'))
    expect(size).toBe(20 * MiB)
    expect(blocks * 512).toBeLessThan(2 * MiB)
  })

  test('makes holes of zeros inside of what is full otherwise', async () => {
    await using world = await createWorld({ full: noise(1, 3 * MiB).fill(0, 4096 * 10, 2 * MiB) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    expect((await world.restore(point.id)).bytesWritten).toBe(MiB + 4096 * 10)
    expect((await readFile(world.folder.file('restored/data/full'))).equals(await readFile(`${world.data}/full`))).toBe(true)
    expect((await stat(world.folder.file('restored/data/full'))).blocks * 512).toBeLessThan(1.5 * MiB)
  })

  test('reads nothing of the vault for zeros', async () => {
    await using world = await createWorld({})
    await writeFile(`${world.data}/sparse`, '')
    await truncate(`${world.data}/sparse`, 5 * MiB)
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const told: number[] = []
    await world.restore(point.id, { onProgress: ({ doneBytes }: FilesProgress) => told.push(doneBytes) })
    expect(told).toEqual([MiB, 2 * MiB, 3 * MiB, 4 * MiB, 5 * MiB])
    expect((await stat(world.folder.file('restored/data/sparse'))).size).toBe(5 * MiB)
  })

  test('is not begun where there is no room for it; runs of zeros and what is there already need none', async () => {
    await using world = await createWorld({ a: noise(1, 1000), 'mail/b': noise(2, 1000) })
    for (const name of ['sparse', 'more']) {
      await writeFile(`${world.data}/${name}`, '')
      await truncate(`${world.data}/${name}`, 3 * MiB)
    }
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const free = { bytes: 1000 }
    vi.mocked(statfs).mockImplementation(async () => ({ bsize: 1, bavail: free.bytes }) as never)
    try {
      await expect(world.restore(point.id)).rejects.toMatchObject({
        code: 'TARGET_TOO_SMALL',
        message: expect.stringMatching(/^2\.0 KiB are to be written to .*restored, and 1000 B are free there$/),
      })
      await expect(readdir(world.folder.file('restored'))).rejects.toThrow('ENOENT')
      expect((await world.restore(point.id, { include: ['data/mail', 'data/sparse'] })).files).toBe(2)
      expect((await world.restore(point.id, { resume: true })).bytesWritten).toBe(1000)
      free.bytes = 0
      expect((await world.restore(point.id, { resume: true })).bytesWritten).toBe(0)
    } finally {
      vi.mocked(statfs).mockReset()
    }
  })

  test('takes patterns, makes no folder in which nothing is meant, and tells of all that it restores', async () => {
    await using world = await createWorld({
      'mail/a.conf': noise(1, 10),
      'mail/b': noise(2, 10),
      c: noise(3, 10),
      '*': noise(4, 10),
    })
    await mkdir(`${world.data}/empty/within`, { recursive: true })
    await mkdir(`${world.data}/mail/deep`)
    await writeFile(`${world.data}/mail/deep/x.conf`, 'x')
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const taken = async (...include: string[]) => {
      const totals = new Set<number>()
      await rm(world.folder.file('restored'), { recursive: true, force: true })
      await world.restore(point.id, { include, onProgress: ({ totalBytes }: { totalBytes: number }) => totals.add(totalBytes) })
      const names = await readdir(world.folder.file('restored'), { recursive: true, withFileTypes: true })
      const files = names.filter((name) => name.isFile()).map((name) => `${name.parentPath}/${name.name}`.split('restored/')[1])
      return { files: files.sort(), folders: names.length - files.length, totals: [...totals] }
    }
    expect(await taken('**/*.conf')).toEqual({
      files: ['data/mail/a.conf', 'data/mail/deep/x.conf'],
      folders: 3,
      totals: [11],
    })
    expect(await taken('/data/[a-c]', 'data/ma?l/b')).toMatchObject({ files: ['data/c', 'data/mail/b'] })
    expect(await taken('data/[*]')).toMatchObject({ files: ['data/*'] })
    expect(await taken('/')).toMatchObject({ folders: 5 })
    for (const include of [['data/*.txt'], ['data/c', 'data/mail/nothing'], ['../data/c']])
      await expect(world.restore(point.id, { include, to: world.folder.file('none') })).rejects.toMatchObject({
        code: 'POINT_FILE_UNKNOWN',
      })
    await expect(readdir(world.folder.file('none'))).rejects.toThrow('ENOENT')
  })

  test('where no folder can be ends, though the system says that the one above is there', async () => {
    await using world = await createWorld({ c: noise(3, 10) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    await expect(world.restore(point.id, { to: '/proc/nowhere/at/all' })).rejects.toMatchObject({ code: 'TARGET_TOO_SMALL' })
    await expect(createVault('/proc/nowhere')).rejects.toThrow('ENOENT')
    await world.restore(point.id, { to: world.folder.file('deep/below') })
    expect(await readFile(world.folder.file('deep/below/data/c'))).toEqual(noise(3, 10))
  })

  test('gives back only what is included, with the folders above it', async () => {
    await using world = await createWorld({ 'mail/a': noise(1, 10), 'mail/b': noise(2, 10), c: noise(3, 10) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    await world.restore(point.id, { include: ['data/mail/b'] })
    expect(await readdir(world.folder.file('restored'), { recursive: true })).toEqual(['data', 'data/mail', 'data/mail/b'])
    await expect(world.restore(point.id, { include: ['data/nothing'] })).rejects.toMatchObject({ code: 'POINT_FILE_UNKNOWN' })
  })

  test('replaces files of the same names and no others, and never writes through a link', async () => {
    await using world = await createWorld({ c: noise(3, 10) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const restored = world.folder.file('restored')
    await mkdir(`${restored}/data`, { recursive: true })
    await writeFile(`${restored}/data/other`, 'stays')
    await writeFile(world.folder.file('elsewhere'), 'stays too')
    await symlink(world.folder.file('elsewhere'), `${restored}/data/c`)
    await world.restore(point.id)
    expect((await lstat(`${restored}/data/c`)).isFile()).toBe(true)
    expect(await readFile(`${restored}/data/c`)).toEqual(noise(3, 10))
    expect(await readFile(`${restored}/data/other`, 'utf8')).toBe('stays')
    expect(await readFile(world.folder.file('elsewhere'), 'utf8')).toBe('stays too')
  })

  test('that is resumed leaves alone what an earlier try finished', async () => {
    await using world = await createWorld({ a: noise(1, 10), b: noise(2, 10) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    await world.restore(point.id)
    const before = await stat(world.folder.file('restored/data/a'))
    await writeFile(world.folder.file('restored/data/b'), 'half of')
    const { bytesWritten } = await world.restore(point.id, { resume: true })
    expect(bytesWritten).toBe(10)
    expect((await stat(world.folder.file('restored/data/a'))).ino).toBe(before.ino)
    expect(await readFile(world.folder.file('restored/data/b'))).toEqual(noise(2, 10))
  })

  test('gives back what is whole and names what is damaged', async () => {
    await using world = await createWorld({ a: noise(1, 10), 'mail/b': noise(2, 10) })
    const { point } = await backUpFolder(world.vault, 'run-1', world.data)
    const entries = await readdir(`${world.vault.where}/data`, { recursive: true, withFileTypes: true })
    const packs = entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`)
    const told: string[] = []
    for (const pack of packs) {
      const content = await readFile(pack)
      await writeFile(pack, Buffer.concat([Buffer.of((content[0] ?? 0) ^ 1), content.subarray(1)]))
      const { problems } = await world.restore(point.id)
      for (const { path, message } of problems.listed) told.push(`${path}: ${message.replace(/[0-9a-f]{10}/g, '…')}`)
      await writeFile(pack, content)
    }
    expect(told.sort()).toEqual([
      'data/a: pack … is damaged: data blob … is changed',
      'data/mail: pack … is damaged: tree blob … is changed',
    ])
    expect((await world.restore(point.id)).problems.count).toBe(0)
  })
})

describe('restic spells', () => {
  test('names so that any bytes come back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(goUnquote(goQuote(Buffer.from(bytes)))).toEqual(Buffer.from(bytes))
        },
      ),
    )
    expect(goQuote(Buffer.from('a "b"\\\n\x01\x7f€\u200b\u{e0001}'))).toBe('a \\"b\\"\\\\\\n\\x01\\x7f€\\u200b\\U000e0001')
    expect(goQuote(Buffer.of(0x61, 0xff, 0xc3))).toBe('a\\xff\\xc3')
    expect(goUnquote('\\q')).toBeUndefined()
  })

  test('modes so that set-user-id and its kin come back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0o7777 }), (mode) => void expect(unixMode(goMode(0o100000 + mode))).toBe(mode)),
    )
    expect(goMode(0o104755)).toBe(8_389_101)
    expect(goMode(0o041777)).toBe(2_148_532_735)
    expect(goMode(0o020644)).toBe(69_206_436)
  })

  test('times to the nanosecond, before 1970 too', () => {
    expect(rfc3339(1_795_273_201_762_458_295n)).toBe('2026-11-21T15:00:01.762458295Z')
    expect(rfc3339(1_500_000_000n)).toBe('1970-01-01T00:00:01.5Z')
    expect(rfc3339(-1n)).toBe('1969-12-31T23:59:59.999999999Z')
    expect(rfc3339(10n ** 30n)).toBe('9999-12-31T23:59:59Z')
    expect(secondsOf('1969-12-31T23:59:59.5Z')).toBe(-0.5)
  })
})
