// `holdfast vault show`: one restore point with its disks, and how consistent it was proven to be.
import { formatCount, formatSize, isObject, type Json, printable } from '../../values/index.ts'
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
      ['evidence', point.evidence === null ? 'none' : inline(point.evidence)],
      ...(point.machine === undefined ? [] : [['machine', machineWords(point.machine)]]),
      ...(point.attachments.length === 0 ? [] : [['attachments', point.attachments.map(({ name }) => name).join(', ')]]),
      ['run', point.run],
      ['added', formatSize(point.addedBytes)],
    ]),
  )
  host.stdout.write(`\n${contentOf(point)}`)
  return EXIT.done
}

/** What a VM needs that boots from the disks; `--format json` has all of it. */
function machineWords(machine: Json): string {
  const { cpus, memoryBytes, firmware, guestOs, networks } = isObject(machine) ? machine : {}
  return [
    ...(typeof cpus === 'number' ? [formatCount(cpus, 'processor')] : []),
    ...(typeof memoryBytes === 'number' ? [`${formatSize(memoryBytes)} of memory`] : []),
    ...(typeof firmware === 'string' ? [`firmware ${firmware}`] : []),
    ...(typeof guestOs === 'string' ? [guestOs] : []),
    ...(Array.isArray(networks) ? [formatCount(networks.length, 'network')] : []),
  ].join(', ')
}

/** By the key of each disk; empty where the platform has not told. */
function busesOf(machine: Json | undefined): ReadonlyMap<string, string> {
  const disks = isObject(machine) && Array.isArray(machine.disks) ? machine.disks.filter(isObject) : []
  return new Map(disks.flatMap(({ disk, bus }) => (typeof disk === 'string' && typeof bus === 'string' ? [[disk, bus]] : [])))
}

function contentOf({ disks, files, machine }: RestorePoint): string {
  if (!files) {
    const buses = busesOf(machine)
    return table([
      ['DISK', 'SIZE', ...(buses.size > 0 ? ['BUS'] : [])],
      ...disks.map(({ disk, sizeBytes }) => [disk, formatSize(sizeBytes), ...(buses.size > 0 ? [buses.get(disk) ?? ''] : [])]),
    ])
  }
  const { folders, counts, problems } = files
  return [
    table([['FOLDER', 'FROM'], ...folders.map(({ name, path }) => [name, path])]),
    `${formatCount(counts.files, 'file')}, ${formatSize(counts.sizeBytes)}; ${counts.unchanged} taken over\n`,
    ...problems.listed.map(({ path, message }) => `not as it was: ${printable(`${path}: ${message}`)}\n`),
    problems.count > problems.listed.length ? `and ${problems.count - problems.listed.length} more\n` : '',
  ].join('')
}
