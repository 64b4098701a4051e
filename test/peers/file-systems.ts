// Disks with file systems that others made, without root: ext4, XFS in a GPT, FAT and NTFS in an MBR, ext4 on logical volumes.
import { execFile } from 'node:child_process'
import { open, readFile, truncate, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { peer } from './peer.ts'

const run = promisify(execFile)
const MiB = 2 ** 20

/** Whether all is there that makes the disks. */
export const canMakeFileSystems = (): boolean =>
  [
    peer('mke2fs', 'e2fsprogs'),
    peer('debugfs', 'e2fsprogs'),
    peer('mkfs.xfs', 'xfsprogs'),
    peer('mkfs.vfat', 'dosfstools'),
    peer('mcopy', 'mtools'),
    peer('mkntfs', 'ntfs-3g'),
    peer('ntfscp', 'ntfs-3g'),
    peer('sfdisk', 'fdisk'),
  ].every(Boolean)

/** All of `from`, without partitions, as after a power failure: nobody may mount it without replaying its journal. */
export async function makeExt4(path: string, from: string): Promise<void> {
  await run('mke2fs', ['-q', '-t', 'ext4', '-d', from, path, '16M'])
  await run('debugfs', ['-w', '-R', 'feature needs_recovery', path])
}

/** The smallest XFS that there is, as the first partition of a GPT; one file, `/etc/plain`. */
export async function makeXfsInGpt(path: string, file: string): Promise<void> {
  const inside = `${path}.xfs`
  await writeFile(inside, '')
  await truncate(inside, 300 * MiB)
  // The boot file and two numbers that nobody reads any more, then the tree; xfsprogs, "protofile" of mkfs.xfs(8).
  await writeFile(`${path}.proto`, `/boot\n0 0\nd--755 0 0\netc d--750 0 0\nplain ---640 0 0 ${file}\n$\n$\n`)
  await run('mkfs.xfs', ['-q', '-f', '-p', `${path}.proto`, inside])
  await partition(path, 302 * MiB, 'label: gpt\nstart=2048, size=614400, type=linux\n')
  await placeAt(path, MiB, await readFile(inside))
}

/** FAT and NTFS as the two partitions of an MBR; one file in each, under this name. */
export async function makeFatAndNtfsInMbr(path: string, file: string, name: string): Promise<void> {
  await partition(path, 40 * MiB, 'label: dos\nstart=2048, size=32768, type=c\nstart=34816, size=32768, type=7\n')
  const fat = `${path}.fat`
  await writeFile(fat, '')
  await truncate(fat, 16 * MiB)
  await run('mkfs.vfat', ['-n', 'BOOT', fat])
  // Times on FAT have no zone; libguestfs reads them as UTC.
  await run('mcopy', ['-m', '-i', fat, file, `::/${name}`], { env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' } })
  await placeAt(path, MiB, await readFile(fat))
  const ntfs = `${path}.ntfs`
  await writeFile(ntfs, '')
  await truncate(ntfs, 16 * MiB)
  await run('mkntfs', ['-F', '-q', '-f', '-L', 'Windows', '-p', '34816', '-H', '255', '-S', '63', ntfs])
  await run('ntfscp', ['-q', ntfs, file, name], { env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  await placeAt(path, 17 * MiB, await readFile(ntfs))
}

/** A group `data-vg` over the first partition of one disk and all of another; a volume `root` that lies on both, with one file `/etc/plain`, and one for swap. */
export async function makeLvmOverTwo(paths: readonly [string, string], file: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const path of paths) {
    await writeFile(path, '')
    await truncate(path, 24 * MiB)
  }
  const script = [
    ...paths.map((path) => `add-drive ${path} format:raw`),
    'run',
    'part-disk /dev/sda gpt',
    'pvcreate /dev/sda1',
    'pvcreate /dev/sdb',
    "vgcreate data-vg '/dev/sda1 /dev/sdb'",
    'lvcreate root data-vg 28',
    'lvcreate swap data-vg 4',
    'mkfs ext4 /dev/data-vg/root label:ROOT',
    'mkswap /dev/data-vg/swap',
    'mount /dev/data-vg/root /',
    'mkdir /etc',
    `upload ${file} /etc/plain`,
    'chmod 0640 /etc/plain',
    'umount-all',
  ]
  const making = run('guestfish', [], { env })
  making.child.stdin?.end(`${script.join('\n')}\n`)
  await making
}

async function partition(path: string, sizeBytes: number, script: string): Promise<void> {
  await writeFile(path, '')
  await truncate(path, sizeBytes)
  const partitioning = run('sfdisk', ['--quiet', path])
  partitioning.child.stdin?.end(script)
  await partitioning
}

async function placeAt(path: string, offsetBytes: number, content: Buffer): Promise<void> {
  await using disk = await open(path, 'r+')
  await disk.write(content, 0, content.length, offsetBytes)
}
