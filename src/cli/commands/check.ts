// `holdfast check`: runbooks, packs and configuration, all problems in one pass. It touches nothing and opens no connection.
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import {
  type Diagnostic,
  diagnosticsToJson,
  diagnosticsToSarif,
  formatDiagnostics,
  inReadingOrder,
} from '../../diagnostics/index.ts'
import { checkLock, LOCK_FILE, loadPack, readLock } from '../../packs/index.ts'
import { nothingToCheck } from '../codes.ts'
import type { GlobalOptions, RunCommand } from '../command.ts'
import { CONFIG_FILE, checkTargets, defaultConfig, readConfig } from '../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import { type Host, wantsColour } from '../host.ts'
import { createLibrary, RUNBOOK_ENDING, readText } from '../library.ts'
import { hasErrors, Refusal, type Sources } from '../refusal.ts'
import { openSession, type Session } from '../session.ts'

interface Options {
  readonly format: 'text' | 'json' | 'sarif'
}

interface Checked {
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
}

export const run: RunCommand<[what: readonly string[]], Options> = async (host, options, what) => {
  const session = await sessionFor(host, options, what)
  const files = what.length === 0 ? filesBelow(host, '.') : what.flatMap((each) => filesOf(host, session, each))
  if (files.length === 0) throw new Refusal([nothingToCheck(what.length === 0 ? [host.workingDirectory] : what)])

  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  for (const file of files) {
    const checked = await checkFile(host, session, file)
    for (const [name, text] of checked.sources) sources.set(name, text)
    diagnostics.push(...checked.diagnostics)
  }
  const unique = withoutRepeats(diagnostics)
  await print(host, options.format, files.length, unique, sources)
  return hasErrors(unique) ? EXIT.checkFailed : EXIT.done
}

/** A broken configuration is reported when it is what is checked, and in the way otherwise. */
async function sessionFor(host: Host, options: GlobalOptions, what: readonly string[]): Promise<Session> {
  const named = (options.config === undefined ? [CONFIG_FILE] : [CONFIG_FILE, basename(options.config)]) as readonly string[]
  try {
    return await openSession(host, options)
  } catch (error) {
    const isChecked = what.length === 0 || what.some((each) => named.includes(basename(each)))
    if (!(error instanceof Refusal) || !isChecked || error.sources.size === 0) throw error
    const config = defaultConfig(host.workingDirectory)
    return { config, library: createLibrary(host, config) }
  }
}

function filesOf(host: Host, session: Session, what: string): readonly string[] {
  const stat = statSync(resolve(host.workingDirectory, what), { throwIfNoEntry: false })
  if (stat?.isDirectory()) return filesBelow(host, what)
  return stat ? [what] : [session.library.findRunbook(what)]
}

const isCheckable = (name: string): boolean =>
  name.endsWith(RUNBOOK_ENDING) || ['pack.yaml', CONFIG_FILE, LOCK_FILE].includes(name)

function filesBelow(host: Host, directory: string): readonly string[] {
  const entries = readdirSync(resolve(host.workingDirectory, directory), { withFileTypes: true })
  return entries
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : filesBelow(host, path)
      return isCheckable(entry.name) ? [path] : []
    })
}

async function checkFile(host: Host, session: Session, file: string): Promise<Checked> {
  if (basename(file) === 'pack.yaml') return loadPack(dirname(resolve(host.workingDirectory, file)))
  if (basename(file) === LOCK_FILE) return checkLockFile(host, session, file)
  if (file.endsWith(RUNBOOK_ENDING) || !(await isConfig(host, file)))
    return session.library.loadRunbook(file, { operations: false })
  return checkConfig(host, file)
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

/** Several runbooks may use the same broken pack. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = new Map(diagnostics.map((each) => [JSON.stringify(each), each]))
  return [...byText.values()]
}

async function print(
  host: Host,
  format: Options['format'],
  checked: number,
  diagnostics: readonly Diagnostic[],
  sources: Sources,
) {
  switch (format) {
    case 'json':
      return host.stdout.write(`${JSON.stringify(diagnosticsToJson(diagnostics, sources), undefined, 2)}\n`)
    case 'sarif': {
      const { codeMeanings } = await import('../code-meanings.ts')
      return host.stdout.write(
        `${JSON.stringify(diagnosticsToSarif(diagnostics, sources, { version: host.version, meanings: codeMeanings }), undefined, 2)}\n`,
      )
    }
    case 'text': {
      const errors = diagnostics.filter(({ severity }) => severity === 'error').length
      const warnings = diagnostics.length - errors
      if (diagnostics.length > 0)
        host.stdout.write(`${formatDiagnostics(diagnostics, sources, { colour: wantsColour(host, host.stdout) }).trimEnd()}\n\n`)
      host.stdout.write(`${count(checked, 'file')} checked, ${count(errors, 'error')}, ${count(warnings, 'warning')}\n`)
      const [first] = inReadingOrder(diagnostics)
      return first && host.stdout.write(`\`holdfast explain ${first.code}\` tells more.\n`)
    }
    default:
      return format satisfies never
  }
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`
