import { expect, test } from 'vitest'
import { EXIT_CODES } from '../../src/cli/index.ts'
import { exitCodeOf } from '../../src/cli/runs/conduct.ts'

test('exit codes are distinct, and what is owed outweighs how a run ended', () => {
  const codes = Object.values(EXIT_CODES).map(({ code }) => code)
  expect(new Set(codes).size).toBe(codes.length)
  expect(exitCodeOf({ status: 'succeeded', owed: [] })).toBe(0)
  expect(exitCodeOf({ status: 'failed', owed: [] })).toBe(1)
  expect(exitCodeOf({ status: 'cancelled', owed: [] })).toBe(4)
  for (const status of ['succeeded', 'failed', 'cancelled'] as const) expect(exitCodeOf({ status, owed: ['a'] })).toBe(5)
})
