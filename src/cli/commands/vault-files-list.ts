// `holdfast vault files list`: what stands in a folder of a restore point. Of disks it shows their volumes first.
import { formatSize } from '../../values/index.ts'
import type { ListedFile } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { openDiskFiles, type Volume } from '../disk-files/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../host.ts'
import { openNamedVault, type VaultOptions, withInterrupt } from '../vaults/index.ts'
import { table } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string, point: string, path: string | undefined], Options> = async (
  host,
  options,
  directory,
  wanted,
  path = '',
) => {
  await using vault = await openNamedVault(host, directory, options)
  const point = await vault.point(wanted)
  const listed = await withInterrupt(host, async (signal) => {
    if (point.kind === 'files') return await vault.listFiles(point.id, path)
    await using files = await openDiskFiles(vault, point, { env: host.env, signal })
    return await files.list(path)
  })
  if (options.format === 'json') host.stdout.write(`${JSON.stringify(listed.map(facts), undefined, 2)}\n`)
  else if (listed.length === 0) host.stdout.write('nothing is there\n')
  else host.stdout.write(`${tableOfVolumes(listed, host.stdout)}${tableOfFiles(listed, host.stdout)}`)
  return EXIT.done
}

type Listed = ListedFile | Volume

const facts = (one: Listed) => (one.kind === 'volume' ? one : { ...one, mode: octal(one.mode) })

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

function tableOfVolumes(listed: readonly Listed[], output: Output): string {
  const volumes = listed.filter((one) => one.kind === 'volume')
  if (volumes.length === 0) return ''
  const rows = volumes.map(({ path, fileSystem, sizeBytes, label = '' }) => [path, fileSystem, formatSize(sizeBytes), label])
  return table([['VOLUME', 'FILE SYSTEM', 'SIZE', 'LABEL'], ...rows], output)
}

function tableOfFiles(listed: readonly Listed[], output: Output): string {
  const files = listed.filter((one) => one.kind !== 'volume')
  if (files.length === 0) return ''
  const rows = files.map(({ kind, mode, sizeBytes, mtime, path, target }) => [
    kind,
    octal(mode),
    kind === 'file' ? formatSize(sizeBytes) : '',
    mtime.slice(0, 19).replace('T', ' '),
    `${path}${kind === 'folder' ? '/' : ''}${target === undefined ? '' : ` -> ${target}`}`,
  ])
  return table([['KIND', 'MODE', 'SIZE', 'CHANGED (UTC)', 'PATH'], ...rows], output)
}
