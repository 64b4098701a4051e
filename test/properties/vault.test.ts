// Laws of the vault that hold for any input.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Extent, ExtentKind } from '../../src/blocks/index.ts'
import { planChunks, plannedBytes, sliceRuns } from '../../src/vault/disks/chunk-plan.ts'
import { createBlobIndex } from '../../src/vault/format/blob-index.ts'
import { decodeTree, encodeTree, nodeName } from '../../src/vault/format/tree.ts'
import { type Backend, type FileKind, memoryBackend, openBackend, VaultError } from '../../src/vault/index.ts'
import { PASSWORD, readBack } from '../vault/world.ts'

const CHUNK = 64

/** A disk and a map that covers it whole. */
const disks = fc
  .array(
    fc.record({
      lengthBytes: fc.integer({ min: 1, max: 300 }),
      kind: fc.constantFrom<ExtentKind>('data', 'zero', 'hole', 'unchanged'),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((pieces) => {
    const map: Extent[] = []
    let offsetBytes = 0
    for (const piece of pieces) {
      map.push({ offsetBytes, ...piece })
      offsetBytes += piece.lengthBytes
    }
    return { map, sizeBytes: offsetBytes }
  })

describe('a chunk plan', () => {
  test('covers every chunk once, in order', () => {
    fc.assert(
      fc.property(disks, ({ map, sizeBytes }) => {
        let next = 0
        for (const { first, count } of planChunks('d', map, sizeBytes, CHUNK, sizeBytes)) {
          expect(first).toBe(next)
          next += count
        }
        expect(next).toBe(Math.ceil(sizeBytes / CHUNK))
      }),
    )
  })

  test('builds the disk that the map describes, whatever the base was (P8)', () => {
    fc.assert(
      fc.property(disks, fc.integer({ min: 0, max: 6000 }), ({ map, sizeBytes }, baseBytes) => {
        // Byte 1 is what the disk has now; base bytes that are still the same are 1 too, changed ones 2.
        const now = Buffer.alloc(sizeBytes)
        const base = Buffer.alloc(baseBytes, 2)
        for (const { offsetBytes, lengthBytes, kind } of map) {
          if (kind === 'data' || kind === 'unchanged') now.fill(1, offsetBytes, offsetBytes + lengthBytes)
          if (kind === 'unchanged') base.fill(1, Math.min(offsetBytes, baseBytes), Math.min(offsetBytes + lengthBytes, baseBytes))
        }
        const built = Buffer.alloc(sizeBytes, 9)
        for (const { fate, first, count, ranges } of planChunks('d', map, sizeBytes, CHUNK, baseBytes)) {
          const from = first * CHUNK
          const to = Math.min((first + count) * CHUNK, sizeBytes)
          if (fate === 'carry') base.copy(built, from, from, to)
          else built.fill(0, from, to)
          if (fate === 'carry') expect(to <= baseBytes || to === sizeBytes).toBe(true)
          const reads = fate === 'read' ? (ranges ?? [from, to - from]) : []
          for (let i = 0; i < reads.length; i += 2) now.copy(built, reads[i], reads[i], (reads[i] ?? 0) + (reads[i + 1] ?? 0))
        }
        expect(built.equals(now)).toBe(true)
      }),
    )
  })

  test('reads no chunk that is wholly zero or wholly unchanged', () => {
    fc.assert(
      fc.property(disks, ({ map, sizeBytes }) => {
        const runs = planChunks('d', map, sizeBytes, CHUNK, sizeBytes)
        const touched = new Set<number>()
        for (const { offsetBytes, lengthBytes, kind } of map) {
          for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += 1)
            if (kind === 'data') touched.add(Math.floor(at / CHUNK))
        }
        const mixed = runs.filter(({ fate, first }) => fate === 'read' && !touched.has(first))
        // Without data it is read only where zeros and unchanged bytes share a chunk.
        for (const { count } of mixed) expect(count).toBe(1)
        expect(plannedBytes(runs, sizeBytes, CHUNK)).toBeLessThanOrEqual((touched.size + mixed.length) * CHUNK)
      }),
    )
  })

  test('is the sum of its slices', () => {
    fc.assert(
      fc.property(disks, fc.integer({ min: 1, max: 7 }), ({ map, sizeBytes }, width) => {
        const runs = planChunks('d', map, sizeBytes, CHUNK, sizeBytes)
        const chunks = Math.ceil(sizeBytes / CHUNK)
        const each = (list: Iterable<(typeof runs)[number]>): string[] =>
          [...list].flatMap(({ fate, first, count }) => Array.from({ length: count }, (_, i) => `${first + i} ${fate}`))
        const slices: string[] = []
        for (let from = 0; from < chunks; from += width) slices.push(...each(sliceRuns(runs, from, from + width)))
        expect(slices).toEqual(each(runs))
      }),
    )
  })
})

describe('the blob index', () => {
  test('answers as a map would, and gives each new id to one claimer', () => {
    const ids = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, fc.constantFrom('claim', 'place'), fc.nat(1000)), { maxLength: 200 }), (steps) => {
        const index = createBlobIndex()
        const known = new Map<string, number | undefined>()
        for (const [bytes, step, offsetBytes] of steps) {
          const id = Buffer.from(bytes)
          const name = id.toString('hex')
          if (step === 'claim') {
            expect(index.claim(id, 0)).toBe(!known.has(name))
            if (!known.has(name)) known.set(name, undefined)
          } else {
            index.place(id, 0, { pack: 1, offsetBytes, lengthBytes: 1, rawBytes: 0 })
            if (known.get(name) === undefined) known.set(name, offsetBytes)
          }
          expect(index.locate(id)?.offsetBytes).toBe(known.get(name))
        }
        expect(index.count).toBe(known.size)
      }),
    )
  })

  test('keeps a hundred thousand blobs', () => {
    const index = createBlobIndex()
    const ids = Buffer.alloc(100_000 * 32)
    for (let i = 0; i < 100_000; i += 1) ids.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i * 32)
    for (let i = 0; i < 100_000; i += 1) index.place(ids, i * 32, { pack: i, offsetBytes: i, lengthBytes: 1, rawBytes: 2 })
    for (let i = 0; i < 100_000; i += 997)
      expect(index.locate(ids, i * 32)).toEqual({ pack: i, offsetBytes: i, lengthBytes: 1, rawBytes: 2 })
    expect(index.count).toBe(100_000)
  })
})

describe('trees', () => {
  test('come back as they were written', () => {
    const node = fc.oneof(
      fc.record({
        kind: fc.constant('dir' as const),
        name: fc.string({ minLength: 1 }).map(nodeName),
        subtree: fc.constant('ab'.repeat(32)),
      }),
      fc.record({
        kind: fc.constant('file' as const),
        name: fc.string({ minLength: 1 }).map(nodeName),
        sizeBytes: fc.nat(),
        content: fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 })).map((ids) => Buffer.concat(ids)),
      }),
    )
    fc.assert(fc.property(fc.array(node), (nodes) => void expect(decodeTree(encodeTree(nodes))).toEqual(nodes)))
  })

  test('are refused, not thrown over, when they are none', () => {
    fc.assert(fc.property(fc.json(), (text) => void decodeTree(Buffer.from(text))))
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeTree(Buffer.from(bytes))))
  })
})

describe('a changed byte, wherever it is', () => {
  const BASE = join(import.meta.dirname, '../vault/base-vault')
  const KINDS: Readonly<Record<string, FileKind>> = { keys: 'key', data: 'pack', index: 'index', snapshots: 'snapshot' }
  const files = readdirSync(BASE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const [folder = ''] = entry.parentPath.slice(BASE.length + 1).split('/')
      return {
        kind: KINDS[folder] ?? ('config' as const),
        name: entry.name,
        content: readFileSync(join(entry.parentPath, entry.name)),
      }
    })

  async function fill(changed: number, at: number, bit: number): Promise<Backend> {
    const backend = memoryBackend()
    for (const [i, { kind, name, content }] of files.entries()) {
      const bytes = Buffer.from(content)
      if (i === changed) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit)
      await backend.put(kind, name, [bytes])
    }
    return backend
  }

  /** True when something is said to be wrong. Anything but a VaultError is a crash. */
  async function isNoticed(backend: Backend): Promise<boolean> {
    try {
      await using vault = await openBackend(backend, PASSWORD)
      const { problems, damagedPoints } = await vault.verify({ data: true })
      if (damagedPoints.length === 0) for (const { id } of await vault.points()) await readBack(vault, id)
      return problems.length > 0 || damagedPoints.length > 0
    } catch (error) {
      if (error instanceof VaultError) return true
      throw error
    }
  }

  test('is noticed and never crashes', { timeout: 60_000 }, async () => {
    expect(await isNoticed(await fill(-1, 0, 0))).toBe(false)
    const places = fc.tuple(fc.nat(files.length - 1), fc.nat(4096), fc.nat(7))
    await fc.assert(
      fc.asyncProperty(places, async ([file, at, bit]) => void expect(await isNoticed(await fill(file, at, bit))).toBe(true)),
      { numRuns: 40 },
    )
  })
})
