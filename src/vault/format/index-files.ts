// Index files: which pack holds which blob. Source: restic doc/design.rst, "Indexing".
import { isObject, type Json } from '../../values/index.ts'
import type { Backend } from '../backend.ts'
import { fileDamaged } from '../codes.ts'
import { type BlobPlace, type BlobType, ID_BYTES } from './blobs.ts'
import type { SealKey } from './crypto.ts'
import type { WrittenPack } from './pack.ts'
import { putFile, readFile } from './sealed-files.ts'

/** As restic: the file then stays well below 8 MiB. */
export const BLOBS_PER_FILE = 50_000

export interface IndexedBlob extends BlobPlace {
  readonly id: string
  readonly type: BlobType
}

export interface IndexedPack {
  readonly id: string
  readonly blobs: readonly IndexedBlob[]
}

/** Makes the packs' blobs findable; durable when resolved. The packs must be durable already. Answers the files' names. */
export async function writeIndex(
  backend: Backend,
  key: SealKey,
  packs: readonly (WrittenPack | IndexedPack)[],
): Promise<readonly string[]> {
  const names: string[] = []
  const write = async (encoded: readonly string[]): Promise<void> => {
    names.push(await putFile(backend, key, 'index', `{"packs":[${encoded.join(',')}]}`))
  }
  let gathered: string[] = []
  let blobs = 0
  for (const pack of packs) {
    const listed = 'blobs' in pack ? pack : asIndexed(pack)
    gathered.push(encodePack(listed))
    blobs += listed.blobs.length
    if (blobs < BLOBS_PER_FILE) continue
    await write(gathered)
    gathered = []
    blobs = 0
  }
  if (gathered.length > 0) await write(gathered)
  return names
}

function asIndexed({ id, type, ids, places }: WrittenPack): IndexedPack {
  const packed = Buffer.from(ids)
  const blobs = Array.from({ length: ids.length / ID_BYTES }, (_, i) => {
    const [offsetBytes = 0, lengthBytes = 0, rawBytes = 0] = places.subarray(3 * i, 3 * i + 3)
    return { id: packed.toString('hex', i * ID_BYTES, (i + 1) * ID_BYTES), type, offsetBytes, lengthBytes, rawBytes }
  })
  return { id, blobs }
}

/** The same, packed; a pack of blobs of both types, as old programs made, becomes two. */
export const packIndexed = ({ id, blobs }: IndexedPack): readonly WrittenPack[] =>
  (['data', 'tree'] as const)
    .map((type) => {
      const ofType = blobs.filter((blob) => blob.type === type)
      const ids = Buffer.from(ofType.map((blob) => blob.id).join(''), 'hex')
      const places = Uint32Array.from(
        ofType.flatMap(({ offsetBytes, lengthBytes, rawBytes }) => [offsetBytes, lengthBytes, rawBytes]),
      )
      return { id, type, ids, places }
    })
    .filter(({ ids }) => ids.length > 0)

const encodePack = ({ id, blobs }: IndexedPack): string =>
  JSON.stringify({
    id,
    blobs: blobs.map(({ id: blob, type, offsetBytes: offset, lengthBytes: length, rawBytes }) => ({
      id: blob,
      type,
      offset,
      length,
      ...(rawBytes > 0 ? { uncompressed_length: rawBytes } : {}),
    })),
  })

/** What one index file lists; throws `VAULT_FILE_DAMAGED` when it is not an index. */
export async function readIndex(backend: Backend, key: SealKey, name: string): Promise<readonly IndexedPack[]> {
  const file = await readFile(backend, key, 'index', name)
  const packs = isObject(file) && Array.isArray(file.packs) ? file.packs.map(decodePack) : [undefined]
  if (!packs.every((pack) => pack !== undefined)) throw fileDamaged('index', name, 'it does not list packs')
  return packs
}

const ID = /^[0-9a-f]{64}$/

function decodePack(pack: Json): IndexedPack | undefined {
  if (!isObject(pack) || typeof pack.id !== 'string' || !ID.test(pack.id) || !Array.isArray(pack.blobs)) return undefined
  const blobs = pack.blobs.map(decodeBlob)
  return blobs.every((blob) => blob !== undefined) ? { id: pack.id, blobs } : undefined
}

function decodeBlob(blob: Json): IndexedBlob | undefined {
  if (!isObject(blob)) return undefined
  const { id, type, offset, length, uncompressed_length: raw = 0 } = blob
  if (typeof id !== 'string' || !ID.test(id) || (type !== 'data' && type !== 'tree')) return undefined
  if (typeof offset !== 'number' || typeof length !== 'number' || typeof raw !== 'number') return undefined
  return { id, type, offsetBytes: offset, lengthBytes: length, rawBytes: raw }
}
