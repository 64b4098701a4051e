// What restored guests are worth. `npm run boots -- 20` does so as often as asked.
import { describe, expect, test } from 'vitest'
import { openBoots } from './boots.ts'
import { hasGuest } from './has-guest.ts'

describe.runIf(hasGuest)('a real guest that was backed up while it wrote', () => {
  test('P9: boots from what was restored, and is worth what each point claims', { timeout: 900_000 }, async () => {
    await using boots = await openBoots()
    for (let count = 0; count < 3; count += 1) {
      const { level, claimed, measured } = await boots.next()
      expect({ claimed, measured: measured.level }, JSON.stringify(measured)).toEqual({ claimed: level, measured: level })
    }
  })
})
