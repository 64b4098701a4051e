// A pack's folder → Pack: pack.yaml and the OpenAPI document that it names. Reads these two files and nothing else.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as codes from './codes.ts'
import { type OpenBeside, type ParsedPack, readPack, type SourceText } from './parse.ts'

export interface LoadedPack extends ParsedPack {
  /** The texts by file name, for code frames. */
  readonly sources: ReadonlyMap<string, string>
}

/**
 * Reads and checks the pack in a folder. `operations: false` leaves the OpenAPI document unread, which is much faster and enough
 * to check and plan runbooks; such a pack cannot call anything. The hash is the same either way.
 */
export async function loadPack(directory: string, { operations = true } = {}): Promise<LoadedPack> {
  const sources = new Map<string, string>()
  const manifest = await readSource(join(directory, 'pack.yaml'), sources)
  if (!manifest) return { diagnostics: [codes.fileMissing(join(directory, 'pack.yaml'))], sources }

  // A pack is one folder: a name that leads elsewhere is no file of it.
  const openBeside: OpenBeside = async (name) =>
    name === basename(name) ? readSource(join(directory, name), sources) : undefined
  return { ...(await readPack(manifest, openBeside, operations)), sources }
}

async function readSource(file: string, sources: Map<string, string>): Promise<SourceText | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    sources.set(file, text)
    return { file, text }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}
