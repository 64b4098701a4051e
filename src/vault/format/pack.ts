// Pack files: many sealed blobs of one type, then a sealed header that lists them. Source: restic doc/design.rst, "Pack Format".
import { createHash, type Hash } from 'node:crypto'
import type { Backend } from '../backend.ts'
import { type BlobPlace, type BlobType, ID_BYTES, sealBlob } from './blobs.ts'
import { SEAL_BYTES, type SealKey, seal, unseal } from './crypto.ts'
import { release } from './release.ts'

const LENGTH_BYTES = 4
const PLAIN_ENTRY_BYTES = 1 + 4 + ID_BYTES
const COMPRESSED_ENTRY_BYTES = PLAIN_ENTRY_BYTES + 4
/** A pack is written as soon as it holds this much: restic's own default. */
const PACK_BYTES = 16 * 1024 ** 2
/** Packs on their way to storage at once; with PACK_BYTES it bounds memory. */
const WRITES_AT_ONCE = 1

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
}

interface OpenPack {
  readonly hash: Hash
  readonly parts: Buffer[]
  readonly ids: Buffer[]
  readonly places: number[]
  lengthBytes: number
}

export function createPacker(backend: Backend, key: SealKey, type: BlobType): Packer {
  let pack = emptyPack()
  let written: WrittenPack[] = []
  const writing = new Set<Promise<void>>()
  let broken: { readonly cause: unknown } | undefined

  function append(parts: readonly Buffer[]): void {
    for (const part of parts) {
      pack.hash.update(part)
      pack.parts.push(part)
      pack.lengthBytes += part.length
    }
  }

  async function write(full: OpenPack): Promise<void> {
    const id = full.hash.digest('hex')
    await backend.put('pack', id, full.parts)
    full.parts.forEach(release)
    written.push({ id, type, ids: Uint8Array.from(Buffer.concat(full.ids)), places: Uint32Array.from(full.places) })
  }

  async function finish(): Promise<void> {
    if (pack.ids.length === 0) return
    const header = sealHeader(key, type, pack.ids, pack.places)
    append(header)
    const full = pack
    pack = emptyPack()
    while (writing.size >= WRITES_AT_ONCE) await Promise.race(writing)
    const task: Promise<void> = write(full)
      .catch((cause: unknown) => {
        broken ??= { cause }
      })
      .finally(() => writing.delete(task))
    writing.add(task)
  }

  function assertWorking(): void {
    if (broken) throw broken.cause
  }

  return {
    async add(id, plain) {
      assertWorking()
      const blob = sealBlob(key, plain)
      pack.ids.push(Buffer.from(id))
      pack.places.push(pack.lengthBytes, blob.lengthBytes, blob.rawBytes)
      append(blob.parts)
      if (pack.lengthBytes >= PACK_BYTES) await finish()
      return blob.lengthBytes
    },
    async flush() {
      await finish()
      await Promise.all(writing)
      assertWorking()
      const done = written
      written = []
      return done
    },
  }
}

const emptyPack = (): OpenPack => ({ hash: createHash('sha256'), parts: [], ids: [], places: [], lengthBytes: 0 })

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
