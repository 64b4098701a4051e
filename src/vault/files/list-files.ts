// What stands in a folder of a restore point of files. It reads trees, and no content of files.
import { fileUnknown } from '../codes.ts'
import { goUnquote, type Node } from '../format/index.ts'
import { findPoint } from '../points/index.ts'
import type { Repository } from '../repository/index.ts'
import { unixMode } from './metadata.ts'

export interface ListedFile {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** Within the point. */
  readonly path: string
  readonly sizeBytes: number
  /** Unix permissions; what a mount makes of it where a file system has none. */
  readonly mode: number
  /** RFC 3339. */
  readonly mtime: string
  /** Of a link. */
  readonly target?: string
}

/** In the order of their bytes; a file alone when the path is one's. Throws `POINT_FILE_UNKNOWN`. */
export async function listFiles(repository: Repository, pointId: string, path: string): Promise<readonly ListedFile[]> {
  const { id, files } = await findPoint(repository, pointId)
  if (!files) throw fileUnknown(id, path)
  let nodes = await repository.readTree(files.treeId)
  let inside = ''
  const parts = path.split('/').filter((part) => part !== '')
  for (const [index, part] of parts.entries()) {
    const node = nodes.find(({ name }) => String(goUnquote(name)) === part)
    if (!node) throw fileUnknown(id, path)
    if (node.kind !== 'dir') {
      if (index < parts.length - 1) throw fileUnknown(id, path)
      return [listed(node, inside)]
    }
    nodes = await repository.readTree(node.subtree)
    inside = `${inside}${part}/`
  }
  return nodes.map((node) => listed(node, inside))
}

function listed(node: Node, inside: string): ListedFile {
  const { mode = 0, mtime = NO_TIME } = node.metadata ?? {}
  return {
    kind: KINDS[node.kind],
    path: `${inside}${goUnquote(node.name)}`,
    sizeBytes: node.kind === 'file' ? node.sizeBytes : 0,
    mode: unixMode(mode),
    mtime,
    ...(node.kind === 'symlink' ? { target: node.target } : {}),
  }
}

const NO_TIME = new Date(0).toISOString()
const KINDS: Readonly<Record<Node['kind'], ListedFile['kind']>> = { file: 'file', dir: 'folder', symlink: 'link', other: 'other' }
