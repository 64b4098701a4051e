// Writes chunks of a disk back from their packs, in whatever thread. What lies near each other in a pack is read at once: eight chunks
// cost two requests to the storage, not eight.
import type { BlockSink, BlockSource } from '../../blocks/index.ts'
import type { Backend } from '../backend.ts'
import { fileDamaged, targetFailed } from '../codes.ts'
import { type BlobPlace, openBlob, release, type SealKey, sha256 } from '../format/index.ts'

/** A chunk to write back from its blob. */
export interface ChunkWrite extends BlobPlace {
  readonly targetBytes: number
  readonly plainBytes: number
  readonly packId: string
  readonly id: Uint8Array
}

/** So many bytes between two blobs cost less to read than another request. */
const GAP_BYTES = 2 ** 18

/** Answers the bytes that were written. `there`: the target as a source, where chunks that it has already are not written again. */
export async function writeChunks(
  backend: Backend,
  key: SealKey,
  sink: BlockSink,
  chunks: readonly ChunkWrite[],
  there?: BlockSource,
): Promise<number> {
  const wanted = there ? await missingIn(there, chunks) : chunks

  async function writeOne(chunk: ChunkWrite, sealed: Buffer): Promise<void> {
    const plain = openBlob(key, sealed, chunk.rawBytes, Buffer.from(chunk.id))
    if (typeof plain === 'string') throw fileDamaged('pack', chunk.packId, `a blob is ${plain}`)
    await sink.write(chunk.targetBytes, plain).catch(refuse)
    release(plain)
  }

  async function writeNear({ packId, offsetBytes, endBytes, chunks: near }: NearChunks): Promise<void> {
    const sealed = await backend.read('pack', packId, { offsetBytes, lengthBytes: endBytes - offsetBytes })
    const writes = near.map((chunk) => {
      const start = chunk.offsetBytes - offsetBytes
      return writeOne(chunk, sealed.subarray(start, start + chunk.lengthBytes))
    })
    // All are opened by now; only writing goes on.
    release(sealed)
    await Promise.all(writes)
  }

  await Promise.all(nearEachOther(wanted).map(writeNear))
  return wanted.reduce((sum, { plainBytes }) => sum + plainBytes, 0)
}

/** Chunks of one pack that are read at once. */
interface NearChunks {
  readonly packId: string
  readonly offsetBytes: number
  endBytes: number
  readonly chunks: ChunkWrite[]
}

function nearEachOther(chunks: readonly ChunkWrite[]): readonly NearChunks[] {
  const groups: NearChunks[] = []
  const ordered = chunks.toSorted((a, b) =>
    a.packId === b.packId ? a.offsetBytes - b.offsetBytes : a.packId < b.packId ? -1 : 1,
  )
  for (const chunk of ordered) {
    const { packId, offsetBytes } = chunk
    const endBytes = offsetBytes + chunk.lengthBytes
    const last = groups.at(-1)
    if (last?.packId === packId && offsetBytes - last.endBytes <= GAP_BYTES) {
      last.endBytes = Math.max(last.endBytes, endBytes)
      last.chunks.push(chunk)
    } else groups.push({ packId, offsetBytes, endBytes, chunks: [chunk] })
  }
  return groups
}

/** The chunks whose content the target does not hold already. */
async function missingIn(target: BlockSource, chunks: readonly ChunkWrite[]): Promise<readonly ChunkWrite[]> {
  const found = await Promise.all(
    chunks.map(async ({ targetBytes, plainBytes, id }) => {
      const content = Buffer.allocUnsafeSlow(plainBytes)
      await target.read(targetBytes, content).catch(refuse)
      const same = sha256(content).equals(id)
      release(content)
      return same
    }),
  )
  return chunks.filter((_, i) => found[i] !== true)
}

const refuse = (cause: unknown): never => {
  throw targetFailed(cause)
}
