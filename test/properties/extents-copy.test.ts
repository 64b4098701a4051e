// Copying by a map, whole or in two goes, gives the content that the map promises.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BlockSource,
  type CopyProgress,
  copyBlocks,
  type Extent,
  fillExtents,
  isZero,
  normaliseExtents,
} from '../../src/blocks/index.ts'
import { memoryDisk, sampleContent } from '../blocks/memory-disk.ts'

const DISK = 3 * 2 ** 20 + 77
const extents: fc.Arbitrary<Extent[]> = fc
  .array(fc.record({ offsetBytes: fc.nat(DISK - 1), lengthBytes: fc.integer({ min: 1, max: 2 ** 20 }) }), { maxLength: 6 })
  .map((list) => list.map((e) => ({ ...e, lengthBytes: Math.min(e.lengthBytes, DISK - e.offsetBytes), kind: 'data' as const })))

const content = sampleContent(DISK, 11)
/** What the copy must yield over a disk full of ones: content where the map says data, zeros in holes, the rest as it was. */
function wanted(map: readonly Extent[]): Buffer {
  const result = Buffer.alloc(DISK, 1)
  for (const { offsetBytes, lengthBytes, kind } of map) {
    const end = offsetBytes + lengthBytes
    if (kind === 'data') content.copy(result, offsetBytes, offsetBytes, end)
    if (kind === 'hole' || kind === 'zero') result.fill(0, offsetBytes, end)
  }
  return result
}

const options = fc.record({ chunkBytes: fc.integer({ min: 10_000, max: 2 ** 20 }), inFlight: fc.integer({ min: 1, max: 5 }) })

describe('a copy', () => {
  it('yields what the map promises', async () => {
    await fc.assert(
      fc.asyncProperty(extents, options, fc.constantFrom('hole' as const, 'unchanged' as const), async (list, how, kind) => {
        const map = fillExtents(list, DISK, kind)
        const target = memoryDisk(Buffer.alloc(DISK, 1))
        await copyBlocks(memoryDisk(content), target, map, how)
        expect(target.content.equals(wanted(map))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('that broke anywhere yields the same when it resumes from its progress', async () => {
    await fc.assert(
      fc.asyncProperty(extents, options, fc.nat(30), async (list, how, readsUntilBroken) => {
        const map = normaliseExtents(list)
        const disk = memoryDisk(content)
        let left = readsUntilBroken
        const breaking: BlockSource = {
          ...disk,
          read: async (offsetBytes, into) => {
            left -= 1
            if (left < 0) throw new Error('broken')
            // Answers come out of order.
            for (let turn = 0; turn < offsetBytes % 3; turn += 1) await Promise.resolve()
            await disk.read(offsetBytes, into)
          },
        }
        const target = memoryDisk(Buffer.alloc(DISK, 1))
        let last: CopyProgress | undefined
        const onProgress = (progress: CopyProgress) => {
          last = progress
        }
        await copyBlocks(breaking, target, map, { ...how, onProgress }).catch(() => {})
        await copyBlocks(disk, target, map, { ...how, onProgress, resumeFromBytes: last?.resumeFromBytes ?? 0 })
        expect(target.content.equals(wanted(map))).toBe(true)
        expect(last?.doneBytes ?? 0).toBe(last?.totalBytes ?? 0)
      }),
      { numRuns: 40 },
    )
  })
})

describe('looking for zeros', () => {
  it('finds a single byte anywhere', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300_000 }), fc.nat(), (length, place) => {
        const data = Buffer.alloc(length)
        expect(isZero(data)).toBe(true)
        data[place % length] = 1
        expect(isZero(data)).toBe(false)
      }),
    )
  })
})
