// Laws of the extents algebra, against a model so simple that it is right by inspection: one cell for each byte.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  alignExtents,
  type Extent,
  type ExtentKind,
  endOf,
  fillExtents,
  intersectExtents,
  normaliseExtents,
  splitExtents,
  subtractExtents,
  totalBytes,
  unionExtents,
} from '../../src/blocks/index.ts'

const DISK = 200
const KINDS: readonly ExtentKind[] = ['unchanged', 'hole', 'zero', 'data']

const extent: fc.Arbitrary<Extent> = fc
  .record({ offsetBytes: fc.nat(DISK), lengthBytes: fc.nat(40), kind: fc.constantFrom(...KINDS) })
  .map((e) => ({ ...e, lengthBytes: Math.min(e.lengthBytes, DISK - e.offsetBytes) }))
const extents = fc.array(extent, { maxLength: 12 })

/** What a list says of each byte; the strongest kind where it speaks twice. */
function cells(list: Iterable<Extent>): (ExtentKind | undefined)[] {
  const disk: (ExtentKind | undefined)[] = Array.from({ length: DISK }, () => undefined)
  for (const { offsetBytes, lengthBytes, kind } of list) {
    for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += 1) {
      const old = disk[at]
      if (old === undefined || KINDS.indexOf(kind) > KINDS.indexOf(old)) disk[at] = kind
    }
  }
  return disk
}

function isNormal(list: readonly Extent[]): boolean {
  return list.every((e, index) => {
    const next = list[index + 1]
    if (e.lengthBytes <= 0) return false
    return !next || endOf(e) < next.offsetBytes || (endOf(e) === next.offsetBytes && e.kind !== next.kind)
  })
}

describe('extents', () => {
  it('normalising keeps what is said of every byte, and the result is normal', () => {
    fc.assert(
      fc.property(extents, (a) => {
        const normal = normaliseExtents(a)
        expect(cells(normal)).toEqual(cells(a))
        expect(isNormal(normal)).toBe(true)
        expect(normaliseExtents(normal)).toEqual(normal)
      }),
    )
  })

  it('a union says what either says, in any order', () => {
    fc.assert(
      fc.property(extents, extents, (a, b) => {
        expect(cells(unionExtents(a, b))).toEqual(cells([...a, ...b]))
        expect(unionExtents(a, b)).toEqual(unionExtents(b, a))
      }),
    )
  })

  it('subtracting leaves exactly what the other does not cover', () => {
    fc.assert(
      fc.property(extents, extents, (a, b) => {
        const other = cells(b)
        expect(cells(subtractExtents(a, b))).toEqual(cells(a).map((kind, at) => (other[at] ? undefined : kind)))
        expect(isNormal(subtractExtents(a, b))).toBe(true)
      }),
    )
  })

  it('intersecting leaves exactly what the other covers', () => {
    fc.assert(
      fc.property(extents, extents, (a, b) => {
        const other = cells(b)
        expect(cells(intersectExtents(a, b))).toEqual(cells(a).map((kind, at) => (other[at] ? kind : undefined)))
        expect(isNormal(intersectExtents(a, b))).toBe(true)
      }),
    )
  })

  it('intersection and difference together are the whole', () => {
    fc.assert(
      fc.property(extents, extents, (a, b) => {
        expect(unionExtents(intersectExtents(a, b), subtractExtents(a, b))).toEqual(normaliseExtents(a))
      }),
    )
  })

  it('aligning puts everything that must be touched on the grid and never claims more zeros than were known', () => {
    fc.assert(
      fc.property(extents, fc.integer({ min: 1, max: 64 }), (a, grain) => {
        const aligned = alignExtents(a, grain, DISK)
        const after = cells(aligned)
        cells(a).forEach((known, at) => {
          if (known === 'data') expect(after[at]).toBe('data')
          else expect([known, 'data']).toContain(after[at])
        })
        for (const e of aligned.filter(({ kind }) => kind !== 'unchanged')) {
          expect(e.offsetBytes % grain).toBe(0)
          expect(endOf(e) % grain === 0 || endOf(e) === DISK).toBe(true)
        }
        expect(alignExtents(aligned, grain, DISK)).toEqual(aligned)
      }),
    )
  })

  it('aligning data adds less than two grains to each extent', () => {
    fc.assert(
      fc.property(extents, fc.integer({ min: 1, max: 64 }), (a, grain) => {
        const data = normaliseExtents(a.map((e) => ({ ...e, kind: 'data' as const })))
        expect(totalBytes(alignExtents(data, grain, DISK))).toBeLessThan(totalBytes(data) + data.length * 2 * grain + 1)
      }),
    )
  })

  it('filling covers the disk without gaps and changes nothing that was known', () => {
    fc.assert(
      fc.property(extents, fc.constantFrom('unchanged' as const, 'hole' as const), (a, kind) => {
        const filled = fillExtents(a, DISK, kind)
        expect(totalBytes(filled)).toBe(DISK)
        expect(cells(filled)).toEqual(cells(a).map((known) => known ?? kind))
      }),
    )
  })

  it('splitting keeps every byte, and no piece crosses a multiple of the size', () => {
    fc.assert(
      fc.property(extents, fc.integer({ min: 1, max: 64 }), (a, size) => {
        const normal = normaliseExtents(a)
        const pieces = [...splitExtents(normal, size)]
        expect(normaliseExtents(pieces)).toEqual(normal)
        for (const piece of pieces) {
          expect(Math.floor(piece.offsetBytes / size)).toBe(Math.floor((endOf(piece) - 1) / size))
        }
      }),
    )
  })

  it('the total by kind adds up to the total', () => {
    fc.assert(
      fc.property(extents, (a) => {
        expect(KINDS.reduce((sum, kind) => sum + totalBytes(a, kind), 0)).toBe(totalBytes(a))
      }),
    )
  })

  it('offsets beyond 2^32 stay exact', () => {
    const far = 10 * 2 ** 40
    const grown = alignExtents([{ offsetBytes: far + 1, lengthBytes: 1, kind: 'data' }], 2 ** 20, far + 2 ** 21)
    expect(grown).toEqual([{ offsetBytes: far, lengthBytes: 2 ** 20, kind: 'data' }])
  })
})
