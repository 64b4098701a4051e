// Runbooks of the SCP pack as scenes of rehearsals; `edit` spoils the manifest, for canaries.
import { resolveUses } from '../../src/language/index.ts'
import { parsePack } from '../../src/packs/index.ts'
import type { Scene } from '../../src/rehearse/index.ts'
import { fillDefaults, type JsonObject } from '../../src/values/index.ts'
import { type LoadedPacks, packs, readRunbook } from '../platforms/sangfor-scp/stage.ts'

export function sceneOf(name: string, from: readonly LoadedPacks[] = packs): Scene {
  const { runbook, text } = readRunbook(`${name}.runbook.yaml`)
  if (!runbook) throw new Error(`${name} does not parse`)
  const used = from.filter(({ pack }) => pack.name === 'core' || runbook.uses.some((use) => use.pack === pack.name))
  const byAlias = resolveUses(runbook, Object.fromEntries(used.map(({ pack }) => [pack.name, pack])))
  const schema = runbook.inputs ?? {}
  const required = (schema.required ?? []) as readonly string[]
  return {
    start: { runbook, text, packs: used },
    targets: Object.fromEntries(runbook.targets.map((each) => [each.name, `${byAlias[each.alias]}/${each.connection}`])),
    inputs: (known) =>
      fillDefaults(schema, Object.fromEntries(required.map((input) => [input, known[input] ?? null]))).value as JsonObject,
  }
}

/** The packs with another text of the SCP manifest. Throws where the text does not change. */
export async function packsWith(before: string, after: string): Promise<readonly LoadedPacks[]> {
  return Promise.all(
    packs.map(async (loaded) => {
      if (loaded.pack.name !== 'sangfor-scp') return loaded
      const [[file, text] = ['', ''], [apiFile, api] = ['', '']] = [...loaded.sources].sort(([a], [b]) => (a < b ? 1 : -1))
      const changed = text.replace(before, after)
      if (changed === text) throw new Error(`the manifest holds no ${before}`)
      const { pack } = await parsePack({ file, text: changed }, { file: apiFile, text: api })
      if (!pack) throw new Error('the changed manifest does not parse')
      return {
        pack,
        sources: new Map([
          [file, changed],
          [apiFile, api],
        ]),
      }
    }),
  )
}
