// Pack files: many sealed blobs of one type, then a sealed header that lists them. Source: restic doc/design.rst, "Pack Format".
import type { Backend } from '../backend.ts'
import { type BlobPlace, type BlobType, ID_BYTES, sealBlob } from './blobs.ts'
import { SEAL_BYTES, type SealKey, seal, unseal } from './crypto.ts'
import { createPackFile, type PackFile } from './pack-file.ts'

const LENGTH_BYTES = 4
const PLAIN_ENTRY_BYTES = 1 + 4 + ID_BYTES
const COMPRESSED_ENTRY_BYTES = PLAIN_ENTRY_BYTES + 4
/** A pack is ended as soon as it holds this much: restic's own default. */
const PACK_BYTES = 16 * 1024 ** 2
/** Full packs that become durable at once. Where they do not grow in storage, each of them is kept in memory until then. */
const ENDS_AT_ONCE = { growing: 3, whole: 1 }

export interface PackedBlob extends BlobPlace {
  readonly type: BlobType
  readonly id: Buffer
}

/** A pack that is durable. `ids` are the blobs' ids one after the other; `places` three numbers each: offset, length, raw. */
export interface WrittenPack {
  readonly id: string
  readonly type: BlobType
  readonly ids: Uint8Array
  readonly places: Uint32Array
}

/** Gathers blobs into packs and writes them. After a failed write every later call throws the same error. */
export interface Packer {
  /** Answers the bytes that the blob takes. The content may be reused when resolved. */
  add(id: Buffer, plain: Buffer): Promise<number>
  /** Writes what is gathered; resolves with all packs written since the last flush. */
  flush(): Promise<readonly WrittenPack[]>
  /** Ends what is under way, and takes away what is gathered. */
  drop(): Promise<void>
}

interface OpenPack {
  readonly file: PackFile
  readonly ids: Buffer[]
  readonly places: number[]
  lengthBytes: number
}

export function createPacker(backend: Backend, key: SealKey, type: BlobType): Packer {
  const endsAtOnce = backend.begin ? ENDS_AT_ONCE.growing : ENDS_AT_ONCE.whole
  let pack: OpenPack | undefined
  let written: WrittenPack[] = []
  const ending = new Set<Promise<void>>()
  let broken: { readonly cause: unknown } | undefined

  const emptyPack = (): OpenPack => ({ file: createPackFile(backend), ids: [], places: [], lengthBytes: 0 })

  async function end({ file, ids, places }: OpenPack): Promise<void> {
    try {
      const id = await file.finish()
      written.push({ id, type, ids: Uint8Array.from(Buffer.concat(ids)), places: Uint32Array.from(places) })
    } catch (cause) {
      broken ??= { cause }
    }
  }

  async function finish(): Promise<void> {
    if (!pack) return
    const full = pack
    pack = undefined
    await full.file.add(sealHeader(key, type, full.ids, full.places)).catch(() => {}) // its end tells
    while (ending.size >= endsAtOnce) await Promise.race(ending)
    const task: Promise<void> = end(full).finally(() => ending.delete(task))
    ending.add(task)
  }

  function assertWorking(): void {
    if (broken) throw broken.cause
  }

  return {
    async add(id, plain) {
      assertWorking()
      const blob = sealBlob(key, plain)
      pack ??= emptyPack()
      const { file, ids, places } = pack
      ids.push(Buffer.from(id))
      places.push(pack.lengthBytes, blob.lengthBytes, blob.rawBytes)
      pack.lengthBytes += blob.lengthBytes
      const isFull = pack.lengthBytes >= PACK_BYTES
      await Promise.all([file.add(blob.parts), isFull && finish()])
      return blob.lengthBytes
    },
    async flush() {
      await finish()
      await Promise.all(ending)
      assertWorking()
      const done = written
      written = []
      return done
    },
    async drop() {
      const dropped = pack
      pack = undefined
      await Promise.all([...ending, dropped?.file.drop()])
    },
  }
}

export type Packers = Readonly<Record<BlobType, Packer>>

/** A packer for each type, for as long as the call lasts; answers the packs it wrote. After a failure nothing is left of those begun. */
export async function withPackers(
  backend: Backend,
  key: SealKey,
  call: (packers: Packers) => Promise<void>,
): Promise<readonly WrittenPack[]> {
  const packers = { data: createPacker(backend, key, 'data'), tree: createPacker(backend, key, 'tree') }
  try {
    await call(packers)
    return [...(await packers.data.flush()), ...(await packers.tree.flush())]
  } catch (error) {
    await Promise.allSettled([packers.data.drop(), packers.tree.drop()])
    throw error
  }
}

/** Entries in the order of the blobs; each says type, lengths and id, so that offsets follow. */
function sealHeader(key: SealKey, type: BlobType, ids: readonly Buffer[], places: readonly number[]): readonly Buffer[] {
  const entries = ids.map((id, i) => {
    const lengthBytes = places[3 * i + 1] ?? 0
    const rawBytes = places[3 * i + 2] ?? 0
    const entry = Buffer.allocUnsafe(rawBytes > 0 ? COMPRESSED_ENTRY_BYTES : PLAIN_ENTRY_BYTES)
    entry[0] = (type === 'tree' ? 1 : 0) + (rawBytes > 0 ? 2 : 0)
    entry.writeUInt32LE(lengthBytes, 1)
    if (rawBytes > 0) entry.writeUInt32LE(rawBytes, 5)
    id.copy(entry, entry.length - ID_BYTES)
    return entry
  })
  const sealed = seal(key, Buffer.concat(entries))
  const length = Buffer.allocUnsafe(LENGTH_BYTES)
  length.writeUInt32LE(sealed.reduce((sum, part) => sum + part.length, 0))
  return [...sealed, length]
}

/** The blobs that a whole pack says it holds; undefined when its header cannot be read. */
export function readHeader(key: SealKey, pack: Buffer): readonly PackedBlob[] | undefined {
  if (pack.length < LENGTH_BYTES + SEAL_BYTES) return undefined
  const headerBytes = pack.readUInt32LE(pack.length - LENGTH_BYTES)
  const start = pack.length - LENGTH_BYTES - headerBytes
  if (start < 0) return undefined
  const header = unseal(key, pack.subarray(start, start + headerBytes))
  return header && parseEntries(header)
}

function parseEntries(header: Buffer): readonly PackedBlob[] | undefined {
  const blobs: PackedBlob[] = []
  let offsetBytes = 0
  for (let at = 0; at < header.length; ) {
    const kind = header[at] ?? 255
    const entryBytes = kind >= 2 ? COMPRESSED_ENTRY_BYTES : PLAIN_ENTRY_BYTES
    if (kind > 3 || at + entryBytes > header.length) return undefined
    const lengthBytes = header.readUInt32LE(at + 1)
    const rawBytes = kind >= 2 ? header.readUInt32LE(at + 5) : 0
    blobs.push({
      type: kind % 2 === 0 ? 'data' : 'tree',
      id: header.subarray(at + entryBytes - ID_BYTES, at + entryBytes),
      offsetBytes,
      lengthBytes,
      rawBytes,
    })
    offsetBytes += lengthBytes
    at += entryBytes
  }
  return blobs
}

/** How long a pack of these blobs must be, header included. */
export function packBytes(blobs: readonly BlobPlace[]): number {
  return blobs.reduce(
    (sum, blob) => sum + blob.lengthBytes + (blob.rawBytes > 0 ? COMPRESSED_ENTRY_BYTES : PLAIN_ENTRY_BYTES),
    SEAL_BYTES + LENGTH_BYTES,
  )
}
