// How a disk lies in the vault: a folder per segment, each with one raw file of fixed-size chunks.
// A folder each, so that a segment nobody touched is taken over by one id, and no tree grows with the disk.
import { blobMissing, fileDamaged } from './codes.ts'
import type { Repository } from './repository.ts'
import { CHUNK_BYTES } from './zero.ts'

export interface Geometry {
  readonly chunkBytes: number
  readonly segmentBytes: number
}

/** 65,536 chunks a segment: its tree is 4.4 MiB of JSON, at most. */
export const GEOMETRY: Geometry = { chunkBytes: CHUNK_BYTES, segmentBytes: 64 * 1024 ** 3 }

// Name of every segment's file: the files of all segments, one after the other, are the disk.
const SEGMENT_FILE = 'disk.raw'

const segmentName = (segment: number): string => String(segment).padStart(6, '0')

export const segmentLength = (segment: number, sizeBytes: number, { segmentBytes }: Geometry): number =>
  Math.min(segmentBytes, sizeBytes - segment * segmentBytes)

/** Stores a segment's tree; `ids` are its chunks, 32 bytes each. */
export const saveSegment = (repository: Repository, sizeBytes: number, ids: Buffer): Promise<string> =>
  repository.saveTree([{ kind: 'file', name: SEGMENT_FILE, sizeBytes, content: ids }])

/** Stores a disk's tree from its segments' trees. */
export const saveDisk = (repository: Repository, segments: readonly string[]): Promise<string> =>
  repository.saveTree(segments.map((subtree, i) => ({ kind: 'dir', name: segmentName(i), subtree })))

/** The trees of a disk's segments, in order. */
export async function readSegments(repository: Repository, treeId: string): Promise<readonly string[]> {
  const nodes = await repository.readTree(treeId)
  return nodes.map((node, i) => {
    if (node.kind !== 'dir' || node.name !== segmentName(i))
      throw fileDamaged('pack', '', `tree ${treeId.slice(0, 10)} is not a disk`)
    return node.subtree
  })
}

/** A segment's chunk ids. */
export async function readSegment(repository: Repository, treeId: string): Promise<Buffer> {
  const node = (await repository.readTree(treeId))[0]
  if (node?.kind !== 'file') throw fileDamaged('pack', '', `tree ${treeId.slice(0, 10)} is not a segment`)
  return node.content
}

/** Throws unless every chunk of the disk is durable and findable. */
export async function assertStored(repository: Repository, treeId: string): Promise<void> {
  const seen = new Set<string>()
  for (const segment of await readSegments(repository, treeId)) {
    if (seen.has(segment)) continue
    seen.add(segment)
    const ids = await readSegment(repository, segment)
    for (let at = 0; at < ids.length; at += 32) {
      if (!repository.data.locate(ids, at)) throw blobMissing('data', ids.toString('hex', at, at + 32))
    }
  }
}
