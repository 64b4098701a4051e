// Disks are not to be trusted: whatever names their file systems give, nothing is written outside of the folder.
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type DiskFiles, takeFiles } from '../../src/cli/disk-files/index.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-taken-'))
  await mkdir(join(folder, 'outside'))
})
afterEach(() => rm(folder, { recursive: true }))

interface Planted {
  readonly name: string
  readonly mode: number
  /** Of a file, or the target of a link. */
  readonly content?: string
  /** What the file system says of the size, when that is a lie. */
  readonly sizeBytes?: number
}

const FILE = 0o100644
const FOLDER = 0o040755
const LINK = 0o120777
const PIPE = 0o010644

/** A file system with these names in its root, in this order: nobody has checked that they make sense together. */
function lyingDisk(planted: readonly Planted[]): DiskFiles {
  let asked = 0
  const root = { kind: 'folder', sizeBytes: 0, allocatedBytes: 0, mode: 0o755, uid: 0, gid: 0, atimeS: 1, mtimeS: 1 } as const
  const at = (path: string | Buffer | undefined): Planted | undefined => {
    const same = planted.filter(({ name }) => `/${name}` === String(path))
    return same[asked % Math.max(1, same.length)] ?? same[0]
  }
  return {
    fish: {
      names: async () => planted.map(({ name }) => Buffer.from(name)),
      ask: async (command, path, to) => {
        const found = at(path)
        const { mode = 0, content = '', sizeBytes = content.length } = found ?? {}
        if (command === 'lstatns') return Buffer.from(`st_mode: ${mode}\nst_size: ${sizeBytes}\nst_mtime_sec: 1000\n`)
        if (command === 'readlink') {
          asked += 1
          return Buffer.from(`${content}\n`)
        }
        if (command === 'download') await writeFile(String(to), content)
        return Buffer.alloc(0)
      },
      [Symbol.asyncDispose]: async () => {},
    },
    list: async () => [],
    find: async () => [
      {
        volume: { kind: 'volume', path: 'ide0', fileSystem: 'ext4', sizeBytes: 0, mountable: '/dev/sda1' },
        within: Buffer.from('/'),
        about: root,
      },
    ],
    mount: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

const take = (planted: readonly Planted[]) => takeFiles(lyingDisk(planted), ['ide0'], join(folder, 'to'))

test('TK1: names that lead elsewhere, or nowhere, are not taken, and the others are', async () => {
  const names = ['../escaped', 'a/../../../escaped', './dot', 'double//slash', '..']
  const { files, problems } = await take([
    ...names.map((name) => ({ name, mode: FILE, content: 'evil' })),
    { name: 'good', mode: FILE, content: 'good' },
  ])
  expect({ files, problems: problems.map(({ path }) => path) }).toEqual({
    files: 1,
    problems: names.map((name) => `ide0/${name}`),
  })
  expect((await readdir(folder)).sort()).toEqual(['outside', 'to'])
  expect(await readFile(join(folder, 'to/ide0/good'), 'utf8')).toBe('good')
})

test('TK1: a link is no way out for files that the disk shows behind it', async () => {
  const { problems } = await take([
    { name: 'way', mode: LINK, content: join(folder, 'outside') },
    { name: 'way/file', mode: FILE, content: 'evil' },
    { name: 'way', mode: FOLDER },
  ])
  expect(await readdir(join(folder, 'outside'))).toEqual([])
  expect((await lstat(join(folder, 'to/ide0/way'))).isDirectory()).toBe(true)
  expect(problems.map(({ path }) => path)).toContain('ide0/way')
})

test('a file that is cut short, and what is no file, is told and not left', async () => {
  const { files, problems } = await take([
    { name: 'cut', mode: FILE, content: 'half', sizeBytes: 8 },
    { name: 'pipe', mode: PIPE },
  ])
  expect({ files, problems }).toEqual({
    files: 0,
    problems: [
      { path: 'ide0/cut', message: '4 of its 8 bytes could be read' },
      { path: 'ide0/pipe', message: 'it is a device, a pipe or a socket' },
    ],
  })
  expect(await readdir(join(folder, 'to'), { recursive: true })).toEqual(['ide0'])
})

test('a file that would run as its owner does not run as who takes it, and cannot give it that owner', async () => {
  using _user = vi.spyOn(process, 'getuid').mockReturnValue(4711)
  expect((await take([{ name: 'tool', mode: 0o106755, content: 'x' }])).problems).toEqual([])
  expect((await lstat(join(folder, 'to/ide0/tool'))).mode & 0o7777).toBe(0o755)
})
