// The shipped packs and their runbooks, as tests read them: with what `check` says, to start them, and as scenes of rehearsals.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../../src/diagnostics/index.ts'
import type { StartRequest } from '../../src/engine/index.ts'
import { checkRunbook, parseRunbook, type Runbook, resolveUses } from '../../src/language/index.ts'
import { createCatalogue, loadPack, type Pack } from '../../src/packs/index.ts'
import type { Scene } from '../../src/rehearse/index.ts'
import { fillDefaults, type Json, type JsonObject } from '../../src/values/index.ts'

const root = join(import.meta.dirname, '../../runbooks')

export interface LoadedPack {
  readonly pack: Pack
  readonly sources: ReadonlyMap<string, string>
}

/** Throws what is wrong with one. */
export const loadPacks = (...names: readonly string[]): Promise<readonly LoadedPack[]> =>
  Promise.all(
    names.map(async (name) => {
      const { pack, sources, diagnostics } = await loadPack(join(root, name))
      if (!pack) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
      return { pack, sources }
    }),
  )

export interface Runbooks {
  /** Theirs. */
  readonly pack: Pack
  readonly packs: readonly LoadedPack[]
  /** Names of the files in the pack's folder. */
  readonly files: readonly string[]
  /** With everything that `check` says. */
  read(file: string): { readonly text: string; readonly runbook?: Runbook; readonly diagnostics: readonly Diagnostic[] }
  /** What an engine starts. Throws where it does not parse. */
  start(name: string): Pick<StartRequest, 'runbook' | 'text' | 'packs'>
  /** As rehearsals take it; required inputs that the stand-ins do not know are `missing`, or null. */
  scene(name: string, missing?: (input: string) => Json): Scene
}

/** Those of one pack; `packs` are all that they use. */
export function runbooksOf(folder: string, packs: readonly LoadedPack[]): Runbooks {
  const own = packs.find(({ pack }) => pack.name === folder)?.pack
  if (!own) throw new Error(`${folder} is not among the packs`)
  const catalogue = createCatalogue(packs.map(({ pack }) => pack))
  const parse = (file: string) => {
    const text = readFileSync(join(root, folder, file), 'utf8')
    return { text, ...parseRunbook(text, file) }
  }
  const start: Runbooks['start'] = (name) => {
    const { runbook, text, diagnostics } = parse(`${name}.runbook.yaml`)
    if (!runbook) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    const used = packs.filter(({ pack }) => pack.name === 'core' || runbook.uses.some((use) => use.pack === pack.name))
    return { runbook, text, packs: used }
  }
  return {
    pack: own,
    packs,
    files: readdirSync(join(root, folder)).filter((file) => file.endsWith('.runbook.yaml')),
    read: (file) => {
      const { text, runbook, diagnostics } = parse(file)
      if (!runbook) return { text, diagnostics }
      return { text, runbook, diagnostics: [...diagnostics, ...checkRunbook(runbook, catalogue)] }
    },
    start,
    scene: (name, missing = () => null) => {
      const started = start(name)
      const { runbook } = started
      const { inputs = {}, targets } = runbook
      const byAlias = resolveUses(runbook, Object.fromEntries(started.packs.map(({ pack }) => [pack.name, pack])))
      const required = Array.isArray(inputs.required) ? inputs.required.map(String) : []
      return {
        start: started,
        targets: Object.fromEntries(targets.map((each) => [each.name, `${byAlias[each.alias]}/${each.connection}`])),
        inputs: (known) =>
          fillDefaults(inputs, Object.fromEntries(required.map((input) => [input, known[input] ?? missing(input)])))
            .value as JsonObject,
      }
    },
  }
}
