// Writes disks of a restore point as raw files into a folder. It overwrites nothing.
import { mkdir, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatSize } from '../values/index.ts'
import type { PointDisk, RestorePoint, Vault } from '../vault/index.ts'
import { fileExists } from './codes.ts'
import type { Host } from './host.ts'
import type { ProgressLine } from './progress-line.ts'
import { Refusal } from './refusal.ts'

export interface DisksToRestore {
  readonly point: RestorePoint
  readonly disks: readonly PointDisk[]
  /** Compare what is there with the point, and write the rest. */
  readonly resume: boolean
  readonly signal: AbortSignal
}

export async function restoreToFolder(
  host: Host,
  vault: Vault,
  progress: ProgressLine,
  folder: string,
  { point, disks, resume, signal }: DisksToRestore,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const { disk, sizeBytes } of disks) {
    const path = join(folder, `${disk}.raw`)
    if (!(resume && (await hasSize(path, sizeBytes)))) await createFile(path, sizeBytes)
    // What an end leaves half written stays, for --resume.
    const { bytesWritten } = await vault.restoreDisk({
      pointId: point.id,
      disk,
      target: { kind: 'file', path },
      resume,
      signal,
      onProgress: (bytes) => progress.show(disk, bytes),
    })
    progress.clear()
    host.stdout.write(
      `${path}: ${formatSize(sizeBytes)}, ${formatSize(bytesWritten)} written, the rest is zero${resume ? ' or was there' : ''}\n`,
    )
  }
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
