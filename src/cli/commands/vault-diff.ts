// `holdfast vault diff`: what changed between two restore points, ranges of disks or files by path. It reads no content.
import { formatSize, printable } from '../../values/index.ts'
import type { PointsDiff } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { table } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly ranges?: boolean
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string, from: string, to: string], Options> = async (host, options, directory, from, to) => {
  await using vault = await openNamedVault(host, directory, options)
  const diff = await vault.diff(from, to)
  host.stdout.write(
    options.format === 'json' ? `${JSON.stringify(diff, undefined, 2)}\n` : describe(diff, options.ranges === true),
  )
  return EXIT.done
}

function describe({ disks, files }: PointsDiff, withRanges: boolean): string {
  if (disks.length === 0)
    return files.length === 0
      ? 'no difference\n'
      : files.map(({ path, change }) => `${change.padEnd(8)}  ${printable(path)}\n`).join('')
  const rows = disks.map(({ disk, change, sizeBytes, changedBytes, ranges }) => [
    disk,
    change,
    formatSize(sizeBytes),
    formatSize(changedBytes),
    String(ranges.length),
  ])
  const each = disks.flatMap(({ disk, ranges }) =>
    ranges.map(({ offsetBytes, lengthBytes }) => `${disk} ${offsetBytes}+${lengthBytes}\n`),
  )
  return `${table([['DISK', 'CHANGE', 'SIZE', 'CHANGED', 'RANGES'], ...rows])}${withRanges ? each.join('') : ''}`
}
