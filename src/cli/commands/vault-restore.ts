// `holdfast vault restore`: the disks of a point as raw files. It overwrites nothing.
import { mkdir, open, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { formatSize } from '../../values/index.ts'
import { fileExists } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { createProgressLine } from '../progress-line.ts'
import { Refusal } from '../refusal.ts'
import { openNamedVault, type VaultOptions } from '../vault-access.ts'

interface Options extends VaultOptions {
  readonly to: string
  readonly disk?: string
}

export const run: RunCommand<[vault: string, point: string], Options> = async (host, options, directory, wanted) => {
  await using vault = await openNamedVault(host, directory, options)
  const point = await vault.point(wanted)
  const disks = point.disks.filter(({ disk }) => options.disk === undefined || disk === options.disk)
  if (disks.length === 0 && options.disk !== undefined) await vault.openDisk(point.id, options.disk)
  const folder = resolve(host.workingDirectory, options.to)
  await mkdir(folder, { recursive: true, mode: 0o700 })

  const progress = createProgressLine(host.stderr, await host.clock())
  const stop = new AbortController()
  const stopListening = host.onInterrupt(() => stop.abort(new Error('interrupted')))
  try {
    for (const { disk, sizeBytes } of disks) {
      const path = join(folder, `${disk}.raw`)
      await createFile(path, sizeBytes)
      try {
        const { bytesWritten } = await vault.restoreDisk({
          pointId: point.id,
          disk,
          target: { kind: 'file', path },
          signal: stop.signal,
          onProgress: (bytes) => progress.show(disk, bytes),
        })
        progress.clear()
        host.stdout.write(`${path}: ${formatSize(sizeBytes)}, ${formatSize(bytesWritten)} written, the rest is zero\n`)
      } catch (error) {
        await rm(path, { force: true })
        throw error
      }
    }
    return EXIT.done
  } finally {
    stopListening()
  }
}

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
