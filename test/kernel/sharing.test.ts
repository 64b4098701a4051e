// States that share their frames: verify makes millions of them. The kernel gives the same whether it copies first or changes in place.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { program } from './build.ts'
import { choicesOf, shapes, toRunbook, trouble } from './random-runbooks.ts'
import { play, textOf } from './world.ts'

describe('a state that shares its frames', () => {
  it('gives the same commands and the same next state, and the one before it stays as it was [P10]', () => {
    fc.assert(
      fc.property(shapes, trouble, (tree, troubles) => {
        const of = program(toRunbook(tree))
        const inPlace = play(of, choicesOf(troubles))
        const shared = play(of, { ...choicesOf(troubles), sharing: true })
        expect(shared.violations).toEqual(inPlace.violations)
        expect(shared.commands).toEqual(inPlace.commands)
        expect(textOf(shared.state)).toBe(textOf(inPlace.state))
      }),
      { numRuns: 1500 },
    )
  })
})
