// Writes into a file so that runs of zeros become holes. The file has none of them yet; its length is set by whoever made it.
import type { FileHandle } from 'node:fs/promises'
import { writeWhole, zeroRuns } from '../blocks/index.ts'

/** What file systems keep at least. */
const GRAIN_BYTES = 4096

/** Answers the bytes that were written. */
export async function writeSparse(file: FileHandle, data: Buffer, offsetBytes: number): Promise<number> {
  let written = 0
  for (const { from, to, zero } of zeroRuns(data, GRAIN_BYTES)) {
    if (zero) continue
    await writeWhole(file, offsetBytes + from, data.subarray(from, to))
    written += to - from
  }
  return written
}
