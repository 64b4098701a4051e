// Writes into a file so that runs of zeros become holes. The file has none of them yet; its length is set by whoever made it.
import type { FileHandle } from 'node:fs/promises'
import { zeroRuns } from '../blocks/index.ts'

/** What file systems keep at least. */
const GRAIN_BYTES = 4096

/** Answers the bytes that were written. */
export async function writeSparse(file: FileHandle, data: Buffer, offsetBytes: number): Promise<number> {
  let written = 0
  for (const { from, to, zero } of zeroRuns(data, GRAIN_BYTES))
    if (!zero) written += await writeAll(file, data.subarray(from, to), offsetBytes + from)
  return written
}

/** A full disk takes a part first, and tells of itself when asked to take the rest. */
async function writeAll(file: FileHandle, data: Buffer, offsetBytes: number): Promise<number> {
  let done = 0
  while (done < data.length) {
    const { bytesWritten } = await file.write(data, done, data.length - done, offsetBytes + done)
    if (bytesWritten === 0) throw new Error(`only ${done} of ${data.length} bytes were written`)
    done += bytesWritten
  }
  return done
}
