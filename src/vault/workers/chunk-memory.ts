// Where chunks lie between a disk and a pack: slots that are used again and again, so that reading allocates nothing.
import { pageMemory } from '../../blocks/index.ts'

export interface ChunkMemory {
  /** Its content is what was there before. */
  take(lengthBytes: number): Buffer
  /** Of a buffer that `take` gave, once. */
  giveBack(chunk: Buffer): void
}

const SLOTS_AT_ONCE = 4

/** Grows to as many slots as are taken at the same time. */
export function createChunkMemory(): ChunkMemory {
  let slotBytes = 0
  let spare: Buffer[] = []
  const memories = new Set<ArrayBufferLike>()

  function grow(): Buffer[] {
    const slots = pageMemory(SLOTS_AT_ONCE, slotBytes)
    for (const { buffer } of slots) memories.add(buffer)
    return slots
  }

  return {
    take(lengthBytes) {
      if (lengthBytes > slotBytes) {
        // Longer chunks than ever: the slots so far are left behind.
        slotBytes = lengthBytes
        spare = []
        memories.clear()
      }
      if (spare.length === 0) spare = grow()
      return (spare.pop() ?? Buffer.alloc(slotBytes)).subarray(0, lengthBytes)
    },
    giveBack({ buffer, byteOffset }) {
      if (memories.has(buffer)) spare.push(Buffer.from(buffer, byteOffset, slotBytes))
    },
  }
}
