// What most commands start from: the configuration, and the packs and runbooks at hand. Touches nothing outside files.
import type { Catalogue } from '../../packs/index.ts'
import type { GlobalOptions } from '../command.ts'
import { type Config, checkTargets, loadConfig } from '../config/index.ts'
import type { Host } from '../host.ts'
import { refuseErrors } from '../refusal.ts'
import { createLibrary, type Library, type LoadedRunbook, type PackCache } from './library.ts'

export interface Session {
  readonly config: Config
  readonly library: Library
}

export async function openSession(host: Host, options: GlobalOptions, packs?: PackCache): Promise<Session> {
  const config = await loadConfig(host, options.config)
  const library = createLibrary(host, config, packs)
  refuseErrors(library.diagnostics, config.sources)
  return { config, library }
}

export type CheckedRunbook = LoadedRunbook & { readonly runbook: NonNullable<LoadedRunbook['runbook']> }

/** A runbook without errors. Throws Refusal otherwise. */
export async function checkedRunbook(
  { library }: Session,
  fileOrName: string,
  options: { operations: boolean },
): Promise<CheckedRunbook> {
  const loaded = await library.loadRunbook(library.findRunbook(fileOrName), options)
  const { runbook, diagnostics, sources } = loaded
  refuseErrors(diagnostics, sources)
  if (!runbook) throw new Error('a runbook without errors is there')
  return { ...loaded, runbook }
}

/** Throws Refusal when one of these configured targets does not fit its connection type. */
export function assertTargets(config: Config, names: readonly string[], catalogue: Catalogue): void {
  const targets = new Map([...config.targets].filter(([name]) => names.includes(name)))
  refuseErrors(checkTargets({ ...config, targets }, catalogue), config.sources)
}
