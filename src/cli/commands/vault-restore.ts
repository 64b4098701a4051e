// `holdfast vault restore`: the disks of a point as raw files, or its files. It overwrites nothing.
import { resolve } from 'node:path'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { createProgressLine } from '../progress-line.ts'
import { restoreToFolder } from '../restore-disks.ts'
import { restoreFiles } from '../restore-files.ts'
import { openNamedVault, type VaultOptions } from '../vault-access.ts'

interface Options extends VaultOptions {
  readonly to: string
  readonly disk?: string
  readonly include?: readonly string[]
  readonly resume?: boolean
}

export const run: RunCommand<[vault: string, point: string], Options> = async (host, options, directory, wanted) => {
  const { disk: only, include, resume = false } = options
  await using vault = await openNamedVault(host, directory, options)
  const point = await vault.point(wanted)
  const to = resolve(host.workingDirectory, options.to)
  const progress = createProgressLine(host.stderr, await host.clock())
  const stop = new AbortController()
  const stopListening = host.onInterrupt(() => stop.abort(new Error('interrupted')))
  try {
    if ((point.kind === 'files' && only === undefined) || include?.length)
      return await restoreFiles(host, vault, progress, {
        point,
        to,
        resume,
        signal: stop.signal,
        ...(include?.length ? { include } : {}),
      })
    const disks = point.disks.filter(({ disk }) => only === undefined || disk === only)
    if (disks.length === 0 && only !== undefined) await vault.openDisk(point.id, only)
    await restoreToFolder(host, vault, progress, to, { point, disks, resume, signal: stop.signal })
    return EXIT.done
  } finally {
    stopListening()
  }
}
