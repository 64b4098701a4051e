// A pack's folder → Pack: pack.yaml and the OpenAPI document that it names. Reads these two files and nothing else.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Diagnostic } from '../diagnostics/index.ts'
import { readYaml, toJson } from '../language/index.ts'
import { isObject } from '../values/index.ts'
import * as codes from './codes.ts'
import { type ParsedPack, packHash, parsePack, type SourceText } from './parse.ts'
import { spanAt } from './place.ts'

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

  const { root } = readYaml(manifest.text, manifest.file)
  const json = root && toJson(root)
  const name = isObject(json) && typeof json.openapi === 'string' ? json.openapi : undefined
  const openapi = name !== undefined && name === basename(name) ? await readSource(join(directory, name), sources) : undefined
  const missing: readonly Diagnostic[] =
    root && name !== undefined && !openapi ? [codes.fileMissing(join(directory, name), spanAt(root, ['openapi']))] : []

  const parsed = await parsePack(manifest, operations ? openapi : undefined, packHash(manifest, openapi))
  return missing.length > 0 ? { diagnostics: [...missing, ...parsed.diagnostics], sources } : { ...parsed, sources }
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
