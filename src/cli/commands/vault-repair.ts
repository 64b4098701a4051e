// `holdfast vault repair`: drops what is broken in a vault and keeps the rest.
import { formatCount, printable } from '../../values/index.ts'
import type { Repaired } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { createProgressLine, openNamedVault, type VaultOptions, withInterrupt } from '../vaults/index.ts'
import { moment } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly dropPoints?: boolean
  readonly dryRun?: boolean
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  const { dropPoints = false, dryRun = false } = options
  await using vault = await openNamedVault(host, directory, options)
  const progress = createProgressLine(host.stderr, await host.clock())
  return await withInterrupt(host, async (signal) => {
    const repaired = await vault.repair({
      dropPoints,
      dryRun,
      signal,
      onProgress: (bytes) => progress.show('repair', bytes),
    })
    progress.clear()
    host.stdout.write(options.format === 'json' ? `${JSON.stringify(repaired, undefined, 2)}\n` : describe(repaired, dryRun))
    const left = repaired.damagedPoints.length + repaired.unreadableSnapshots.length - repaired.pointsDropped
    return left > 0 ? EXIT.checkFailed : EXIT.done
  })
}

function describe(repaired: Repaired, dryRun: boolean): string {
  const { indexFilesReplaced, packsIndexed, packsDropped, blobsSaved, blobsLost, unreadableSnapshots, damagedPoints } = repaired
  const lines = [
    ...(indexFilesReplaced > 0 ? [`index: ${formatCount(indexFilesReplaced, 'file')} written anew`] : []),
    ...(packsIndexed > 0 ? [`index: ${formatCount(packsIndexed, 'pack')} that no file listed`] : []),
    ...(packsDropped > 0 ? [`packs: ${packsDropped} damaged; of their blobs ${blobsSaved} saved, ${blobsLost} lost`] : []),
    ...unreadableSnapshots.map((id) => `unreadable: snapshot ${id.slice(0, 10)}`),
    ...damagedPoints.flatMap(({ id, timeMs, vm, damage }) => [
      `damaged: point ${id.slice(0, 10)} of ${vm ?? 'another program'}, ${moment(timeMs)}`,
      ...damage.map(({ path, reason }) => `  ${path}: ${reason}`),
    ]),
  ]
  const points = damagedPoints.length + unreadableSnapshots.length
  const end =
    lines.length === 0
      ? 'nothing is broken'
      : dryRun
        ? 'nothing was changed'
        : points === 0
          ? 'every restore point can be restored'
          : repaired.pointsDropped === points
            ? `${formatCount(points, 'restore point')} removed; the others can be restored`
            : `${formatCount(points, 'restore point')} cannot be restored whole; --drop-points removes them`
  return [...lines, end].map((line) => `${printable(line)}\n`).join('')
}
