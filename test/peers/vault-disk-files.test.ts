// Single files out of the disks of a restore point, through guestfish: names, bytes, permissions and times are those that were put in.
import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, open, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { quoteArgument } from '../../src/cli/disk-files/guestfish.ts'
import { type DiskFiles, openDiskFiles, takeFiles } from '../../src/cli/disk-files/index.ts'
import type { Vault } from '../../src/vault/index.ts'
import { holdfast } from '../acceptance/holdfast.ts'
import { createFolder, createVault, MiB, noise, PASSWORD, pointOf, readBack, whole, writeDisk } from '../vault/world.ts'
import { canMakeFileSystems, makeExt4, makeFatAndNtfsInMbr, makeLvmOverTwo, makeXfsInGpt } from './file-systems.ts'
import { peer } from './peer.ts'

/** Several processes each, on a machine that may be busy. */
vi.setConfig({ testTimeout: 600_000 })

const run = promisify(execFile)
const hasGuestfish = peer('guestfish', 'guestfish')

/** An appliance starts in seconds with KVM, in a minute or more where it is emulated on a busy machine. */
const BOOTS_MS = 1_800_000
/** Under emulation everywhere: KVM inside of virtual machines promises more than it keeps. */
const env = { ...process.env, LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg' }

const AWKWARD = ['a; rm -rf "', "it's $HOME `id`", 'new\nline', 'ümlaut €', '-rf', ' << EOF', '*', '\u0001', 'a\\x41b']
const CONTENT = noise(7, MiB + 333)
const TIME_S = 1_234_567_890
const HOLES_BYTES = 40 * MiB

describe.skipIf(!hasGuestfish)('guestfish', () => {
  test('gets every argument as it is, whatever bytes are in it', async () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes.map((byte) => byte || 1)))
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 30 }), async (names) => {
        const talking = run('guestfish', [], { encoding: 'buffer' })
        talking.child.stdin?.end(names.map((each) => `echo ${quoteArgument(each)}\n`).join(''))
        expect((await talking).stdout.equals(Buffer.concat(names.flatMap((each) => [each, Buffer.from('\n')])))).toBe(true)
      }),
      { numRuns: 10 },
    )
  })
})

describe.skipIf(!hasGuestfish || !canMakeFileSystems())('files in the disks of a point', () => {
  const stack = new AsyncDisposableStack()
  let folder: { readonly path: string; file(name: string): string }
  let vault: Vault
  let pointId = ''
  let files: DiskFiles

  beforeAll(async () => {
    folder = stack.use(await createFolder())
    await makeTree(folder.file('tree'))
    await writeFile(folder.file('content'), CONTENT)
    await utimes(folder.file('content'), TIME_S, TIME_S)
    await makeExt4(folder.file('ide0'), folder.file('tree'))
    await makeXfsInGpt(folder.file('ide1'), folder.file('content'))
    await makeFatAndNtfsInMbr(folder.file('ide2'), folder.file('content'), 'Brief an Müller.txt')
    await makeLvmOverTwo([folder.file('ide3'), folder.file('ide4')], folder.file('content'), env)
    vault = await createVault(folder.path, { keyCost: 1024 })
    const stored: Record<string, Awaited<ReturnType<Vault['storeDisk']>>> = {}
    for (const disk of ['ide0', 'ide1', 'ide2', 'ide3', 'ide4']) {
      const { size: sizeBytes } = await lstat(folder.file(disk))
      const source = { kind: 'file', path: folder.file(disk) } as const
      stored[disk] = await vault.storeDisk({ disk, sizeBytes, source, map: whole(sizeBytes) })
    }
    ;({ id: pointId } = await vault.commitPoint(pointOf('run-1', stored)))
    files = stack.use(await openDiskFiles(vault, await vault.point(pointId), { env, signal: new AbortController().signal }))
  }, BOOTS_MS)
  afterAll(async () => {
    await stack.disposeAsync()
    await vault?.close()
  }, BOOTS_MS)

  test('volumes are shown by disk and partition, logical ones by group and name', { timeout: BOOTS_MS }, async () => {
    expect(await files.list('')).toMatchObject([
      { kind: 'volume', path: 'ide0', fileSystem: 'ext4', sizeBytes: 16 * MiB },
      { kind: 'volume', path: 'ide1/1', fileSystem: 'xfs', sizeBytes: 300 * MiB },
      { kind: 'volume', path: 'ide2/1', fileSystem: 'vfat', label: 'BOOT' },
      { kind: 'volume', path: 'ide2/2', fileSystem: 'ntfs', label: 'Windows' },
      { kind: 'volume', path: 'data-vg/root', fileSystem: 'ext4', label: 'ROOT', sizeBytes: 28 * MiB },
      { kind: 'volume', path: 'data-vg/swap', fileSystem: 'swap', sizeBytes: 4 * MiB },
    ])
  })

  test('ext4: names of any kind are listed and taken, with content, permissions, times and links', {
    timeout: BOOTS_MS,
  }, async () => {
    const listed = await files.list('ide0/awkward')
    expect(listed.map(({ path }) => path.slice('ide0/awkward/'.length)).sort()).toEqual([...AWKWARD].sort())
    expect(await files.list('ide0/etc')).toMatchObject([
      { kind: 'link', path: 'ide0/etc/link', target: '../../outside' },
      { kind: 'file', path: 'ide0/etc/private', mode: 0o600, sizeBytes: CONTENT.length, mtime: '2009-02-13T23:31:30.000Z' },
    ])
    const to = folder.file('out-ext4')
    const taken = await takeFiles(files, ['ide0/awkward', 'ide0/etc/', '/ide0/awkward/-rf'], to)
    expect(taken.problems).toEqual([])
    for (const name of AWKWARD) expect(await readFile(join(to, 'ide0/awkward', name), 'utf8')).toBe(`content of ${name}`)
    expect((await readFile(join(to, 'ide0/etc/private'))).equals(CONTENT)).toBe(true)
    const about = await lstat(join(to, 'ide0/etc/private'))
    expect({ mode: about.mode & 0o7777, mtimeMs: about.mtimeMs }).toEqual({ mode: 0o600, mtimeMs: TIME_S * 1000 })
    const folderAbout = await lstat(join(to, 'ide0/etc'))
    expect({ mode: folderAbout.mode & 0o7777, mtimeMs: folderAbout.mtimeMs }).toEqual({ mode: 0o750, mtimeMs: TIME_S * 1000 })
    expect(await readlink(join(to, 'ide0/etc/link'))).toBe('../../outside')
    expect(await readdir(to)).toEqual(['ide0'])
  })

  test('holes are taken as holes, with what is between them', { timeout: BOOTS_MS }, async () => {
    const to = folder.file('out-holes')
    const told: number[] = []
    const taken = await takeFiles(files, ['ide0/holes'], to, ({ doneBytes }) => told.push(doneBytes))
    expect(taken).toEqual({ files: 1, bytes: HOLES_BYTES, problems: [] })
    expect(told.at(-1)).toBe(HOLES_BYTES)
    const about = await lstat(join(to, 'ide0/holes/sparse'))
    expect({ size: about.size, mtimeMs: about.mtimeMs }).toEqual({ size: HOLES_BYTES, mtimeMs: TIME_S * 1000 })
    expect(about.blocks * 512).toBeLessThan(MiB)
    expect(await readFile(join(to, 'ide0/holes/sparse'))).toEqual(await readFile(folder.file('tree/holes/sparse')))
    expect(await readdir(to)).toEqual(['ide0'])
  })

  test('patterns take what they match in whatever volume it is, and whole folders', { timeout: BOOTS_MS }, async () => {
    const taken = async (name: string, ...paths: string[]) => {
      const { problems } = await takeFiles(files, paths, folder.file(name))
      expect(problems).toEqual([])
      return (await readdir(folder.file(name), { recursive: true, withFileTypes: true }))
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.file(name).length + 1))
        .sort()
    }
    expect(await taken('out-pattern-1', '/ide0/etc/priv*', 'ide0/awkward/[*]')).toEqual(['ide0/awkward/*', 'ide0/etc/private'])
    expect(await taken('out-pattern-2', '**/etc/pl?in')).toEqual(['data-vg/root/etc/plain', 'ide1/1/etc/plain'])
    expect(await taken('out-pattern-3', 'ide*/et[c-d]')).toEqual(['ide0/etc/link', 'ide0/etc/private'])
    for (const path of ['ide0/etc/*.conf', 'ide9/*', 'ide0/../*'])
      await expect(files.find(path), path).rejects.toMatchObject({ code: 'POINT_FILE_UNKNOWN' })
  })

  test('XFS, FAT and NTFS give back the same bytes', { timeout: BOOTS_MS }, async () => {
    const paths = ['ide1/1/etc/plain', 'ide2/1/Brief an Müller.txt', 'ide2/2/Brief an Müller.txt']
    const to = folder.file('out-others')
    expect(await takeFiles(files, paths, to)).toEqual({ files: 3, bytes: 3 * CONTENT.length, problems: [] })
    for (const path of paths) expect((await readFile(join(to, path))).equals(CONTENT), path).toBe(true)
    expect((await lstat(join(to, 'ide1/1/etc/plain'))).mode & 0o7777).toBe(0o640)
    expect((await lstat(join(to, 'ide2/1/Brief an Müller.txt'))).mtimeMs).toBe(TIME_S * 1000)
  })

  test('a logical volume that lies on two disks gives back the same bytes', { timeout: BOOTS_MS }, async () => {
    expect(await files.list('data-vg/root/etc')).toMatchObject([
      { kind: 'file', path: 'data-vg/root/etc/plain', mode: 0o640, sizeBytes: CONTENT.length },
    ])
    const to = folder.file('out-lvm')
    expect(await takeFiles(files, ['data-vg/root/etc/plain'], to)).toMatchObject({ files: 1, problems: [] })
    expect((await readFile(join(to, 'data-vg/root/etc/plain'))).equals(CONTENT)).toBe(true)
  })

  test('what is not there, or leads out of the point, is unknown', { timeout: BOOTS_MS }, async () => {
    for (const path of [
      'ide0/nothing',
      'ide9/etc',
      'ide0/etc/private/x',
      '../ide0/etc',
      'ide0/../ide1/1',
      'ide1',
      'ide3/1',
      'data-vg',
    ])
      await expect(files.list(path), path).rejects.toMatchObject({ code: 'POINT_FILE_UNKNOWN' })
  })

  test('by the command line, and the vault stays as it was', { timeout: BOOTS_MS }, async () => {
    const where = {
      cwd: folder.path,
      env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal(), LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg' },
    }
    const got = await holdfast(where, 'vault', 'files', 'get', 'vault', pointId, 'ide0/etc', '--to', 'out')
    expect(got.stdout).toBe(`${folder.file('out')}: 2 files, 1.0 MiB written\n`)
    expect((await readFile(folder.file('out/ide0/etc/private'))).equals(CONTENT)).toBe(true)
    const again = await holdfast(where, 'vault', 'files', 'get', 'vault', pointId, 'ide0/etc', '--to', 'out')
    expect({ exitCode: again.exitCode, said: again.stderr.includes('error[FILE_EXISTS]') }).toEqual({ exitCode: 2, said: true })
    expect((await readBack(vault, pointId)).equals(await readFile(folder.file('ide0')))).toBe(true)
  })
})

async function makeTree(tree: string): Promise<void> {
  await mkdir(join(tree, 'awkward'), { recursive: true })
  for (const name of AWKWARD) await writeFile(join(tree, 'awkward', name), `content of ${name}`)
  await mkdir(join(tree, 'etc'))
  await writeFile(join(tree, 'etc/private'), CONTENT)
  await chmod(join(tree, 'etc/private'), 0o600)
  await symlink('../../outside', join(tree, 'etc/link'))
  await utimes(join(tree, 'etc/private'), TIME_S, TIME_S)
  await mkdir(join(tree, 'holes'))
  await using sparse = await open(join(tree, 'holes/sparse'), 'w')
  await sparse.write(noise(3, 5000), 0, 5000, 20 * MiB - 1000)
  await sparse.truncate(HOLES_BYTES)
  await utimes(join(tree, 'holes/sparse'), TIME_S, TIME_S)
  await chmod(join(tree, 'etc'), 0o750)
  await utimes(join(tree, 'etc'), TIME_S, TIME_S)
}

test('a guestfish that is not installed is named with its package', async () => {
  await using folder = await createFolder()
  const vault = await createVault(folder.path, { keyCost: 1024 })
  const source = await writeDisk(folder.file('disk'), noise(1, MiB))
  const stored = await vault.storeDisk({ disk: 'ide0', sizeBytes: MiB, source, map: whole(MiB) })
  const { id } = await vault.commitPoint(pointOf('run-1', { ide0: stored }))
  await vault.close()
  const where = { cwd: folder.path, env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal(), PATH: folder.path } }
  const { exitCode, stderr } = await holdfast(where, 'vault', 'files', 'list', 'vault', id)
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'error[PROGRAM_MISSING]: guestfish is not installed\n  = hint: On Debian: apt-get install guestfish libguestfs-xfs\n',
  })
})
