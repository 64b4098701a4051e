// `holdfast fmt`: runbooks and manifests laid out in one way. A file that has problems stays as it is, and they are told.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Diagnostic, formatDiagnostics } from '../../diagnostics/index.ts'
import { formatYaml, parseRunbook, readYaml, runbookSchema } from '../../language/index.ts'
import { packSchema } from '../../packs/index.ts'
import { nothingToFormat } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { filesBelow, writeAtomically } from '../files/index.ts'
import { type Host, wantsColour } from '../host.ts'
import { hasErrors, Refusal } from '../refusal.ts'
import { RUNBOOK_ENDING, readText } from '../session/index.ts'

interface Options {
  readonly check?: true
}

const STANDARD_INPUT = '-'

export const run: RunCommand<[files: readonly string[]], Options> = async (host, { check = false }, named) => {
  const files = (named.length === 0 ? ['.'] : named).flatMap((each) => filesOf(host, each))
  if (files.length === 0) throw new Refusal([nothingToFormat(named.length === 0 ? [host.workingDirectory] : named)])
  let refused = false
  let changed = false
  for (const file of files) {
    const text = file === STANDARD_INPUT ? await host.readInput() : await readText(host, file)
    const { formatted, diagnostics } = laidOut(text, file)
    if (formatted === undefined) {
      refused = true
      host.stderr.write(formatDiagnostics(diagnostics, new Map([[file, text]]), { colour: wantsColour(host, host.stderr) }))
      continue
    }
    if (formatted !== text) changed = true
    if (file === STANDARD_INPUT && !check) host.stdout.write(formatted)
    else if (formatted !== text) {
      if (!check) await writeAtomically(resolve(host.workingDirectory, file), formatted)
      host.stdout.write(`${file}\n`)
    }
  }
  return refused || (check && changed) ? EXIT.checkFailed : EXIT.done
}

const isFormatted = (name: string): boolean => name.endsWith(RUNBOOK_ENDING) || name === 'pack.yaml'

function filesOf(host: Host, file: string): readonly string[] {
  const stat = file === STANDARD_INPUT ? undefined : statSync(resolve(host.workingDirectory, file), { throwIfNoEntry: false })
  return stat?.isDirectory() ? filesBelow(host, file, isFormatted) : [file]
}

/** Its first key tells a manifest from a runbook. */
function laidOut(text: string, file: string): { readonly formatted?: string; readonly diagnostics: readonly Diagnostic[] } {
  const isPack = /^pack\s*:/m.test(text)
  const { diagnostics } = isPack ? readYaml(text, file) : parseRunbook(text, file)
  if (hasErrors(diagnostics)) return { diagnostics }
  return { formatted: formatYaml(text, isPack ? packSchema : runbookSchema), diagnostics }
}
