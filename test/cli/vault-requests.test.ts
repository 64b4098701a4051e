// What people ask of a vault that cannot be: each is refused in words that say what to do, and nothing is left behind.
import { readdir, rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createProgressLine, restoreDisks } from '../../src/cli/vaults/index.ts'
import { openVault, type Vault } from '../../src/vault/index.ts'
import { createVirtualClock } from '../engine/virtual-clock.ts'
import { backUpFolder } from '../vault/file-world.ts'
import { backUp, createFolder, createVault, MiB, noise, PASSWORD, pointOf, readBack, whole, writeDisk } from '../vault/world.ts'
import { createTestHost } from './test-host.ts'

vi.setConfig({ testTimeout: 600_000 })

const stack = new AsyncDisposableStack()
let folder: Awaited<ReturnType<typeof createFolder>>
const MACHINE = { cpus: 2, memoryBytes: 4 * 1024 ** 3, firmware: 'efi', disks: [{ disk: 'ide0', bus: 'scsi' }], networks: [{}] }

beforeAll(async () => {
  folder = stack.use(await createFolder())
  await using vault = await createVault(folder.path, { keyCost: 1024, now: () => Date.parse('2026-11-20T01:00:00Z') })
  const source = await writeDisk(folder.file('disk'), noise(1, MiB))
  await backUp(vault, 'run-1', source, MiB, { machine: MACHINE })
  await backUp(vault, 'run-2', source, MiB, { vm: 'vm-2' })
  await writeFile(folder.file('a-file'), '')
}, 600_000)
afterAll(() => stack.disposeAsync())

async function holdfast(...args: readonly string[]) {
  const { host, printed } = createTestHost(folder.path, {
    HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal(),
    XDG_CACHE_HOME: folder.path,
  })
  const exitCode = await runCli(['vault', ...args], { ...host, clock: async () => createVirtualClock(0) })
  return { exitCode, ...printed }
}

const restore = (to: string) => ['restore', 'vault', 'latest', '--to', to, '--overwrite']
const ADDRESSES = 'an address is nbd://HOST/EXPORT, nbds://HOST/EXPORT or nbd+unix:///EXPORT?socket=PATH'

test.each([
  [restore('nbds://localhost/x'), 'nbds://localhost/x: it does not say where certificates are: add ?tls-certificates=FOLDER'],
  [restore('nbd://[bad'), `nbd://[bad: ${ADDRESSES}`],
  [restore('https://backup.example/ide0'), `https://backup.example/ide0: ${ADDRESSES}`],
  [restore('nbd+unix:///x'), 'nbd+unix:///x: it names no socket'],
  [restore('a-file'), 'a-file: it is neither a folder nor a block device'],
])('%j', async (args, said) => {
  const before = await readdir(folder.path)
  expect(await holdfast(...args)).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error[RESTORE_TARGET_UNFIT]: cannot restore to ${said}\n`,
  })
  expect(await readdir(folder.path)).toEqual(before)
})

test.each([
  [['init', 'a-file'], 1, 'error[VAULT_WRITE_FAILED]: writing to the vault failed: ENOTDIR'],
  [['export', 'vault', '--copy-on-write', '--scratch', 'nowhere'], 2, 'error[FILE_UNREADABLE]: cannot read '],
  [['export', 'vault', '--socket', 'nowhere/socket'], 2, 'its folder is not there'],
  [['verify', 'vault', '--data', '--structure'], 2, "option '--data' cannot be used with option '--structure'"],
] as const)('%j', async (args, exitCode, said) => {
  expect(await holdfast(...args)).toEqual({ exitCode, stdout: '', stderr: expect.stringContaining(said) })
})

test.each([
  ['Latin-1', Buffer.from(`${PASSWORD.reveal()}\u00e4\n`, 'latin1'), 2],
  ['UTF-16', Buffer.from(`\ufeff${PASSWORD.reveal()}\n`, 'utf16le'), 2],
  ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${PASSWORD.reveal()}\r\n`), 0],
])('a password file in %s', async (_, content, exitCode) => {
  await writeFile(folder.file('password'), content)
  const ended = await holdfast('list', 'vault', '--password-file', 'password')
  expect(ended.exitCode).toBe(exitCode)
  if (exitCode === 2)
    expect(ended.stderr).toBe('error[FILE_UNREADABLE]: cannot read password: it is not UTF-8: save it as UTF-8\n')
})

test('verify takes --data for what it does anyway', async () => {
  const all = await holdfast('verify', 'vault', '--data')
  expect(all).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('every restore point can be restored\n') })
  expect(await holdfast('verify', 'vault')).toEqual(all)
})

test('unlock shows every lock, takes away what nobody holds, and all only when told to', async () => {
  expect(await holdfast('unlock', 'vault')).toEqual({ exitCode: 0, stdout: 'the vault has no locks\n', stderr: '' })
  await using vault = await openVault(folder.file('vault'), PASSWORD, { threads: 0 })
  const { id } = await vault.point('latest')
  await using disk = await vault.openDisk(id, 'ide0')
  await disk.read(0, Buffer.alloc(1))
  await writeFile(folder.file(`vault/locks/${'0'.repeat(64)}`), 'no lock')
  expect((await holdfast('unlock', 'vault')).stdout).toMatch(
    new RegExp(
      `held +shared +${process.pid} +\\S+ +\\S+ +\\S+Z +stays\\n[^]*nothing to remove\\nwhat is held ends with its process; --all removes it all the same\\n$`,
    ),
  )
  expect((await holdfast('list', 'vault')).exitCode).toBe(0)
  expect(await holdfast('verify', 'vault')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('when nothing else uses the vault, remove it with `holdfast vault unlock --all`'),
  })
  const { removed } = JSON.parse((await holdfast('unlock', 'vault', '--all', '--format', 'json')).stdout)
  expect(removed.map(({ state }: { state: string }) => state).sort()).toEqual(['held', 'unreadable'])
  expect(await readdir(folder.file('vault/locks'))).toEqual([])
})

test('export serves no point of files, and says how to get at them', async () => {
  await using other = await createFolder()
  await using vault = await createVault(other.path, { keyCost: 1024 })
  const { point } = await backUpFolder(vault, 'run-1', import.meta.dirname)
  expect(await holdfast('export', other.file('vault'), point.id, '--port', '0')).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining(
      `error[POINT_DISK_UNKNOWN]: restore point ${point.id.slice(0, 10)} holds files, and no disks\n`,
    ),
  })
})

test('forget speaks of the VM that is named alone', async () => {
  const { stdout } = await holdfast('forget', 'vault', '--vm', 'vm-2', '--keep-last', '1')
  expect(stdout).toContain('vm-2')
  expect(stdout).not.toContain('vm-1')
  expect(stdout).toMatch(/\nnothing to remove\n$/)
})

test('show tells what a VM needs that boots from the point', async () => {
  const [{ id }] = JSON.parse((await holdfast('list', 'vault', '--vm', 'vm-1', '--format', 'json')).stdout)
  const { stdout } = await holdfast('show', 'vault', id)
  expect(stdout).toContain('2 processors, 4.0 GiB of memory, firmware efi, 1 network\n')
  expect(stdout).toMatch(/DISK +SIZE +BUS\nide0 +1\.0 MiB +scsi\n$/)
})

test('packs without an index are harmless only where nothing is missing', async () => {
  await using other = await createFolder()
  await using vault = await createVault(other.path, { keyCost: 1024 })
  await backUp(vault, 'run-1', await writeDisk(other.file('disk'), noise(1, MiB)), MiB)
  for (const name of await readdir(other.file('vault/index'))) await writeFile(other.file(`vault/index/${name}`), '')
  const { stdout } = await holdfast('verify', other.file('vault'))
  expect(stdout).toContain('in no index: what is missing may be there, and `holdfast vault repair` takes it up again')
})

describe('Ctrl-C', () => {
  const interrupted = async (...args: readonly string[]) => {
    const { host, printed } = createTestHost(folder.path, { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal() })
    const onInterrupt = (listener: () => void) => {
      listener()
      return () => {}
    }
    const exitCode = await runCli(['vault', ...args], { ...host, onInterrupt })
    return { exitCode, ...printed }
  }

  test.each(['verify', 'prune', 'repair'])('ends %s without a word about mistakes', async (command) => {
    expect(await interrupted(command, 'vault')).toMatchObject({ exitCode: 4, stdout: '', stderr: 'interrupted\n' })
  })

  test('ends a restore, which tells how to go on', async () => {
    expect(await interrupted('restore', 'vault', 'latest', '--to', 'interrupted')).toEqual({
      exitCode: 4,
      stdout: '',
      stderr: 'interrupted; the same command with --resume goes on where it was\n',
    })
    const { exitCode } = await holdfast('restore', 'vault', 'latest', '--to', 'interrupted', '--resume')
    expect(exitCode).toBe(0)
  })
})

describe('images', () => {
  const asked = { image: 'raw', resume: false, overwrite: false, signal: new AbortController().signal } as const

  test('are not begun where the file system has no room for them', async () => {
    await using target = await createFolder()
    const { host } = createTestHost(target.path)
    const sizeBytes = 2 ** 60
    const source = {
      sizeBytes,
      read: async () => {},
      extents: async () => [
        { offsetBytes: 0, lengthBytes: sizeBytes / 2, kind: 'zero' },
        { offsetBytes: sizeBytes / 2, lengthBytes: sizeBytes / 2, kind: 'data' },
      ],
      async [Symbol.asyncDispose]() {},
    } as const
    const point = { ...pointOf('run', {}), id: 'ab', kind: 'disks', timeMs: 0 }
    const vault = { openDisk: async () => source } as unknown as Vault
    const disks = [{ disk: 'ide0', sizeBytes, treeId: '' }]
    const progress = createProgressLine(host.stderr, createVirtualClock(0))
    const request = { ...asked, point: point as never, disks, to: 'out' }
    await expect(restoreDisks(host, vault, progress, request)).rejects.toMatchObject({
      code: 'TARGET_TOO_SMALL',
      message: expect.stringMatching(/^512\.0 PiB are to be written to .*out, and .* are free there$/),
    })
    expect(await readdir(target.path)).toEqual([])
  })

  test('of a disk whose name has a slash lie in the folder', async () => {
    await using target = await createFolder()
    const { host } = createTestHost(target.path)
    await using vault = await createVault(target.path, { keyCost: 1024 })
    const source = await writeDisk(target.file('disk'), noise(1, MiB))
    const map = [{ offsetBytes: 0, lengthBytes: MiB, kind: 'data' }] as const
    const stored = await vault.storeDisk({ disk: '../store/1', sizeBytes: MiB, source, map })
    const { id } = await vault.commitPoint(pointOf('run-1', { '../store/1': stored }))
    const point = await vault.point(id)
    const progress = createProgressLine(host.stderr, createVirtualClock(0))
    await restoreDisks(host, vault, progress, { ...asked, point, disks: point.disks, to: 'out' })
    expect(await readdir(target.file('out'))).toEqual(['..%2Fstore%2F1.raw'])
    expect((await readBack(vault, id, '../store/1')).equals(noise(1, MiB))).toBe(true)
  })
})

test('names from a platform do not steer the terminal of who restores or verifies', async () => {
  await using other = await createFolder()
  const steering = '\u001b[31m\u0007\u202e'
  {
    await using vault = await createVault(other.path, { keyCost: 1024 })
    const source = await writeDisk(other.file('disk'), noise(3, MiB))
    const stored = await vault.storeDisk({ disk: steering, sizeBytes: MiB, source, map: whole(MiB) })
    await vault.commitPoint(pointOf('run-1', { [steering]: stored }, { vm: steering }))
  }
  const restored = await holdfast('restore', other.file('vault'), 'latest', '--to', other.file('to'))
  expect(restored).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('/�[31m��.raw: 1.0 MiB') })
  await rm(other.file('vault/data'), { recursive: true })
  for (const command of ['verify', 'repair']) {
    const told = await holdfast(command, other.file('vault'))
    expect(told.stdout).toContain('of �[31m��, ')
    expect(told.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u)
  }
})
