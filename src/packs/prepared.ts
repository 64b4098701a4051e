// The shipped packs as a build left them: read, checked and ready, so that no command reads and checks them again.
// One counts only while the texts that it was made of are the ones in its folder. It lies beside the program, and is believed as that is.
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type LoadedPack, readSource } from './load.ts'
import type { Pack } from './model.ts'
import { type ParsePack, packHash, parsePack } from './parse.ts'

interface PreparedPack {
  readonly pack: Pack
  /** Name of the OpenAPI document's file. */
  readonly openapi?: string
}

/** Stands for the manifest's file in spans: a build knows no place of installation. */
const MANIFEST = JSON.stringify('\0pack.yaml')

/** With its operations, and without a warning. Undefined where nothing is prepared, or something else. */
export async function preparedPack(directory: string, preparedDirectory: string): Promise<LoadedPack | undefined> {
  const file = join(directory, 'pack.yaml')
  const sources = new Map<string, string>()
  try {
    const { pack, openapi } = await readPrepared(file, preparedDirectory)
    const manifest = await readSource(file, sources)
    const beside = openapi === undefined ? undefined : await readSource(join(directory, openapi), sources)
    return manifest && packHash(manifest, beside) === pack.hash ? { pack, diagnostics: [], sources } : undefined
  } catch {
    return undefined
  }
}

/** As `parsePack`; texts that a pack was prepared of are not parsed again. */
export const parseUnlessPrepared =
  (preparedDirectory: string): ParsePack =>
  async (manifest, openapi) => {
    const { pack } = await readPrepared(manifest.file, preparedDirectory).catch(() => ({ pack: undefined }))
    return pack?.hash === packHash(manifest, openapi) ? { pack, diagnostics: [] } : parsePack(manifest, openapi)
  }

/** Throws where there is none. */
async function readPrepared(manifest: string, preparedDirectory: string): Promise<PreparedPack> {
  const prepared = await readFile(join(preparedDirectory, `${basename(dirname(manifest))}.json`), 'utf8')
  return JSON.parse(prepared.replaceAll(MANIFEST, JSON.stringify(manifest)))
}

/** Called by the build. The pack was loaded with its operations, and nothing was said about it. */
export async function preparePack({ pack, sources, diagnostics }: LoadedPack, preparedDirectory: string): Promise<void> {
  if (!pack || diagnostics.length > 0) throw new Error('only a pack without diagnostics can be prepared')
  const [manifest = '', openapi] = [...sources.keys()]
  const prepared: PreparedPack = { pack, ...(openapi === undefined ? {} : { openapi: basename(openapi) }) }
  const text = JSON.stringify(prepared).replaceAll(JSON.stringify(manifest), MANIFEST)
  await writeFile(join(preparedDirectory, `${pack.name}.json`), text)
}
