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
 * to check and plan runbooks; such a pack cannot call anything. The hash is the same either way. `manifest`: a text that counts instead
 * of the one in pack.yaml.
 */
export async function loadPack(
  directory: string,
  { operations = true, manifest: given }: { readonly operations?: boolean; readonly manifest?: string | undefined } = {},
): Promise<LoadedPack> {
  const file = join(directory, 'pack.yaml')
  const sources = new Map<string, string>(given === undefined ? [] : [[file, given]])
  const manifest = given === undefined ? await readSource(file, sources) : { file, text: given }
  if (!manifest) return { diagnostics: [codes.fileMissing(file)], sources }

  // A pack is one folder: a name that leads elsewhere is no file of it.
  const openBeside: OpenBeside = async (name) =>
    name === basename(name) ? readSource(join(directory, name), sources) : undefined
  return { ...(await readPack(manifest, openBeside, operations)), sources }
}

/** Undefined where the file cannot be read; its text goes to `sources`. */
export async function readSource(file: string, sources: Map<string, string>): Promise<SourceText | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    sources.set(file, text)
    return { file, text }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}
