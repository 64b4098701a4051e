// The pauses between tries, in closed form, against adding them up one by one.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_RETRY, longestOfTriesMs } from '../../src/language/index.ts'

const seconds = fc.integer({ min: 0, max: 60 }).map((each) => each * 1000)

test('all tries of a call take their time-outs and the pauses between, each at most as long as the longest', () => {
  const policies = fc.record({
    attempts: fc.integer({ min: 1, max: 30 }),
    delayMs: seconds,
    factor: fc.double({ min: 1, max: 4, noNaN: true }),
    maxDelayMs: seconds,
  })
  fc.assert(
    fc.property(policies, seconds, (policy, timeoutMs) => {
      const { attempts, delayMs, factor, maxDelayMs } = policy
      const pauses = Array.from({ length: attempts - 1 }, (_, index) => Math.min(delayMs * factor ** index, maxDelayMs))
      const sumMs = attempts * timeoutMs + pauses.reduce((sum, pause) => sum + pause, 0)
      const foundMs = longestOfTriesMs(timeoutMs, policy)
      expect(Math.abs(foundMs - sumMs)).toBeLessThanOrEqual(1e-6 * Math.max(1, sumMs))
    }),
  )
})

test('what is tried for ever is summed up at once', () => {
  const policy = { attempts: 1e15, delayMs: 1, factor: 1.000_000_001, maxDelayMs: 30_000 }
  expect(longestOfTriesMs(1000, policy)).toBeGreaterThan(1e18)
  expect(longestOfTriesMs(1000, DEFAULT_RETRY)).toBe(5 * 1000 + 15_000)
})
