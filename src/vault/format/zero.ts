// All-zero chunks share one blob a length. It knows their ids without hashing them again.
import { isZero } from '../../blocks/index.ts'
import { ID_BYTES } from './blobs.ts'
import { sha256 } from './crypto.ts'

export const CHUNK_BYTES = 1024 ** 2
const ZEROS = Buffer.alloc(8 * CHUNK_BYTES)
const ids = new Map<number, Buffer>()

/** A shared read-only run of zeros, up to 8 MiB. */
export const zeros = (lengthBytes: number): Buffer => ZEROS.subarray(0, lengthBytes)

/** The id of that many zeros. */
export function idOfZeros(lengthBytes: number): Buffer {
  const known = ids.get(lengthBytes)
  if (known) return known
  const id = sha256(zeros(lengthBytes))
  ids.set(lengthBytes, id)
  return id
}

/** The id of the content when it is all zero, else undefined. */
export const zeroId = (content: Buffer): Buffer | undefined => (isZero(content) ? idOfZeros(content.length) : undefined)

export const isZeroId = (packed: Buffer, at: number, lengthBytes: number): boolean =>
  packed.compare(idOfZeros(lengthBytes), 0, ID_BYTES, at, at + ID_BYTES) === 0
