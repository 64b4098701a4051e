// `holdfast vault verify`: reads everything back and says which points could not be restored, and why.
import { formatCount, formatSize, printable } from '../../values/index.ts'
import type { VerifyReport } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { createProgressLine, openNamedVault, type VaultOptions, withInterrupt } from '../vaults/index.ts'
import { moment } from '../views/index.ts'

interface Options extends VaultOptions {
  /** A share of the packs to read. */
  readonly sample?: number
  readonly structure?: boolean
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  await using vault = await openNamedVault(host, directory, options, { toWork: true })
  const clock = await host.clock()
  const progress = createProgressLine(host.stderr, clock)
  return await withInterrupt(host, async (signal) => {
    const report = await vault.verify({
      data: options.structure !== true,
      ...(options.sample === undefined ? {} : { sample: options.sample }),
      signal,
      onProgress: (bytes) => progress.show('verify', bytes),
    })
    progress.clear()
    host.stdout.write(options.format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : describe(report, options))
    return report.problems.length > 0 || report.damagedPoints.length > 0 ? EXIT.checkFailed : EXIT.done
  })
}

function describe(
  { snapshots, packs, bytesRead, problems, damagedPoints, unusedPacks }: VerifyReport,
  { sample, structure }: Pick<Options, 'sample' | 'structure'>,
): string {
  const asFar = structure ? ', as far as its description tells' : sample === undefined ? '' : ', as far as the sample tells'
  const lines = [
    ...problems.map((problem) => `problem: ${problem}`),
    ...damagedPoints.flatMap(({ id, timeMs, vm, damage }) => [
      `damaged: point ${id.slice(0, 10)} of ${vm ?? 'another program'}, ${moment(timeMs)}`,
      ...damage.map(
        ({ path, reason, ranges }) =>
          `  ${path}: ${reason}${ranges.length > 0 ? ` (${formatCount(ranges.length, 'range')})` : ''}`,
      ),
    ]),
    ...(unusedPacks > 0
      ? [
          `${formatCount(unusedPacks, 'pack is', 'packs are')} in no index: ${
            problems.length + damagedPoints.length === 0
              ? 'left by interrupted work, harmless'
              : 'what is missing may be there, and `holdfast vault repair` takes it up again'
          }`,
        ]
      : []),
    `${formatCount(snapshots, 'restore point')}, ${formatCount(packs, 'pack')}, ${formatSize(bytesRead)} read`,
    problems.length === 0 && damagedPoints.length === 0
      ? snapshots === 0
        ? 'there is nothing to restore yet'
        : `every restore point can be restored${asFar}`
      : `${formatCount(damagedPoints.length, 'restore point is', 'restore points are')} damaged; the others can be restored`,
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
}
