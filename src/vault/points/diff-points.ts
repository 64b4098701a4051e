// What differs between two restore points, found from ids alone: no content is read. Ranges are as fine as chunks.
import { normaliseExtents } from '../../blocks/index.ts'
import { pointsIncomparable } from '../codes.ts'
import { readSegment, readSegments } from '../disks/index.ts'
import { goUnquote, ID_BYTES, type Node } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import type { PointDisk, RestorePoint } from './model.ts'

export interface PointsDiff {
  readonly disks: readonly DiskDiff[]
  readonly files: readonly FileDiff[]
}

export interface DiskDiff {
  readonly disk: string
  readonly change: 'same' | 'changed' | 'added' | 'removed'
  readonly sizeBytes: number
  readonly changedBytes: number
  /** In the later point; of a disk that shrank, what it lost is no range. */
  readonly ranges: readonly { readonly offsetBytes: number; readonly lengthBytes: number }[]
}

export interface FileDiff {
  readonly path: string
  /** `metadata`: the content is the same. */
  readonly change: 'added' | 'removed' | 'changed' | 'metadata'
}

export async function diffPoints(repository: Repository, from: RestorePoint, to: RestorePoint): Promise<PointsDiff> {
  if (from.kind !== to.kind) throw pointsIncomparable(`one holds ${from.kind}, the other ${to.kind}`)
  if (from.geometry.chunkBytes !== to.geometry.chunkBytes || from.geometry.segmentBytes !== to.geometry.segmentBytes)
    throw pointsIncomparable('they were stored with different chunk or segment sizes')
  const disks: DiskDiff[] = []
  for (const disk of to.disks) {
    const before = from.disks.find((one) => one.disk === disk.disk)
    disks.push(before ? await diffDisk(repository, before, disk, to.geometry) : wholeDisk(disk, 'added'))
  }
  for (const disk of from.disks) if (!to.disks.some((one) => one.disk === disk.disk)) disks.push(wholeDisk(disk, 'removed'))
  const files: FileDiff[] = []
  if (from.files && to.files) await diffTrees(repository, from.files.treeId, to.files.treeId, '', files)
  return { disks, files }
}

const wholeDisk = ({ disk, sizeBytes }: PointDisk, change: 'added' | 'removed'): DiskDiff => ({
  disk,
  change,
  sizeBytes,
  changedBytes: sizeBytes,
  ranges: [{ offsetBytes: 0, lengthBytes: sizeBytes }],
})

async function diffDisk(
  repository: Repository,
  from: PointDisk,
  to: PointDisk,
  geometry: RestorePoint['geometry'],
): Promise<DiskDiff> {
  const { chunkBytes, segmentBytes } = geometry
  const [before, after] = [await readSegments(repository, from, geometry), await readSegments(repository, to, geometry)]
  const changed: { readonly offsetBytes: number; readonly lengthBytes: number; readonly kind: 'data' }[] = []
  for (const [segment, tree] of after.entries()) {
    const was = before[segment]
    if (was === tree) continue
    const ids = await readSegment(repository, tree)
    const old = was === undefined ? Buffer.alloc(0) : await readSegment(repository, was)
    for (let at = 0; at < ids.length; at += ID_BYTES) {
      if (at < old.length && ids.compare(old, at, at + ID_BYTES, at, at + ID_BYTES) === 0) continue
      const offsetBytes = segment * segmentBytes + (at / ID_BYTES) * chunkBytes
      changed.push({ offsetBytes, lengthBytes: Math.min(chunkBytes, to.sizeBytes - offsetBytes), kind: 'data' })
    }
  }
  const ranges = normaliseExtents(changed).map(({ offsetBytes, lengthBytes }) => ({ offsetBytes, lengthBytes }))
  const same = ranges.length === 0 && from.sizeBytes === to.sizeBytes
  return {
    disk: to.disk,
    change: same ? 'same' : 'changed',
    sizeBytes: to.sizeBytes,
    changedBytes: ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    ranges,
  }
}

async function diffTrees(
  repository: Repository,
  from: string | undefined,
  to: string | undefined,
  inside: string,
  found: FileDiff[],
): Promise<void> {
  if (from === to) return
  const [before, after] = [await nodesOf(repository, from), await nodesOf(repository, to)]
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [was, is] = [before.get(name), after.get(name)]
    const path = `${inside}${inside === '' ? '' : '/'}${goUnquote(name)?.toString() ?? name}`
    const replaced = was && is && was.kind !== is.kind
    if (replaced) found.push({ path, change: 'changed' })
    else if (!was || !is) found.push({ path, change: is ? 'added' : 'removed' })
    else if (!sameContent(was, is)) found.push({ path, change: 'changed' })
    else if (JSON.stringify(was.metadata) !== JSON.stringify(is.metadata)) found.push({ path, change: 'metadata' })
    const [below, now] = [was?.kind === 'dir' ? was.subtree : undefined, is?.kind === 'dir' ? is.subtree : undefined]
    await diffTrees(repository, below, now, path, found)
  }
}

async function nodesOf(repository: Repository, tree: string | undefined): Promise<ReadonlyMap<string, Node>> {
  const nodes = tree === undefined ? [] : await repository.readTree(tree)
  return new Map(nodes.map((node) => [node.name, node]))
}

/** A folder's content is told by what is in it. */
function sameContent(a: Node, b: Node): boolean {
  if (a.kind === 'file' && b.kind === 'file') return a.sizeBytes === b.sizeBytes && a.content.equals(b.content)
  if (a.kind === 'symlink' && b.kind === 'symlink') return a.target === b.target && a.rawTarget === b.rawTarget
  if (a.kind === 'other' && b.kind === 'other') return a.type === b.type && a.device === b.device
  return true
}
