// `holdfast vault prune`: frees the space of what no restore point needs.
import { formatSize } from '../../values/index.ts'
import type { Pruned, Refused } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { createProgressLine, openNamedVault, type VaultOptions, withInterrupt } from '../vaults/index.ts'

interface Options extends VaultOptions {
  /** A share. */
  readonly maxUnused: number
  readonly dryRun?: boolean
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  const { maxUnused, dryRun = false } = options
  await using vault = await openNamedVault(host, directory, options)
  const progress = createProgressLine(host.stderr, await host.clock())
  return await withInterrupt(host, async (signal) => {
    const pruned = await vault.prune({
      maxUnused,
      dryRun,
      signal,
      onProgress: (bytes) => progress.show('repack', bytes),
    })
    progress.clear()
    const { packsDeleted, packsRepacked, packsUnindexed, freedBytes, unusedBytes, refused } = pruned
    host.stdout.write(
      options.format === 'json'
        ? `${JSON.stringify(factsOf(pruned), undefined, 2)}\n`
        : `${formatSize(freedBytes)} ${dryRun ? 'would be freed' : 'freed'}: ${packsDeleted + packsUnindexed} packs deleted, ${packsRepacked} written anew; ${formatSize(unusedBytes)} stay unused\n${staying(refused)}`,
    )
    return EXIT.done
  })
}

const factsOf = (pruned: Pruned) => ({
  ...pruned,
  refused: pruned.refused.map(({ kind, name, error }) => ({ kind, name, reason: error.message })),
})

/** The storage says the same of most: its words for the first are enough. */
const staying = (refused: readonly Refused[]): string =>
  refused[0] ? `${refused.length} files stay, for the storage does not let them go: ${refused[0].error.message}\n` : ''
