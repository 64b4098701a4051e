// `holdfast vault stats`: how much a vault holds, what sharing and compression save, and how it grew.
import { formatSize } from '../../values/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { table } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly format: 'text' | 'json'
}

/** Days shown; JSON has all of them. */
const DAYS = 14

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  await using vault = await openNamedVault(host, directory, options)
  const stats = await vault.stats()
  if (options.format === 'json') {
    host.stdout.write(`${JSON.stringify(stats, undefined, 2)}\n`)
    return EXIT.done
  }
  const { points, packs, blobs, pointBytes, uniqueBytes, compressedBytes, storedBytes, growth } = stats
  host.stdout.write(
    table([
      ['points', String(points)],
      ['packs, blobs', `${packs}, ${blobs}`],
      ['all points written out', formatSize(pointBytes)],
      ['each blob once', `${formatSize(uniqueBytes)}${times(pointBytes, uniqueBytes, 'by sharing')}`],
      ['compressed', `${formatSize(compressedBytes)}${times(uniqueBytes, compressedBytes, 'by compression')}`],
      ['stored', formatSize(storedBytes)],
    ]),
  )
  const rows = growth.slice(-DAYS).map((day) => [day.day, String(day.points), formatSize(day.addedBytes)])
  if (rows.length > 0) host.stdout.write(`\n${table([['DAY', 'POINTS', 'ADDED'], ...rows])}`)
  return EXIT.done
}

const times = (before: number, after: number, by: string): string =>
  after === 0 ? '' : `, ${(before / after).toFixed(1)} times less ${by}`
