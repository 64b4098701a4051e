// Alerts at the end of a run: hooks are told what it owes. What could not be told is said; it never changes how the run ended.
import { type Diagnostic, formatDiagnostics } from '../../diagnostics/index.ts'
import type { Journal } from '../../journal/index.ts'
import type { Outcome } from '../../kernel/index.ts'
import type { Clock } from '../../packs/index.ts'
import { alertFailed } from '../codes.ts'
import type { Config } from '../config/index.ts'
import { type Host, wantsColour } from '../host.ts'
import { nameOf } from './hooks.ts'
import { openAlerts, type Telling } from './tell.ts'

/** Where runs are recorded, and what time it is. */
interface Recorded {
  readonly journal: Journal
  readonly clock: Clock
}

export async function alertOfOwed(
  host: Host,
  config: Config,
  { journal, clock }: Recorded,
  runId: string,
  { owed }: Outcome,
): Promise<void> {
  if (owed.length === 0) return
  try {
    sayTellings(host, await openAlerts(host, config, journal, clock).runEnded(runId))
  } catch (error) {
    say(host, [alertFailed('hooks', (error as Error).message)])
  }
}

/** Says which hooks could not be told, beside whatever else is printed. */
export function sayTellings(host: Host, tellings: readonly Telling[]): void {
  const diagnostics = tellings.flatMap(({ hook, problem }) => (problem === undefined ? [] : [alertFailed(nameOf(hook), problem)]))
  if (diagnostics.length > 0) say(host, diagnostics)
}

function say(host: Host, diagnostics: readonly Diagnostic[]): void {
  host.stderr.write(`${formatDiagnostics(diagnostics, new Map(), { colour: wantsColour(host, host.stderr) }).trimEnd()}\n`)
}
