// The runbooks that ship with Holdfast, as verify takes them: every input and target that only a run can tell is unknown.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { apply, link } from '../../src/kernel/index.ts'
import { parseRunbook, resolveUses } from '../../src/language/index.ts'
import { createCatalogue, loadPack } from '../../src/packs/index.ts'
import { isObject, unknown } from '../../src/values/index.ts'
import type { Subject } from '../../src/verify/index.ts'

const root = join(import.meta.dirname, '../..')

const directories = globSync('runbooks/*/pack.yaml', { cwd: root }).map((file) => join(root, file, '..'))
const packs = (await Promise.all(directories.map((directory) => loadPack(directory)))).flatMap(({ pack }) => pack ?? [])
const catalogue = createCatalogue(packs)

export const shipped = globSync('runbooks/*/*.runbook.yaml', { cwd: root }).toSorted()

/** What plan and verify take. */
export function requestOf(file: string) {
  const { runbook, diagnostics } = parseRunbook(readFileSync(join(root, file), 'utf8'), file)
  if (!runbook) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const names = isObject(runbook.inputs?.properties) ? Object.keys(runbook.inputs.properties) : []
  const aliases = resolveUses(runbook, catalogue.packs)
  return {
    runbook,
    catalogue,
    inputs: Object.fromEntries(names.map((name) => [name, unknown(`inputs.${name}`)])),
    targets: Object.fromEntries(
      runbook.targets.map(({ name, alias, connection }) => [
        name,
        { $target: name, connection: `${aliases[alias] ?? alias}/${connection}` },
      ]),
    ),
  }
}

export function subjectOf(file: string, items = 2): Subject {
  const { runbook, inputs, targets } = requestOf(file)
  const program = link(runbook, catalogue)
  return { program, truth: program, apply, inputs, targets, items }
}
