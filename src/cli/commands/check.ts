// `holdfast check`: runbooks, packs and configuration, all problems in one pass. It touches nothing and opens no connection.
import { readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import {
  type Diagnostic,
  diagnosticsToJson,
  diagnosticsToSarif,
  formatDiagnostics,
  inReadingOrder,
} from '../../diagnostics/index.ts'
import { checkLockOrder, type RunbookAtHand } from '../../language/index.ts'
import { LOCK_FILE } from '../../packs/index.ts'
import { checkFile } from '../check-file.ts'
import { nothingToCheck } from '../codes.ts'
import type { GlobalOptions, RunCommand } from '../command.ts'
import { CONFIG_FILE, defaultConfig } from '../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import { type Host, wantsColour } from '../host.ts'
import { createLibrary, RUNBOOK_ENDING } from '../library.ts'
import { hasErrors, Refusal, type Sources } from '../refusal.ts'
import { openSession, type Session } from '../session.ts'

interface Options {
  readonly format: 'text' | 'json' | 'sarif'
}

export const run: RunCommand<[what: readonly string[]], Options> = async (host, options, what) => {
  const session = await sessionFor(host, options, what)
  const files = what.length === 0 ? filesBelow(host, '.') : what.flatMap((each) => filesOf(host, session, each))
  if (files.length === 0) throw new Refusal([nothingToCheck(what.length === 0 ? [host.workingDirectory] : what)])

  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  const runbooks: RunbookAtHand[] = []
  for (const file of files) {
    const checked = await checkFile(host, session, file)
    for (const [name, text] of checked.sources) sources.set(name, text)
    diagnostics.push(...checked.diagnostics)
    const { runbook, catalogue } = checked
    if (runbook && catalogue) runbooks.push({ runbook, catalogue })
  }
  diagnostics.push(...checkLockOrder(runbooks))
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
