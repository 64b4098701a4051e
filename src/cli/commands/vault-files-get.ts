// `holdfast vault files get`: single files and folders out of a restore point, of files or of disks. It overwrites nothing.
import { resolve } from 'node:path'
import { formatCount, formatSize, printable } from '../../values/index.ts'
import type { RunCommand } from '../command.ts'
import { openDiskFiles, takeFiles } from '../disk-files/index.ts'
import { EXIT } from '../exit-codes.ts'
import {
  assertEmpty,
  createProgressLine,
  openNamedVault,
  restoreFiles,
  type VaultOptions,
  withInterrupt,
} from '../vaults/index.ts'

interface Options extends VaultOptions {
  readonly to: string
}

export const run: RunCommand<[vault: string, point: string, paths: readonly string[]], Options> = async (
  host,
  options,
  directory,
  wanted,
  paths,
) => {
  await using vault = await openNamedVault(host, directory, options)
  const point = await vault.point(wanted)
  const to = resolve(host.workingDirectory, options.to)
  return await withInterrupt(host, async (signal) => {
    const progress = createProgressLine(host.stderr, await host.clock())
    if (point.kind === 'files')
      return await restoreFiles(host, vault, progress, { point, to, include: paths, resume: false, signal })
    await assertEmpty(to)
    await using disks = await openDiskFiles(vault, point, { env: host.env, signal })
    const { files, bytes, problems } = await takeFiles(disks, paths, to, (done) => progress.show('files', done))
    progress.clear()
    host.stdout.write(`${to}: ${formatCount(files, 'file')}, ${formatSize(bytes)} written\n`)
    for (const { path, message } of problems) host.stdout.write(`not taken: ${printable(`${path}: ${message}`)}\n`)
    return problems.length > 0 ? EXIT.checkFailed : EXIT.done
  })
}
