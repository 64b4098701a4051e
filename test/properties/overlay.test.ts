// Laws of copy-on-write disks, against a plain buffer.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlockSource, openOverlay } from '../../src/blocks/index.ts'
import { memoryDisk, sampleContent } from '../blocks/memory-disk.ts'

/** More than one segment of states, and no whole number of blocks. */
const SIZE_BYTES = 17 * 2 ** 20 + 700
const SMALL_BYTES = 40_000
const BELOW = sampleContent(SIZE_BYTES)
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-overlay-'))
})
afterAll(() => rm(folder, { recursive: true }))

type Change =
  | { readonly kind: 'write'; readonly offsetBytes: number; readonly lengthBytes: number; readonly byte: number }
  | { readonly kind: 'zero'; readonly offsetBytes: number; readonly lengthBytes: number }

/** Most are small and meet at the edges of blocks and segments; some zero nearly all there is. */
const range = fc
  .tuple(
    fc.oneof(fc.constantFrom(0, 4096, 3 * 4096, 4096 * 4096, SIZE_BYTES - 5000), fc.nat(SIZE_BYTES - 1)),
    fc.integer({ min: -9000, max: 9000 }),
    fc.oneof(fc.constantFrom(1, 512, 4096, 8192), fc.integer({ min: 1, max: 20_000 }), fc.constant(SIZE_BYTES)),
  )
  .map(([near, off, length]) => {
    const offsetBytes = Math.min(Math.max(near + off, 0), SIZE_BYTES - 1)
    return { offsetBytes, lengthBytes: Math.min(length, SIZE_BYTES - offsetBytes) }
  })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ range, byte: fc.integer({ min: 0, max: 255 }) })
    .map(({ range, byte }) => ({ kind: 'write', ...range, byte }) as const),
  range.map((each) => ({ kind: 'zero', ...each }) as const),
)

function applyTo(content: Buffer, one: Change): void {
  content.fill(one.kind === 'write' ? one.byte : 0, one.offsetBytes, one.offsetBytes + one.lengthBytes)
}

/** Each read of the disk below takes as many turns of the event loop as `turns` says, so that answers come late and out of order. */
async function openBoth(sizeBytes = SIZE_BYTES, turns: readonly number[] = []) {
  const below = memoryDisk(Buffer.from(BELOW.subarray(0, sizeBytes)))
  let reads = 0
  const slow: BlockSource = {
    ...below,
    read: async (offsetBytes, into) => {
      const late = turns[reads++ % turns.length] ?? 0
      for (let turn = 0; turn < late; turn += 1) await setImmediate()
      await below.read(offsetBytes, into)
    },
  }
  const disk = await openOverlay(slow, { scratchFolder: folder })
  const make = (one: Change) =>
    one.kind === 'write'
      ? disk.write(one.offsetBytes, Buffer.alloc(one.lengthBytes, one.byte))
      : disk.zero(one.offsetBytes, one.lengthBytes)
  const content = async () => {
    const into = Buffer.allocUnsafe(sizeBytes)
    await disk.read(0, into)
    return into
  }
  return { below, disk, make, content, [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose]() }
}

test('O1: reads as a buffer does that had the same writes, and leaves the disk below alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 12 }), range, async (changes, part) => {
      await using both = await openBoth()
      const model = Buffer.from(BELOW)
      for (const one of changes) {
        await both.make(one)
        applyTo(model, one)
      }
      await both.disk.flush()
      expect((await both.content()).equals(model)).toBe(true)
      const piece = Buffer.allocUnsafe(part.lengthBytes)
      await both.disk.read(part.offsetBytes, piece)
      expect(piece.equals(model.subarray(part.offsetBytes, part.offsetBytes + part.lengthBytes))).toBe(true)
      expect(both.below.content.equals(BELOW)).toBe(true)
    }),
    { numRuns: 12 },
  )
})

test('O2: writes under way at once, to different bytes of shared blocks, are all there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(SMALL_BYTES), { minLength: 2, maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      fc.array(fc.nat(30), { minLength: 1, maxLength: 8 }),
      async (cuts, zeros, turns) => {
        await using both = await openBoth(SMALL_BYTES, turns)
        const edges = cuts.toSorted((a, b) => a - b)
        const changes = edges.slice(1).map((end, index): Change => {
          const offsetBytes = edges[index] ?? 0
          const at = { offsetBytes, lengthBytes: end - offsetBytes }
          return zeros[index] ? { kind: 'zero', ...at } : { kind: 'write', ...at, byte: 1 + index }
        })
        await Promise.all(changes.map(both.make))
        const model = Buffer.from(BELOW.subarray(0, SMALL_BYTES))
        for (const one of changes) applyTo(model, one)
        expect((await both.content()).equals(model)).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

test('tells of every range whether it is data or zero, and of none that data is zero', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), range, async (changes, asked) => {
      await using both = await openBoth()
      const model = Buffer.from(BELOW)
      for (const one of changes) {
        await both.make(one)
        applyTo(model, one)
      }
      let at = asked.offsetBytes
      for (const { offsetBytes, lengthBytes, kind } of await both.disk.extents(asked.offsetBytes, asked.lengthBytes)) {
        expect(offsetBytes).toBe(at)
        at += lengthBytes
        if (kind !== 'data') expect(model.subarray(offsetBytes, at).equals(Buffer.alloc(lengthBytes))).toBe(true)
      }
      expect(at).toBe(asked.offsetBytes + asked.lengthBytes)
    }),
    { numRuns: 12 },
  )
})

test('says of what was zeroed that it is zero, and of what was written that it is data', async () => {
  await using both = await openBoth()
  await both.disk.zero(0, SIZE_BYTES)
  await both.disk.write(8192, Buffer.alloc(4096, 7))
  expect(await both.disk.extents(0, SIZE_BYTES)).toEqual([
    { offsetBytes: 0, lengthBytes: 8192, kind: 'zero' },
    { offsetBytes: 8192, lengthBytes: 4096, kind: 'data' },
    { offsetBytes: 12_288, lengthBytes: SIZE_BYTES - 12_288, kind: 'zero' },
  ])
})

test('the scratch has no name that anybody could open, or that could be left behind', async () => {
  await using both = await openBoth()
  await both.disk.write(0, Buffer.alloc(4096, 1))
  expect(await readdir(folder)).toEqual([])
})
