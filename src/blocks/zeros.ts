// Finds what is all zeros, at the speed of memory.

const PIECE_BYTES = 64 * 1024
/** Zeros to compare with or to write; never change them. */
export const ZEROS = Buffer.alloc(1024 * 1024)

/** Whether every byte is zero; stops soon after the first that is not. */
export function isZero(data: Buffer): boolean {
  for (let from = 0; from < data.length; from += PIECE_BYTES) {
    const to = Math.min(from + PIECE_BYTES, data.length)
    if (data.compare(ZEROS, 0, to - from, from, to) !== 0) return false
  }
  return true
}

export interface Run {
  readonly from: number
  readonly to: number
  readonly zero: boolean
}

/** The data as runs of zeros and of content, in order, on a grid of `grainBytes` (at most 1 MiB). */
export function zeroRuns(data: Buffer, grainBytes: number): Run[] {
  const runs: Run[] = []
  let from = 0
  let zero = false
  for (let at = 0; at < data.length; at += grainBytes) {
    const grain = data.compare(ZEROS, 0, Math.min(grainBytes, data.length - at), at, Math.min(at + grainBytes, data.length)) === 0
    if (at > 0 && grain !== zero) {
      runs.push({ from, to: at, zero })
      from = at
    }
    zero = grain
  }
  if (data.length > 0) runs.push({ from, to: data.length, zero })
  return runs
}
