import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Output } from '../../src/cli/index.ts'
import { table } from '../../src/cli/views/index.ts'

const terminal = (columns: number): Output => ({ write: () => {}, terminal: { columns } as NodeJS.WriteStream })

const POINTS = [
  ['POINT', 'TIME', 'NAME', 'VM', 'LEVEL', 'CONSISTENCY', 'SIZE', 'GROUP'],
  ['65372550ab', '2026-11-21T09:30:12Z', 'erp-db', '5c0e4b52-7f36-4f2c-9d0b-0a1f5a0e2c11', 'full', 'application', '40.0 GiB', ''],
  ['93ab11fe02', '2026-11-20T09:30:12Z', 'web', 'vm-2', 'incremental', 'crash', '8.0 GiB', ''],
]

describe('a table', () => {
  test('is one line a row where nobody looks, or where it fits', () => {
    const wide = table(POINTS)
    expect(wide.split('\n')[2]).toBe(
      '93ab11fe02  2026-11-20T09:30:12Z  web     vm-2                                  incremental  crash        8.0 GiB',
    )
    expect(table(POINTS, { write: () => {} })).toBe(wide)
    expect(table(POINTS, terminal(130))).toBe(wide)
    // Some terminals do not tell.
    expect(table(POINTS, terminal(0))).toBe(wide)
  })

  test('takes several lines a row on a terminal that is too narrow, and cuts nothing off', () => {
    expect(table(POINTS, terminal(80))).toBe(
      [
        'POINT       TIME                  NAME    VM',
        '  LEVEL        CONSISTENCY  SIZE',
        '65372550ab  2026-11-21T09:30:12Z  erp-db  5c0e4b52-7f36-4f2c-9d0b-0a1f5a0e2c11',
        '  full         application  40.0 GiB',
        '93ab11fe02  2026-11-20T09:30:12Z  web     vm-2',
        '  incremental  crash        8.0 GiB',
        '',
      ].join('\n'),
    )
  })

  test('stands straight beside names that take two places a character', () => {
    expect(
      table([
        ['订单数据库', 'x'],
        ['erp-db', 'y'],
        ['e\u0301', 'z'],
      ]),
    ).toBe('订单数据库  x\nerp-db      y\ne\u0301           z\n')
  })

  test('moves no cursor, whatever a platform called its VM', () => {
    expect(table([['a\u001b[2J', 'x\ny']])).toBe('a�[2J  x y\n')
  })

  test('of words that fit one by one is never wider than the terminal, and has them all', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'b', '数', '-'), minLength: 1, maxLength: 19 })
    const row = fc.array(cell, { minLength: 3, maxLength: 8 })
    fc.assert(
      fc.property(row, row, fc.integer({ min: 40, max: 120 }), (one, other, columns) => {
        const count = Math.min(one.length, other.length)
        const printed = table([one.slice(0, count), other.slice(0, count)], terminal(columns))
        for (const line of printed.split('\n'))
          expect(line.length + (line.match(/数/g)?.length ?? 0)).toBeLessThanOrEqual(columns)
        expect(printed.split(/\s+/).filter((word) => word !== '')).toEqual([...one.slice(0, count), ...other.slice(0, count)])
      }),
    )
  })
})
