// What simulators for people and demonstrations share: guests that go on writing, bytes that do not compress, and what a backup moved, in words.
import { formatSize, type JsonObject } from '../../values/index.ts'

const WRITE_EVERY_MS = 2000

/** Writes every so often (real time) until the answer is called. */
export function keepWriting(write: () => void, everyMs = WRITE_EVERY_MS): () => void {
  const timer = setInterval(write, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Does not compress; the same for the same seed. */
export function noise(sizeBytes: number, seed: number): Buffer {
  const words = new Uint32Array(sizeBytes / 4)
  let state = seed + 1
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return Buffer.from(words.buffer)
}

/** What the outputs of backups report, in one line for all of them. */
export function movedLine(title: string, points: readonly JsonObject[], diskBytes: readonly number[]): string {
  const sum = (key: 'bytesRead' | 'bytesStored' | 'bytesUnchanged'): string =>
    formatSize(points.reduce((total, point) => total + Number(point[key]), 0))
  const allBytes = diskBytes.reduce((total, size) => total + size, 0)
  return `${title.padEnd(12)} read ${sum('bytesRead')} of ${formatSize(allBytes)}, stored ${sum('bytesStored')}, carried over ${sum('bytesUnchanged')}`
}
