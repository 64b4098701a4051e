import { describe, expect, test } from 'vitest'
import { createMeter, wordsOfReading } from '../../src/cli/views/index.ts'
import { createTransfers } from '../../src/cli/views/transfers.ts'

const read = (meter: ReturnType<typeof createMeter>, at: number, doneBytes: number) =>
  meter({ doneBytes, totalBytes: 1000, label: 'x' }, at)

test('a meter tells rate and time left from the last ten seconds', () => {
  const meter = createMeter()
  expect(read(meter, 0, 0)).toEqual({ doneBytes: 0, totalBytes: 1000 })
  expect(read(meter, 1000, 100)).toEqual({ doneBytes: 100, totalBytes: 1000, bytesPerSecond: 100, leftMs: 9000 })
  for (let second = 2; second <= 30; second += 1) read(meter, second * 1000, 100 + second)
  expect(read(meter, 31_000, 131).bytesPerSecond).toBe(1)
})

test('a meter that knows no total tells neither time left nor share', () => {
  const meter = createMeter()
  expect(meter({ doneBytes: 0, label: 'x' }, 0)).toEqual({ doneBytes: 0 })
  const reading = meter({ doneBytes: 2048, label: 'x' }, 1000)
  expect(reading).toEqual({ doneBytes: 2048, bytesPerSecond: 2048 })
  expect(wordsOfReading(reading, 'files')).toBe('files: 2.0 KiB so far, 2.0 KiB/s')
})

test('a transfer that starts again counts from its new beginning', () => {
  const meter = createMeter()
  read(meter, 0, 0)
  read(meter, 1000, 900)
  expect(read(meter, 2000, 0)).toEqual({ doneBytes: 0, totalBytes: 1000 })
  expect(read(meter, 3000, 100).bytesPerSecond).toBe(100)
})

test('a transfer that stands still has no rate rather than one of zero', () => {
  const meter = createMeter()
  read(meter, 0, 500)
  expect(read(meter, 5000, 500)).toEqual({ doneBytes: 500, totalBytes: 1000 })
})

describe('of a transfer', () => {
  const said = (readings: readonly (readonly [at: number, doneBytes: number, totalBytes: number])[]): readonly number[] => {
    const transfers = createTransfers()
    return readings.flatMap(([at, doneBytes, totalBytes]) => {
      const progress = { doneBytes, totalBytes, label: 'x' }
      const reading = transfers({ kind: 'progress', runId: 'run', path: 'copy', at, progress })
      return reading ? [reading.doneBytes] : []
    })
  }

  test('one reading a second is told, and its end whenever it comes', () => {
    expect(
      said([
        [0, 1, 9],
        [500, 2, 9],
        [1000, 3, 9],
        [1100, 9, 9],
      ]),
    ).toEqual([1, 3, 9])
  })

  test('whose total nobody knows beforehand no more is told than of any other', () => {
    expect(said(Array.from({ length: 3000 }, (_, at) => [at, at, at]))).toEqual([0, 1000, 2000])
  })

  test('that is done again with the same name the end is told again', () => {
    expect(
      said([
        [0, 9, 9],
        [10, 4, 9],
        [20, 9, 9],
      ]),
    ).toEqual([9, 9])
  })
})
