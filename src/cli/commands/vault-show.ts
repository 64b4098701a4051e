// `holdfast vault show`: one restore point with its disks, and how consistent it was proven to be.
import { formatCount, formatSize } from '../../values/index.ts'
import type { RestorePoint } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { inline, moment, table } from '../views/index.ts'
import { pointFacts } from './vault-list.ts'

interface Options extends VaultOptions {
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string, point: string], Options> = async (host, options, directory, wanted) => {
  await using vault = await openNamedVault(host, directory, options)
  const point = await vault.point(wanted)
  if (options.format === 'json') {
    host.stdout.write(`${JSON.stringify(pointFacts(point), undefined, 2)}\n`)
    return EXIT.done
  }
  host.stdout.write(
    table([
      ['point', point.id],
      ['time', moment(point.timeMs)],
      ['vm', `${point.name} (${point.vm})`],
      ...(point.group === undefined ? [] : [['group', point.group]]),
      ['platform', inline(point.platform)],
      ['kind', point.kind],
      ['level', point.level],
      ...(point.parent === undefined ? [] : [['taken over from', point.parent]]),
      ['consistency', point.consistency],
      ['evidence', inline(point.evidence)],
      ...(point.attachments.length === 0 ? [] : [['attachments', point.attachments.map(({ name }) => name).join(', ')]]),
      ['run', point.run],
      ['added', formatSize(point.addedBytes)],
    ]),
  )
  host.stdout.write(`\n${contentOf(point)}`)
  return EXIT.done
}

function contentOf({ disks, files }: RestorePoint): string {
  if (!files) return table([['DISK', 'SIZE'], ...disks.map(({ disk, sizeBytes }) => [disk, formatSize(sizeBytes)])])
  const { folders, counts, problems } = files
  return [
    table([['FOLDER', 'FROM'], ...folders.map(({ name, path }) => [name, path])]),
    `${formatCount(counts.files, 'file')}, ${formatSize(counts.sizeBytes)}; ${counts.unchanged} taken over\n`,
    ...problems.listed.map(({ path, message }) => `not as it was: ${path}: ${message}\n`),
    problems.count > problems.listed.length ? `and ${problems.count - problems.listed.length} more\n` : '',
  ].join('')
}
