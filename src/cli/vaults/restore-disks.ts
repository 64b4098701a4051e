// Writes disks of a restore point: as image files into a folder, or one of them onto a block device or an NBD export.
// Files are never overwritten, devices and exports only when that is asked for.
import { constants, open, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { DiskAddress } from '../../blocks/index.ts'
import { formatSize, printable } from '../../values/index.ts'
import { assertRoom, makeFolder, type PointDisk, type RestorePoint, type Vault } from '../../vault/index.ts'
import { fileExists, restoreTargetUnfit } from '../codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import type { ProgressLine } from './progress-line.ts'
import { writeQcow2 } from './qemu-img.ts'
import { findTarget } from './restore-target.ts'

export interface DisksToRestore {
  readonly point: RestorePoint
  readonly disks: readonly PointDisk[]
  readonly to: string
  readonly image: 'raw' | 'qcow2'
  /** Compare what is there with the point, and write the rest. */
  readonly resume: boolean
  readonly overwrite: boolean
  readonly signal: AbortSignal
}

export async function restoreDisks(host: Host, vault: Vault, progress: ProgressLine, asked: DisksToRestore): Promise<void> {
  const { disks, to, image, overwrite } = asked
  const target = await findTarget(host.workingDirectory, to)
  if (!target) return await restoreToFolder(host, vault, progress, resolve(host.workingDirectory, to), asked)
  const [disk, ...others] = disks
  if (!disk || others.length > 0) throw new Refusal([restoreTargetUnfit(to, 'it takes one disk: name it with --disk')])
  if (image !== 'raw') throw new Refusal([restoreTargetUnfit(to, 'only files can be qcow2 images')])
  if (!overwrite) throw new Refusal([restoreTargetUnfit(to, 'what is on it would be lost: --overwrite says that this is meant')])
  if (target.kind === 'file') await assertUnused(target.path, to)
  await restoreRaw(host, vault, progress, asked, disk, target, to)
}

/** What is mounted, swapped to or part of another device is not what was meant: to write there would ruin a system that runs. Source: open(2), `O_EXCL` of block devices. */
async function assertUnused(path: string, to: string): Promise<void> {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_EXCL)).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    throw new Refusal([restoreTargetUnfit(to, 'it is in use: mounted, swapped to, part of another device, or held by a program')])
  }
}

async function restoreToFolder(
  host: Host,
  vault: Vault,
  progress: ProgressLine,
  folder: string,
  asked: DisksToRestore,
): Promise<void> {
  const { point, disks, image, resume, signal } = asked
  await assertRoomForImages(vault, folder, asked)
  await makeFolder(folder)
  for (const disk of disks) {
    const path = join(folder, imageName(disk, image))
    if (image === 'qcow2') {
      if (await stat(path).catch(() => undefined)) throw new Refusal([fileExists(path)])
      await writeQcow2(vault, `${point.id}/${disk.disk}`, path, signal)
      host.stdout.write(`${printable(path)}: ${formatSize(disk.sizeBytes)}, qcow2\n`)
      continue
    }
    if (!(resume && (await hasSize(path, disk.sizeBytes)))) await createFile(path, disk.sizeBytes)
    // What an end leaves half written stays, for --resume.
    await restoreRaw(host, vault, progress, asked, disk, { kind: 'file', path }, path)
  }
  if (point.machine !== undefined) await describeMachine(host, folder, asked)
}

/** A platform may call a disk anything; a slash would leave the folder. */
const imageName = ({ disk }: PointDisk, image: DisksToRestore['image']): string => `${disk.replaceAll('/', '%2F')}.${image}`

/** Zeros take no room, nor does what an earlier try has written. */
async function assertRoomForImages(vault: Vault, folder: string, { point, disks, image }: DisksToRestore): Promise<void> {
  let neededBytes = 0
  for (const disk of disks) {
    await using source = await vault.openDisk(point.id, disk.disk)
    for (const { kind, lengthBytes } of await source.extents(0, source.sizeBytes)) if (kind === 'data') neededBytes += lengthBytes
    const there = await stat(join(folder, imageName(disk, image))).catch(() => undefined)
    neededBytes -= (there?.blocks ?? 0) * BLOCK_BYTES
  }
  await assertRoom(folder, neededBytes)
}

/** In which `stat` counts; stat(2), "st_blocks". */
const BLOCK_BYTES = 512

/** What a VM for these images needs, for whoever makes one on another platform. */
async function describeMachine(host: Host, folder: string, { point, disks, image }: DisksToRestore): Promise<void> {
  const { name, vm, timeMs, consistency, machine } = point
  const images = Object.fromEntries(disks.map((disk) => [disk.disk, imageName(disk, image)]))
  const description = { name, vm, time: new Date(timeMs).toISOString(), consistency, machine, images }
  const path = join(folder, 'machine.json')
  await writeFile(path, `${JSON.stringify(description, undefined, 2)}\n`, { mode: 0o600 })
  host.stdout.write(`${path}: processors, memory, firmware, disks and networks\n`)
}

async function restoreRaw(
  host: Host,
  vault: Vault,
  progress: ProgressLine,
  { point, resume, signal }: DisksToRestore,
  { disk, sizeBytes }: PointDisk,
  target: DiskAddress,
  shown: string,
): Promise<void> {
  const { bytesWritten } = await vault.restoreDisk({
    pointId: point.id,
    disk,
    target,
    resume,
    signal,
    onProgress: (bytes) => progress.show(disk, bytes),
  })
  progress.clear()
  const rest = resume ? 'is zero or was there' : 'is zero'
  host.stdout.write(`${printable(shown)}: ${formatSize(sizeBytes)}, ${formatSize(bytesWritten)} written, the rest ${rest}\n`)
}

const hasSize = async (path: string, sizeBytes: number): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.size === sizeBytes

/** Sparse, of full size, and ours: an existing file is refused. */
async function createFile(path: string, sizeBytes: number): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.truncate(sizeBytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Refusal([fileExists(path)])
    throw error
  }
}
