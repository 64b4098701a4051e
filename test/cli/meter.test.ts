import { expect, test } from 'vitest'
import { createMeter } from '../../src/cli/views/index.ts'

const read = (meter: ReturnType<typeof createMeter>, at: number, doneBytes: number) =>
  meter({ doneBytes, totalBytes: 1000, label: 'x' }, at)

test('a meter tells rate and time left from the last ten seconds', () => {
  const meter = createMeter()
  expect(read(meter, 0, 0)).toEqual({ doneBytes: 0, totalBytes: 1000 })
  expect(read(meter, 1000, 100)).toEqual({ doneBytes: 100, totalBytes: 1000, bytesPerSecond: 100, leftMs: 9000 })
  for (let second = 2; second <= 30; second += 1) read(meter, second * 1000, 100 + second)
  expect(read(meter, 31_000, 131).bytesPerSecond).toBe(1)
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
