// Choices that follow from a seed alone, so that a rehearsal can be told by its number.
import { createHash } from 'node:crypto'

export interface Random {
  /** From 0 up to, and without, the limit. */
  below(limit: number): number
  pick<T>(from: readonly [T, ...T[]]): T
}

export function createRandom(seed: string): Random {
  let drawn = 0
  const below = (limit: number): number => {
    drawn += 1
    return createHash('sha256').update(`${seed}/${drawn}`).digest().readUInt32BE(0) % limit
  }
  return { below, pick: (from) => from[below(from.length)] ?? from[0] }
}
