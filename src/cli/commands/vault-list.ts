// `holdfast vault list`: the restore points of a vault, newest first.
import { formatSize } from '../../values/index.ts'
import type { PointKind, PointSummary, Vault } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { moment, table } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly vm?: string
  readonly kind?: PointKind
  readonly format: 'text' | 'json'
}

const SHORT_ID = 10

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  await using vault = await openNamedVault(host, directory, options)
  const { vm, kind } = options
  const points = await vault.points({ ...(vm === undefined ? {} : { vm }), ...(kind === undefined ? {} : { kind }) })
  if (options.format === 'json') host.stdout.write(`${JSON.stringify(points.map(pointFacts), undefined, 2)}\n`)
  else if (points.length === 0) host.stdout.write('no restore points\n')
  else {
    const names = await namesOf(vault, points)
    host.stdout.write(
      table(
        [
          ['POINT', 'TIME', 'NAME', 'VM', 'KIND', 'LEVEL', 'CONSISTENCY', 'SIZE', 'ADDED', 'GROUP'],
          ...points.map(({ id, timeMs, vm, kind, level, consistency, sizeBytes, addedBytes, group = '' }) => [
            id.slice(0, SHORT_ID),
            moment(timeMs),
            names.get(vm) ?? '',
            vm,
            kind,
            level,
            consistency,
            formatSize(sizeBytes),
            formatSize(addedBytes),
            group,
          ]),
        ],
        host.stdout,
      ),
    )
  }
  return EXIT.done
}

/** What each VM was called last, by its id. A point that cannot be read has no name here; `vault verify` tells why. */
async function namesOf(vault: Vault, points: readonly PointSummary[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const { id, vm, name } of points) {
    if (names.has(vm)) continue
    names.set(vm, name ?? (await vault.point(id).catch(() => undefined))?.name ?? '')
  }
  return names
}

export function pointFacts<Point extends PointSummary>({ timeMs, ...rest }: Point): Omit<Point, 'timeMs'> & { time: string } {
  return { time: new Date(timeMs).toISOString(), ...rest }
}
