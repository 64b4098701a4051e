// How a disk lies in the vault: a folder per segment, each with one raw file of fixed-size chunks.
// A folder each, so that a segment nobody touched is taken over by one id, and no tree grows with the disk.

import { blobMissing, treeInvalid } from '../codes.ts'
import { CHUNK_BYTES, ID_BYTES } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'

export interface DiskTree {
  readonly treeId: string
  readonly sizeBytes: number
}

export interface Geometry {
  readonly chunkBytes: number
  readonly segmentBytes: number
}

/** Of disks stored from now on. 65,536 chunks a segment: its tree is 4.4 MiB of JSON, at most. */
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

/** The trees of a disk's segments, in order; all of them are there. */
export async function readSegments(
  repository: Repository,
  disk: DiskTree,
  { segmentBytes }: Geometry,
): Promise<readonly string[]> {
  const { treeId, sizeBytes } = disk
  const segments = (await repository.readTree(treeId)).map((node, i) => {
    if (node.kind !== 'dir' || node.name !== segmentName(i)) throw treeInvalid(treeId, 'is not a disk')
    return node.subtree
  })
  if (segments.length !== Math.ceil(sizeBytes / segmentBytes)) throw treeInvalid(treeId, `is not a disk of ${sizeBytes} bytes`)
  return segments
}

/** A segment's chunk ids. */
export async function readSegment(repository: Repository, treeId: string): Promise<Buffer> {
  const node = (await repository.readTree(treeId))[0]
  if (node?.kind !== 'file') throw treeInvalid(treeId, 'is not a segment')
  return node.content
}

/** Throws unless every chunk of the disk is durable and findable. */
export async function assertStored(repository: Repository, disk: DiskTree, geometry: Geometry): Promise<void> {
  const seen = new Set<string>()
  for (const segment of await readSegments(repository, disk, geometry)) {
    if (seen.has(segment)) continue
    seen.add(segment)
    const ids = await readSegment(repository, segment)
    for (let at = 0; at < ids.length; at += ID_BYTES) {
      if (!repository.data.locate(ids, at)) throw blobMissing('data', ids.toString('hex', at, at + ID_BYTES))
    }
  }
}
