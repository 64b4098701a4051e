// What of a point's files is meant, and how much it takes: looked up in trees alone, before anything is written.
import { CHUNK_BYTES, goUnquote, ID_BYTES, isZeroId, type Node } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { type Meant, selectPaths } from './select-paths.ts'

export interface Survey {
  /** Tells of each path whether it is meant by itself, not by what is above it. */
  meant(path: string): Meant
  /** Of what was written, what nothing is meant by. */
  readonly unmatched: readonly string[]
  readonly sizeBytes: number
  /** Without runs of zeros, which take no room. */
  readonly neededBytes: number
}

export type FileNode = Extract<Node, { kind: 'file' }>

/** All without `include`. A tree that cannot be read counts for nothing: the restore tells of it. */
export async function surveyFiles(
  repository: Repository,
  treeId: string,
  include: readonly string[] | undefined,
  isThere: (file: FileNode, path: string) => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<Survey> {
  const selections = include?.map((written) => ({ written, of: selectPaths(written) }))
  const [matched, above, met] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const linked = new Set<string>()
  let sizeBytes = 0
  let neededBytes = 0

  async function lookInto(tree: string, inside: string, isMeant: boolean): Promise<void> {
    signal?.throwIfAborted()
    for (const node of await repository.readTree(tree).catch(() => [])) {
      const path = `${inside}${goUnquote(node.name)}`
      const meant = isMeant ? 'yes' : choose(path)
      if (meant === 'no') continue
      if (meant === 'yes' && !isMeant) note(path)
      if (node.kind === 'dir') await lookInto(node.subtree, `${path}/`, meant === 'yes')
      else if (node.kind === 'file' && meant === 'yes') await count(node, path)
    }
  }

  function choose(path: string): Meant {
    const answers = (selections ?? []).map(({ written, of }) => {
      const meant = of(path)
      if (meant === 'yes') met.add(written)
      return meant
    })
    return answers.includes('yes') ? 'yes' : answers.includes('on the way') ? 'on the way' : 'no'
  }

  function note(path: string): void {
    matched.add(path)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) above.add(path.slice(0, at))
  }

  async function count(file: FileNode, path: string): Promise<void> {
    sizeBytes += file.sizeBytes
    const inode = inodeOf(file)
    if (inode !== undefined && linked.has(inode)) return
    if (inode !== undefined) linked.add(inode)
    if (!(await isThere(file, path))) neededBytes += file.sizeBytes - zeroBytesOf(file.content)
  }

  const isAll = !selections || selections.some(({ of }) => of('') === 'yes')
  await lookInto(treeId, '', isAll)
  return {
    meant: (path) => (isAll || matched.has(path) ? 'yes' : above.has(path) ? 'on the way' : 'no'),
    unmatched: isAll ? [] : (include ?? []).filter((written) => !met.has(written)),
    sizeBytes,
    neededBytes,
  }
}

/** Names of one file have it in common; undefined where it has but one. */
export const inodeOf = ({ metadata }: FileNode): string | undefined =>
  metadata && Number(metadata.links ?? 1) > 1 ? `${metadata.deviceId} ${metadata.inode}` : undefined

/** What a chunk of zeros has, here and as restic cuts it. */
const ZERO_LENGTHS = [CHUNK_BYTES, 512 * 1024]

/** How many zeros the chunk there is, when it is one of zeros; else 0. */
export const zerosAt = (content: Buffer, at: number): number =>
  ZERO_LENGTHS.find((lengthBytes) => isZeroId(content, at, lengthBytes)) ?? 0

function zeroBytesOf(content: Buffer): number {
  let bytes = 0
  for (let at = 0; at < content.length; at += ID_BYTES) bytes += zerosAt(content, at)
  return bytes
}
