// `holdfast vault restore`: the disks of a point as images, on a device or an NBD export, or the files of one, or of a snapshot of restic's.
import { resolve } from 'node:path'
import type { Vault } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import {
  createProgressLine,
  openNamedVault,
  restoreDisks,
  restoreFiles,
  type VaultOptions,
  withInterrupt,
} from '../vaults/index.ts'

interface Options extends VaultOptions {
  readonly to: string
  readonly disk?: string
  readonly include?: readonly string[]
  readonly resume?: boolean
  readonly image: 'raw' | 'qcow2'
  readonly overwrite?: boolean
}

export const run: RunCommand<[vault: string, point: string], Options> = async (host, options, directory, wanted) => {
  const { disk: only, to, image, include, resume = false, overwrite = false } = options
  await using vault = await openNamedVault(host, directory, options, { toWork: true })
  const point = (await findForeign(vault, wanted)) ?? (await vault.point(wanted))
  const progress = createProgressLine(host.stderr, await host.clock())
  return await withInterrupt(
    host,
    async (signal) => {
      if (point.kind === 'foreign' || (point.kind === 'files' && only === undefined) || include?.length)
        return await restoreFiles(host, vault, progress, {
          point,
          to: resolve(host.workingDirectory, to),
          resume,
          signal,
          ...(include?.length ? { include } : {}),
        })
      const disks = point.disks.filter(({ disk }) => only === undefined || disk === only)
      if (disks.length === 0 && only !== undefined) await vault.openDisk(point.id, only)
      await restoreDisks(host, vault, progress, { point, disks, to, image, resume, overwrite, signal })
      return EXIT.done
    },
    'interrupted; the same command with --resume goes on where it was',
  )
}

/** A snapshot of another program holds files. */
async function findForeign(vault: Vault, wanted: string): Promise<{ readonly id: string; readonly kind: 'foreign' } | undefined> {
  if (wanted === 'latest') return undefined
  const named = (await vault.snapshots()).filter(({ id }) => id.startsWith(wanted))
  const ours = new Set((await vault.points()).map(({ id }) => id))
  const [found] = named
  return found && named.length === 1 && !ours.has(found.id) ? { id: found.id, kind: 'foreign' } : undefined
}
