// Laws of the kernel over runbooks that nobody wrote: random trees of blocks that acquire, use, release and fail, under random
// faults, crashes and cancels. Whatever happens, nothing leaks and nothing goes in the wrong order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { program } from '../kernel/build.ts'
import { choicesOf, shapes, toRunbook, trouble } from '../kernel/random-runbooks.ts'
import { play } from '../kernel/world.ts'

describe('any runbook under any trouble', () => {
  it('ends with nothing held that is not owed, and nothing used after or released before its time [P1, P2, P3, P4, P10]', () => {
    fc.assert(
      fc.property(shapes, trouble, (tree, troubles) => {
        const story = play(program(toRunbook(tree)), choicesOf(troubles))
        expect(story.outcome, 'it ends').toBeDefined()
        expect(story.violations).toEqual([])
        const open = Object.values(story.state.obligations)
        expect(open.map((each) => each.id)).toEqual(story.outcome?.owed)
        expect(open.filter((each) => each.state !== 'owed')).toEqual([])
        const owed = open.map((each) => `${each.type.slice(2).toLowerCase()}:${each.identity.name}`)
        expect(story.held.filter((each) => !owed.includes(each))).toEqual([])
        const { blocks, steps, calls, timers, locks, evaluations, approvals } = story.state
        expect([blocks, steps, calls, timers, locks, evaluations, approvals].map((each) => Object.keys(each))).toEqual([
          ['run'],
          [],
          [],
          [],
          [],
          [],
          [],
        ])
      }),
      { numRuns: 4000 },
    )
  })
})
