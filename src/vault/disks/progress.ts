// How far the storing of a disk has come, as a value that a journal keeps.
// A checkpoint names only what is durable and findable, and is believed only as far as the vault still has it: somebody may have pruned.
import { isObject, type Json } from '../../values/index.ts'
import { ID_BYTES } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { readSegment } from './disk-tree.ts'

export interface Checkpoint {
  load(): Json | undefined
  save(value: Json): Promise<void>
}

/** The ids of a segment's first chunks. */
export interface PartOfSegment {
  readonly chunks: number
  readonly ids: Buffer
}

export interface StoredSoFar {
  /** Trees of the segments that are done. */
  readonly segments: readonly string[]
  readonly part?: PartOfSegment
}

/** Makes everything stored so far durable and answers what `loadProgress` understands. */
export async function encodeProgress(
  repository: Repository,
  segments: readonly string[],
  part: PartOfSegment | undefined,
): Promise<Json> {
  if (!part) return { segments: [...segments] }
  // A blob that no tree refers to: prune removes it, and until then the next try finds it.
  const id = await repository.saveData(part.ids)
  await repository.sync()
  return { segments: [...segments], part: { chunks: part.chunks, blob: id.toString('hex') } }
}

export async function loadProgress(repository: Repository, checkpoint: Checkpoint | undefined): Promise<StoredSoFar> {
  const saved = checkpoint?.load()
  if (!isObject(saved) || !Array.isArray(saved.segments)) return { segments: [] }
  const segments: string[] = []
  for (const id of saved.segments) {
    if (typeof id !== 'string' || !(await isStored(repository, id))) return { segments }
    segments.push(id)
  }
  const { part } = saved
  if (!isObject(part) || typeof part.chunks !== 'number' || typeof part.blob !== 'string') return { segments }
  const id = Buffer.from(part.blob, 'hex')
  const ids = repository.data.locate(id) ? await repository.readData(id).catch(() => undefined) : undefined
  if (!ids || ids.length !== part.chunks * ID_BYTES || !allStored(repository, ids)) return { segments }
  return { segments, part: { chunks: part.chunks, ids } }
}

async function isStored(repository: Repository, segment: string): Promise<boolean> {
  if (!repository.trees.locate(Buffer.from(segment, 'hex'))) return false
  const ids = await readSegment(repository, segment).catch(() => undefined)
  return ids !== undefined && allStored(repository, ids)
}

function allStored(repository: Repository, ids: Buffer): boolean {
  for (let at = 0; at < ids.length; at += ID_BYTES) if (!repository.data.locate(ids, at)) return false
  return true
}
