// One file under check, whatever kind it is: a runbook, a pack, the lock file or the configuration.
import { basename, dirname, resolve } from 'node:path'
import type { Diagnostic } from '../../diagnostics/index.ts'
import { checkLock, LOCK_FILE, loadPack, readLock } from '../../packs/index.ts'
import { CONFIG_FILE, checkTargets, readConfig } from '../config/index.ts'
import type { Host } from '../host.ts'
import type { Sources } from '../refusal.ts'
import type { CheckedRunbook, Session } from '../session/index.ts'
import { createLibrary, RUNBOOK_ENDING, readText } from '../session/index.ts'

export interface Checked {
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
  /** A file that is a runbook and can be read, so that more can be said of it. */
  readonly loaded?: CheckedRunbook
}

/** All problems of a file. Throws Refusal when it cannot be read. */
export async function checkFile(host: Host, session: Session, file: string): Promise<Checked> {
  const path = resolve(host.workingDirectory, file)
  if (basename(file) === 'pack.yaml') return loadPack(dirname(path), { manifest: host.unsaved?.get(path) })
  if (basename(file) === LOCK_FILE) return checkLockFile(host, session, file)
  if (file.endsWith(RUNBOOK_ENDING) || !(await isConfig(host, file))) return checkRunbookFile(session, file)
  return checkConfig(host, file)
}

async function checkRunbookFile({ library }: Session, file: string): Promise<Checked> {
  const loaded = await library.loadRunbook(file, { operations: false })
  const { runbook, diagnostics, sources } = loaded
  return { diagnostics, sources, ...(runbook === undefined ? {} : { loaded: { ...loaded, runbook } }) }
}

/** A configuration may have any name; its first key tells. */
const isConfig = async (host: Host, file: string): Promise<boolean> =>
  basename(file) === CONFIG_FILE || /^config\s*:/m.test(await readText(host, file))

async function checkConfig(host: Host, file: string): Promise<Checked> {
  const { config, diagnostics, sources } = readConfig(await readText(host, file), file, host.workingDirectory)
  if (!config) return { diagnostics, sources }
  const library = createLibrary(host, config)
  const wanted = [...config.targets.values()].map(({ connection }) => connection.slice(0, connection.indexOf('/')))
  const packs = await library.loadPacks(wanted, { operations: false })
  return {
    diagnostics: [...diagnostics, ...library.diagnostics, ...packs.diagnostics, ...checkTargets(config, packs.catalogue)],
    sources: new Map([...sources, ...packs.sources]),
  }
}

/** Against the packs at hand. That one of them is not locked matters to the runbooks that use it, and is said of them. */
async function checkLockFile(host: Host, { library }: Session, file: string): Promise<Checked> {
  const text = await readText(host, file)
  const { lock, diagnostics } = readLock(text, file)
  if (!lock) return { diagnostics, sources: new Map([[file, text]]) }
  const { packs, ...loaded } = await library.loadPacks(library.packNames(), { operations: false })
  const differences = checkLock(
    lock,
    packs.map(({ pack }) => pack),
  ).filter(({ code }) => code !== 'LOCK_PACK_MISSING')
  return { diagnostics: [...loaded.diagnostics, ...differences], sources: new Map([...loaded.sources, [file, text]]) }
}
