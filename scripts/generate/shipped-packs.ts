// The packs that come with Holdfast, in the order of their names.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../src/cli/index.ts'
import { formatDiagnostics } from '../../src/diagnostics/index.ts'
import { loadPack, type Pack } from '../../src/packs/index.ts'

/** Throws when one of them has errors. */
export async function shippedPacks(host: Host): Promise<readonly Pack[]> {
  const packs: Pack[] = []
  for (const name of readdirSync(host.packsDirectory).toSorted()) {
    const { pack, diagnostics, sources } = await loadPack(join(host.packsDirectory, name), { operations: false })
    if (!pack) throw new Error(formatDiagnostics(diagnostics, sources, { colour: false }))
    packs.push(pack)
  }
  return packs
}
