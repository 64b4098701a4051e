import { expect, test } from 'vitest'
import { TIERS, tieredFiles } from './tiers.ts'

test('every program that tests of real machines ask for belongs to a tier', () => {
  expect(tieredFiles().filter(({ unknown }) => unknown.length > 0)).toEqual([])
})

test('every tier has tests', () => {
  const tiers = new Set(tieredFiles().map(({ tier }) => tier))
  expect(TIERS.map(({ tier }) => tiers.has(tier))).toEqual([true, true, true, true])
})

test('a file belongs to the highest tier of what it asks for, itself or through what it imports', () => {
  const tierOf = Object.fromEntries(tieredFiles().map(({ file, tier }) => [file, tier]))
  expect(tierOf).toMatchObject({
    'test/platforms/guest/scripts.test.ts': 0,
    'test/platforms/guest/channel-agent.test.ts': 1,
    'test/platforms/qemu/backup.test.ts': 2,
    'test/ssh/ssh.test.ts': 3,
  })
})
