// The shipped packs as a build left them: read, checked and ready, so that checking one runbook need not check all packs again.
// A prepared pack counts only while the texts that it was made of are the ones in its folder.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { LoadedPack } from '../../packs/index.ts'

interface PreparedPack {
  /** sha256 of each text by file name, hex. */
  readonly texts: Readonly<Record<string, string>>
  readonly pack: NonNullable<LoadedPack['pack']>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Without the operations, and without a warning. Undefined where nothing is prepared, or something else. */
export async function preparedPack(directory: string, preparedDirectory: string): Promise<LoadedPack | undefined> {
  try {
    const { texts, pack }: PreparedPack = JSON.parse(
      await readFile(join(preparedDirectory, `${basename(directory)}.json`), 'utf8'),
    )
    const sources = new Map<string, string>()
    for (const [name, hash] of Object.entries(texts)) {
      const file = join(directory, name)
      const text = await readFile(file, 'utf8')
      if (sha256(text) !== hash) return undefined
      sources.set(file, text)
    }
    return { pack, diagnostics: [], sources }
  } catch {
    return undefined
  }
}

/**
 * Called by the build. The pack was loaded without its operations, and nothing was said about it.
 * @public
 */
export async function preparePack({ pack, sources, diagnostics }: LoadedPack, preparedDirectory: string): Promise<void> {
  if (!pack || diagnostics.length > 0) throw new Error('only a pack without diagnostics can be prepared')
  const texts = Object.fromEntries([...sources].map(([file, text]) => [basename(file), sha256(text)]))
  const prepared: PreparedPack = { texts, pack }
  await writeFile(join(preparedDirectory, `${pack.name}.json`), JSON.stringify(prepared))
}
