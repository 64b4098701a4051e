// Every canary is found, with no more faults than it needs; and every promise that verify judges has one.
import { describe, expect, it } from 'vitest'
import { CANARIES, foundIn } from './canaries/index.ts'

describe.each(Object.keys(CANARIES))('%s is found', (kind) => {
  it.each(CANARIES[kind] ?? [])('$what [$breaks]', async (canary) => {
    const { violations, said } = await foundIn(canary)
    expect(said).toContain(canary.breaks)
    for (const { faults } of violations) expect(faults).toBeLessThanOrEqual(canary.faults ?? 1)
  })
})

it('has a canary for every promise that verify judges', () => {
  const broken = new Set(Object.values(CANARIES).flatMap((canaries) => canaries.map(({ breaks }) => breaks)))
  expect([...broken].sort()).toEqual(['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P8', 'P9', 'ends', 'kernel', 'locks', 'outcome'])
})
