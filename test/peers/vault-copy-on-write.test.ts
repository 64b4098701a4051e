// Restore points that can be written to: to qemu-io, nbdcopy and a guest that boots they are disks, and the vault never changes.
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { buildGuest } from '../../src/platforms/qemu/measuring/build.ts'
import { exportVault, type PointSummary, type Vault } from '../../src/vault/index.ts'
import { backUp, createFolder, createVault, MiB, noise, readBack, writeDisk } from '../vault/world.ts'
import { peer } from './peer.ts'

/** Several processes each, on a machine that may be busy. */
vi.setConfig({ testTimeout: 600_000 })

const run = promisify(execFile)
const hasQemu = [peer('qemu-img', 'qemu-utils'), peer('qemu-io', 'qemu-utils')].every(Boolean)
const hasLibnbd = [peer('nbdinfo', 'libnbd-bin'), peer('nbdcopy', 'libnbd-bin')].every(Boolean)
const hasGuest = [
  peer('qemu-system-x86_64', 'qemu-system-x86'),
  peer('mke2fs', 'e2fsprogs'),
  peer('debugfs', 'e2fsprogs'),
  peer('dpkg-deb', 'dpkg'),
].every(Boolean)

interface Served extends AsyncDisposable {
  readonly vault: Vault
  readonly point: PointSummary
  readonly folder: { file(name: string): string }
  url(name: string): string
}

/** The only point of a vault, writable on a unix socket. */
async function serve(content: Buffer): Promise<Served> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await createFolder())
  const vault = stack.use(await createVault(folder.path))
  const point = await backUp(vault, 'run-1', await writeDisk(folder.file('disk.raw'), content), content.length)
  const path = folder.file('socket')
  stack.use(await exportVault(vault, { listen: { path }, copyOnWrite: { scratchFolder: folder.file('scratch') } }))
  const url = (name: string): string => `nbd+unix:///${name}?socket=${path}`
  return { vault, point, folder, url, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const CONTENT = Buffer.concat([noise(1, 3 * MiB), Buffer.alloc(3 * MiB), noise(2, MiB)])

describe.skipIf(!hasQemu)('a point that qemu-io writes to', () => {
  test('reads as written, for all who use it, and stays as it was in the vault', async () => {
    await using served = await serve(CONTENT)
    const url = served.url(`${served.point.id}/ide0`)
    const commands = [
      'write -f -P 0xa5 1000 9000',
      'write -z 1M 512k',
      'discard 2M 64k',
      'write -P 0x11 5M 1M',
      'flush',
      'read -P 0xa5 1000 9000',
    ]
    const { stdout } = await run('qemu-io', ['-f', 'raw', ...commands.flatMap((command) => ['-c', command]), url])
    expect(stdout).not.toMatch(/failed|error/i)

    const expected = Buffer.from(CONTENT)
    expected.fill(0xa5, 1000, 10_000)
    expected.fill(0, MiB, 1.5 * MiB)
    expected.fill(0, 2 * MiB, 2 * MiB + 65_536)
    expected.fill(0x11, 5 * MiB, 6 * MiB)
    await writeFile(served.folder.file('expected.raw'), expected)
    const compared = ['compare', '-f', 'raw', '-F', 'raw', served.folder.file('expected.raw')]
    expect((await run('qemu-img', [...compared, url])).stdout).toContain('Images are identical')
    expect((await run('qemu-img', [...compared, served.url('vm-1/latest/ide0')])).stdout).toContain('Images are identical')
    expect((await readBack(served.vault, served.point.id)).equals(CONTENT)).toBe(true)
  })

  test('is the same point under latest although a newer one has come, and has left no scratch', async () => {
    await using served = await serve(CONTENT)
    const url = served.url('vm-1/latest/ide0')
    await run('qemu-io', ['-f', 'raw', '-c', 'write -P 0x33 0 4k', url])
    await backUp(served.vault, 'run-2', await writeDisk(served.folder.file('other.raw'), noise(3, 7 * MiB)), 7 * MiB)
    expect((await run('qemu-io', ['-f', 'raw', '-c', 'read -P 0x33 0 4k', url])).stdout).not.toContain('failed')
    expect(await readdir(served.folder.file('scratch'))).toEqual([])
  })
})

describe.skipIf(!hasLibnbd)('libnbd', () => {
  test('sees a disk that takes writes, zeros, trims and flushes, and where it is zero', async () => {
    await using served = await serve(CONTENT)
    const url = served.url(`${served.point.id}/ide0`)
    const about = JSON.parse((await run('nbdinfo', ['--json', url])).stdout)
    expect(about).toMatchObject({
      exports: [{ is_read_only: false, can_zero: true, can_trim: true, can_flush: true, can_fua: true, can_multi_conn: true }],
    })
    const expected = noise(4, 7 * MiB)
    expected.fill(0, MiB, 5 * MiB)
    await writeFile(served.folder.file('in.raw'), expected)
    await run('nbdcopy', ['--flush', served.folder.file('in.raw'), url])
    await run('nbdcopy', [url, served.folder.file('out.raw')])
    expect((await readFile(served.folder.file('out.raw'))).equals(expected)).toBe(true)
    const map = JSON.parse((await run('nbdinfo', ['--map', '--json', url])).stdout) as {
      offset: number
      length: number
      type: number
    }[]
    expect(map.filter(({ type }) => (type & 2) !== 0)).toMatchObject([{ offset: MiB, length: 4 * MiB }])
    expect((await readBack(served.vault, served.point.id)).equals(CONTENT)).toBe(true)
  })
})

/** Mounts the disk, reads what the backup holds, leaves something, and switches off. */
const IN_THE_GUEST = [
  'mount -t proc proc /proc',
  'mount -t devtmpfs dev /dev',
  'for m in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk; do insmod /lib/m/$m.ko; done',
  'mount /dev/vda /data',
  'cat /data/letter',
  'echo answered > /data/answer',
  'umount /data',
  'poweroff -f',
].join('; ')

describe.skipIf(!hasGuest || !hasQemu)('a guest', () => {
  test('boots from a point and writes to it, and the point stays as it was', { timeout: 900_000 }, async () => {
    await using files = await createFolder()
    await writeFile(files.file('letter'), 'dear backup\n')
    const image = files.file('ext4.raw')
    await run('mke2fs', ['-q', '-t', 'ext4', '-O', '^metadata_csum', image, '32M'])
    await run('debugfs', ['-w', '-R', `write ${files.file('letter')} letter`, image])
    const content = await readFile(image)
    await using served = await serve(content)
    const url = served.url(`${served.point.id}/ide0`)

    const { kernel, initrd } = await buildGuest()
    const { stdout } = await run(
      'qemu-system-x86_64',
      [
        ...['-machine', 'pc', '-accel', 'tcg', '-cpu', 'max', '-m', '128', '-nodefaults', '-no-user-config', '-display', 'none'],
        ...['-no-reboot', '-serial', 'stdio', '-kernel', kernel, '-initrd', initrd],
        ...['-append', `console=ttyS0 quiet panic=-1 nokaslr mitigations=off rdinit=/bin/busybox -- sh -c "${IN_THE_GUEST}"`],
        ...['-drive', `file=${url},format=raw,if=virtio`],
      ],
      { maxBuffer: 2 ** 24 },
    )
    expect(stdout).toContain('dear backup')

    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', url, join(files.path, 'after.raw')])
    const { stdout: answer } = await run('debugfs', ['-R', 'cat answer', files.file('after.raw')])
    expect(answer).toBe('answered\n')
    expect((await readBack(served.vault, served.point.id)).equals(content)).toBe(true)
  })
})
