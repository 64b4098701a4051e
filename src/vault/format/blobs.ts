// Blobs: pieces of plain data named by their sha256, compressed and sealed. Source: restic doc/design.rst, "Pack Format".
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SEAL_BYTES, type SealKey, seal, sha256, unseal } from './crypto.ts'
import { release } from './release.ts'

export type BlobType = 'data' | 'tree'

export const ID_BYTES = 32

/** Where a blob lies within its pack. `rawBytes` is its plain length when compressed, else 0. */
export interface BlobPlace {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly rawBytes: number
}

export interface SealedBlob {
  readonly parts: readonly Buffer[]
  readonly lengthBytes: number
  readonly rawBytes: number
}

// Level 1: a core compresses at 650 MiB/s and loses 3 % of size against level 3, which does 380 MiB/s.
const LEVEL = 1

/** Compresses where that saves something, then seals. */
export function sealBlob(key: SealKey, plain: Buffer): SealedBlob {
  const packed = zstdCompressSync(plain, {
    chunkSize: plain.length + 4096,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
  })
  const smaller = packed.length < plain.length
  const parts = seal(key, smaller ? packed : plain)
  release(packed)
  return { parts, lengthBytes: SEAL_BYTES + parts[1].length, rawBytes: smaller ? plain.length : 0 }
}

/** Why a stored blob cannot be used. */
export type BlobFlaw = 'changed' | 'not decompressible' | 'wrong content'

/** The plain bytes, checked against the id; or what is wrong with them. */
export function openBlob(key: SealKey, sealed: Buffer, rawBytes: number, id: Buffer): Buffer | BlobFlaw {
  const opened = unseal(key, sealed)
  if (!opened) return 'changed'
  const plain = rawBytes === 0 ? opened : decompress(opened, rawBytes)
  if (plain !== opened) release(opened)
  if (!plain) return 'not decompressible'
  return sha256(plain).equals(id) ? plain : 'wrong content'
}

function decompress(packed: Buffer, rawBytes: number): Buffer | undefined {
  try {
    // One output chunk with room to spare saves a concatenation; the cap keeps a lying header from eating memory.
    const plain = zstdDecompressSync(packed, { chunkSize: rawBytes + 64, maxOutputLength: rawBytes + 64 })
    return plain.length === rawBytes ? plain : undefined
  } catch {
    return undefined
  }
}
