// Writes the index anew where packs go: what stays findable is findable at every moment. It may not touch packs.
import {
  BLOBS_PER_FILE,
  ID_BYTES,
  type IndexedPack,
  readIndex,
  unlessDamaged,
  type WrittenPack,
  writeIndex,
} from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { type Alone, type Refused, removeEach } from './remove-each.ts'

/** Below it, index files are joined: each costs a read whenever the vault is opened. */
const SMALL_INDEX_BLOBS = BLOBS_PER_FILE / 2

export interface ReplacedIndex {
  /** Old index files that the storage does not let go. */
  readonly refused: readonly Refused[]
  /** Packs that those list: they must stay. */
  readonly stillListed: ReadonlySet<string>
}

/** New index files without the packs that go and with those that were written; the old ones, and those that cannot be read, are removed when the new are durable. */
export async function replaceIndex(
  repository: Repository,
  going: ReadonlySet<string>,
  written: readonly (WrittenPack | IndexedPack)[],
  alone: Alone,
): Promise<ReplacedIndex> {
  const { backend, key } = repository
  const small: string[] = []
  const replaced: string[] = []
  const unreadable: string[] = []
  for (const name of await backend.names('index')) {
    const packs = await unlessDamaged(readIndex(backend, key, name))
    if (!packs) unreadable.push(name)
    else if (packs.some(({ id }) => going.has(id))) replaced.push(name)
    else if (packs.reduce((sum, { blobs }) => sum + blobs.length, 0) < SMALL_INDEX_BLOBS) small.push(name)
  }
  if (small.length > 1 || (replaced.length > 0 && small.length > 0)) replaced.push(...small)
  const fresh = new Set<string>()
  let gathered: (IndexedPack | WrittenPack)[] = [...written]
  const seen = new Set<string>()
  async function write(): Promise<void> {
    for (const name of await writeIndex(backend, key, gathered)) fresh.add(name)
    gathered = []
  }
  for (const name of replaced) {
    for (const pack of await readIndex(backend, key, name)) {
      if (going.has(pack.id) || seen.has(pack.id)) continue
      seen.add(pack.id)
      gathered.push(pack)
    }
    if (gathered.reduce((sum, pack) => sum + countBlobs(pack), 0) >= BLOBS_PER_FILE) await write()
  }
  await write()
  const old = [...replaced, ...unreadable].filter((name) => !fresh.has(name))
  const refused = await removeEach(backend, 'index', old, alone)
  const stillListed = new Set<string>()
  for (const { name } of refused) {
    for (const { id } of (await unlessDamaged(readIndex(backend, key, name))) ?? []) stillListed.add(id)
  }
  return { refused, stillListed }
}

const countBlobs = (pack: IndexedPack | WrittenPack): number => ('blobs' in pack ? pack.blobs.length : pack.ids.length / ID_BYTES)
