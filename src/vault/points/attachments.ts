// Small files that belong to a VM and are neither disk nor configuration, such as its firmware's variables. They may be secrets: what stands
// for them outside of the vault is the id of a tree, never a byte.

import { blobMissing, fileUnknown, treeInvalid } from '../codes.ts'
import { CHUNK_BYTES, ID_BYTES, type Node } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'

export interface Attachment {
  readonly name: string
  readonly treeId: string
  readonly sizeBytes: number
}

type FileNode = Extract<Node, { readonly kind: 'file' }>

/** Durable when it answers; no point has it yet. */
export async function storeAttachment(repository: Repository, bytes: Uint8Array): Promise<Omit<Attachment, 'name'>> {
  const ids: Buffer[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    ids.push(await repository.saveData(Buffer.from(bytes.subarray(at, at + CHUNK_BYTES))))
  const treeId = await repository.saveTree([
    { kind: 'file', name: 'content', sizeBytes: bytes.length, content: Buffer.concat(ids) },
  ])
  await repository.sync()
  return { treeId, sizeBytes: bytes.length }
}

/** Throws unless all of its content is durable and findable. */
export async function assertAttached(repository: Repository, { treeId, sizeBytes }: Attachment): Promise<void> {
  const { content, ...node } = await contentOf(repository, treeId)
  if (node.sizeBytes !== sizeBytes) throw treeInvalid(treeId, `is no file of ${sizeBytes} bytes`)
  for (let at = 0; at < content.length; at += ID_BYTES) {
    if (!repository.data.locate(content, at)) throw blobMissing('data', content.toString('hex', at, at + ID_BYTES))
  }
}

/** Throws `POINT_FILE_UNKNOWN` when the point has none of that name. */
export async function readAttachment(
  repository: Repository,
  point: { readonly id: string; readonly attachments: readonly Attachment[] },
  name: string,
): Promise<Buffer> {
  const found = point.attachments.find((each) => each.name === name)
  if (!found) throw fileUnknown(point.id, `attachments/${name}`)
  const { content } = await contentOf(repository, found.treeId)
  const pieces: Buffer[] = []
  for (let at = 0; at < content.length; at += ID_BYTES)
    pieces.push(await repository.readData(content.subarray(at, at + ID_BYTES)))
  return Buffer.concat(pieces)
}

async function contentOf(repository: Repository, treeId: string): Promise<FileNode> {
  const [node] = await repository.readTree(treeId)
  if (node?.kind !== 'file') throw treeInvalid(treeId, 'is no file')
  return node
}
