// Runbooks of the SCP pack as scenes of rehearsals; `edit` spoils the manifest, for canaries.
import { parsePack } from '../../src/packs/index.ts'
import type { Scene } from '../../src/rehearse/index.ts'
import { type LoadedPack, runbooksOf } from '../platforms/runbooks.ts'
import { runbooks } from '../platforms/sangfor-scp/stage.ts'

export const sceneOf = (name: string, from: readonly LoadedPack[] = runbooks.packs): Scene =>
  runbooksOf('sangfor-scp', from).scene(name)

/** The packs with another text of the SCP manifest. Throws where the text does not change. */
export async function packsWith(before: string, after: string): Promise<readonly LoadedPack[]> {
  return Promise.all(
    runbooks.packs.map(async (loaded) => {
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
