// `holdfast check`: runbooks, packs and configuration, all problems in one pass. It touches nothing and opens no connection.
import { statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import {
  type Diagnostic,
  diagnosticsToJson,
  diagnosticsToSarif,
  formatDiagnostics,
  inReadingOrder,
} from '../../diagnostics/index.ts'
import { checkLockOrder, type RunbookAtHand } from '../../language/index.ts'
import { LOCK_FILE } from '../../packs/index.ts'
import { formatCount } from '../../values/index.ts'
import { checkFile, untilInterrupted } from '../checks/index.ts'
import { nothingToCheck } from '../codes.ts'
import type { GlobalOptions, RunCommand } from '../command.ts'
import { CONFIG_FILE, defaultConfig, loadConfig } from '../config/index.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { filesBelow, foldersBelow } from '../files/index.ts'
import { type Host, wantsColour } from '../host.ts'
import { hasErrors, Refusal, type Sources } from '../refusal.ts'
import { createLibrary, openSession, type PackCache, RUNBOOK_ENDING, type Session } from '../session/index.ts'
import type { Verification } from '../verification.ts'
import type { Bounds } from '../verified-before.ts'

interface Options extends Bounds {
  readonly format: 'text' | 'json' | 'sarif'
  readonly watch?: true
  readonly verify?: true
}

export const run: RunCommand<[what: readonly string[]], Options> = async (host, options, what) => {
  if (options.watch) return checkAgainAndAgain(host, options, what)
  const result = await checkAll(host, options, what)
  await print(host, options.format, result)
  return exitCodeOf(result)
}

interface Result {
  readonly files: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
  /** A line for each runbook that was verified. */
  readonly verified: readonly string[]
}

const exitCodeOf = ({ diagnostics }: Result): ExitCode => (hasErrors(diagnostics) ? EXIT.checkFailed : EXIT.done)

/** Throws Refusal where there is nothing that could be checked. */
async function checkAll(
  host: Host,
  options: Options & GlobalOptions,
  what: readonly string[],
  packs?: PackCache,
): Promise<Result> {
  const session = await sessionFor(host, options, what, packs)
  const files = what.length === 0 ? filesBelow(host, '.', isCheckable) : what.flatMap((each) => filesOf(host, session, each))
  if (files.length === 0) throw new Refusal([nothingToCheck(what.length === 0 ? [host.workingDirectory] : what)])

  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  const runbooks: RunbookAtHand[] = []
  const verified: string[] = []
  for (const file of files) {
    const checked = await checkFile(host, session, file)
    for (const [name, text] of checked.sources) sources.set(name, text)
    diagnostics.push(...checked.diagnostics)
    const { loaded } = checked
    if (!loaded) continue
    runbooks.push(loaded)
    if (!options.verify || hasErrors(checked.diagnostics)) continue
    const { verifyOnce } = await import('../verification.ts')
    const verification = await verifyOnce(host, session.config, file, loaded, options)
    diagnostics.push(...verification.diagnostics)
    verified.push(...inWords(file, verification))
  }
  diagnostics.push(...checkLockOrder(runbooks))
  return { files, diagnostics: withoutRepeats(diagnostics), sources, verified }
}

const inWords = (file: string, { verified, before }: Verification): readonly string[] =>
  verified
    ? [
        `${file}  verified${before ? ' before' : ''}: ${formatCount(verified.faults, 'fault')}, ${formatCount(verified.items, 'item')}`,
      ]
    : []

/** Ends on Ctrl-C, as the last check would have. Packs are read again only when something in their folder has changed. */
async function checkAgainAndAgain(host: Host, options: Options & GlobalOptions, what: readonly string[]): Promise<ExitCode> {
  const packs: PackCache = new Map()
  let seen: readonly string[] = []
  return untilInterrupted(host, {
    folders: () => foldersOf(host, options, what),
    forget: (changed) => {
      for (const directory of packs.keys()) if (changed.some((path) => path.startsWith(directory))) packs.delete(directory)
    },
    round: async () => {
      const result = await checkAll(host, options, what, packs)
      const gone = seen.filter((file) => !result.files.includes(file))
      seen = result.files
      if (options.format === 'text') for (const file of gone) host.stdout.write(`${file} is no more\n\n`)
      await print(host, options.format, result)
      return exitCodeOf(result)
    },
    quiet: options.format !== 'text',
  })
}

/** Where a change could matter: beside what is checked, the configuration, and the packs at hand. */
async function foldersOf(host: Host, options: GlobalOptions, what: readonly string[]): Promise<readonly string[]> {
  const named = what.length === 0 ? ['.'] : what
  const own = named.flatMap((each) =>
    isFolder(host, each) ? foldersBelow(host, each) : [resolve(host.workingDirectory, dirname(each))],
  )
  const config = await loadConfig(host, options.config).catch(() => defaultConfig(host.workingDirectory))
  const shipped = foldersBelow(host, host.packsDirectory)
  return [...new Set([...own, config.directory, ...config.packs.map(({ directory }) => directory), ...shipped])]
}

/** A broken configuration is reported when it is what is checked, and in the way otherwise. */
async function sessionFor(host: Host, options: GlobalOptions, what: readonly string[], packs?: PackCache): Promise<Session> {
  const named = (options.config === undefined ? [CONFIG_FILE] : [CONFIG_FILE, basename(options.config)]) as readonly string[]
  try {
    return await openSession(host, options, packs)
  } catch (error) {
    const isChecked = what.length === 0 || what.some((each) => named.includes(basename(each)))
    if (!(error instanceof Refusal) || !isChecked || error.sources.size === 0) throw error
    const config = defaultConfig(host.workingDirectory)
    return { config, library: createLibrary(host, config, packs) }
  }
}

const isFolder = (host: Host, path: string): boolean =>
  statSync(resolve(host.workingDirectory, path), { throwIfNoEntry: false })?.isDirectory() ?? false

function filesOf(host: Host, session: Session, what: string): readonly string[] {
  const stat = statSync(resolve(host.workingDirectory, what), { throwIfNoEntry: false })
  if (stat?.isDirectory()) return filesBelow(host, what, isCheckable)
  return stat ? [what] : [session.library.findRunbook(what)]
}

const isCheckable = (name: string): boolean =>
  name.endsWith(RUNBOOK_ENDING) || ['pack.yaml', CONFIG_FILE, LOCK_FILE].includes(name)

/** Several runbooks may use the same broken pack. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = new Map(diagnostics.map((each) => [JSON.stringify(each), each]))
  return [...byText.values()]
}

async function print(host: Host, format: Options['format'], { files, diagnostics, sources, verified }: Result) {
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
      for (const line of verified) host.stdout.write(`${line}\n`)
      host.stdout.write(
        `${formatCount(files.length, 'file')} checked, ${formatCount(errors, 'error')}, ${formatCount(warnings, 'warning')}\n`,
      )
      const [first] = inReadingOrder(diagnostics)
      return first && host.stdout.write(`\`holdfast explain ${first.code}\` tells more.\n`)
    }
    default:
      return format satisfies never
  }
}
