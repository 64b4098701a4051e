import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DURATION_PATTERN, formatDuration, formatSize, parseDuration, parseSize } from '../../src/values/index.ts'

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['0s', 0],
  ])('%s is %d ms', (text, durationMs) => expect(parseDuration(text)).toBe(durationMs))

  test.each(['', '5', 'soon', '5 s', '-5s', '5S', '1m 30s', '1e3s', '٣s'])('%j is no duration', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  )

  test.each([
    [0, '0ms'],
    [999.6, '1.0s'],
    [1500, '1.5s'],
    [9999, '10s'],
    [59_999, '1m'],
    [3_600_000, '1h'],
    [5_400_000, '1h30m'],
    [90_061_000, '1d1h'],
  ])('%d ms reads %s', (durationMs, text) => expect(formatDuration(durationMs)).toBe(text))

  test('what is formatted can be parsed again, and the pattern accepts what the parser accepts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (durationMs) => {
        const text = formatDuration(durationMs)
        expect(new RegExp(DURATION_PATTERN).test(text)).toBe(true)
        expect(Math.abs((parseDuration(text) ?? Number.NaN) - durationMs)).toBeLessThanOrEqual(Math.max(60, durationMs / 20))
      }),
    )
  })
})

describe('sizes', () => {
  test.each([
    ['64MiB', 67_108_864],
    ['1.5 KiB', 1536],
    ['0B', 0],
  ])('%s is %d bytes', (text, sizeBytes) => expect(parseSize(text)).toBe(sizeBytes))

  test.each(['', '64', '64MB', '-1B', '1 kib'])('%j is no size', (text) => expect(parseSize(text)).toBeUndefined())

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [67_108_864, '64.0 MiB'],
    [1_048_575, '1.0 MiB'],
    [2 ** 60, '1024.0 PiB'],
  ])('%d bytes read %s', (sizeBytes, text) => expect(formatSize(sizeBytes)).toBe(text))
})
