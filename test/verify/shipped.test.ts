// Every runbook that ships: no violation, wherever one fault strikes; two where that ends soon. Prints its figures.
import { expect, it } from 'vitest'
import { search } from '../../src/verify/index.ts'
import { shipped, subjectOf } from './shipped.ts'

/** Two faults at once end within seconds in all but this one; for it see `npm run verify:all`. */
const LARGE = /consistency-group-backup/

it.each(shipped)(
  '%s leaves nothing behind [P1, P2, P3, P4, P5, P6]',
  async (file) => {
    const startedAt = performance.now()
    const faults = LARGE.test(file) ? 1 : 2
    const { violations, complete, states, transitions } = await search(subjectOf(file, 2), {
      faults,
      maxStates: 300_000,
      maxViolations: 5,
    })
    const seconds = (performance.now() - startedAt) / 1000
    console.info(`${file}: ${faults} faults, ${states} states, ${transitions} transitions, ${seconds.toFixed(1)} s`)
    expect(violations).toEqual([])
    expect(complete).toBe(true)
  },
  120_000,
)
