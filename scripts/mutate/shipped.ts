// The runbooks and packs that ship, as check reads them.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Catalogue, createCatalogue, loadPack } from '../../src/packs/index.ts'
import type { Source } from './corrupt.ts'

const ROOT = join(import.meta.dirname, '../..')

export const shippedRunbooks = (): readonly Source[] =>
  globSync('runbooks/*/*.runbook.yaml', { cwd: ROOT })
    .toSorted()
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }))

/** Without OpenAPI documents: checking a runbook does not need them. */
export async function shippedCatalogue(): Promise<Catalogue> {
  const directories = globSync('runbooks/*/pack.yaml', { cwd: ROOT }).map((file) => dirname(join(ROOT, file)))
  const loaded = await Promise.all(directories.map((directory) => loadPack(directory, { operations: false })))
  return createCatalogue(loaded.flatMap(({ pack }) => pack ?? []))
}
