// Mutation test of check: single tokens of the shipped runbooks are spoiled, and check must notice. `npm run mutate` tries more.
import { describe, expect, test } from 'vitest'
import { type Mutant, mutants, randomFrom } from '../../scripts/mutate/corrupt.ts'
import { type Checker, checkerOver, experiment, shareCaught } from '../../scripts/mutate/judge.ts'
import { shippedCatalogue, shippedRunbooks } from '../../scripts/mutate/shipped.ts'
import { tokensOf } from '../../scripts/mutate/tokens.ts'

const sources = shippedRunbooks()
const check = checkerOver(await shippedCatalogue())
const COUNT = 120

describe('P12: of wrong runbooks, nearly all are refused before anything runs', () => {
  test('at least nine of ten single-token corruptions draw a finding', () => {
    const { judged } = experiment(sources, check, COUNT, randomFrom(20_261_121))
    const survivors = judged
      .filter(({ caught }) => !caught)
      .map(({ mutant: { file, from, to }, line }) => `${file}:${line} ${from} → ${to}`)
    expect(shareCaught(judged), survivors.join('\n')).toBeGreaterThanOrEqual(90)
  })

  test('a checker that reports nothing catches none', () => {
    const silent: Checker = () => []
    expect(shareCaught(experiment(sources, silent, COUNT, randomFrom(1)).judged)).toBe(0)
  })

  test('the runbooks draw nothing as long as they are whole', () => {
    expect(sources.flatMap(check)).toEqual([])
  })
})

function draw(count: number, seed: number): readonly Mutant[] {
  const drawn: Mutant[] = []
  for (const mutant of mutants(sources, randomFrom(seed))) {
    if (drawn.length === count) break
    drawn.push(mutant)
  }
  return drawn
}

describe('the corruptions', () => {
  test('are the same for the same seed, and others for another', () => {
    const first = (seed: number) => draw(20, seed).map(({ file, start, to }) => [file, start, to])
    expect(first(3)).toEqual(first(3))
    expect(first(3)).not.toEqual(first(4))
  })

  test('change one token and nothing else', () => {
    for (const { file, start, from, to, text } of draw(200, 5)) {
      const before = sources.find((each) => each.file === file)?.text ?? ''
      expect(before.slice(start, start + from.length)).toBe(from)
      expect(text).toBe(before.slice(0, start) + to + before.slice(start + from.length))
    }
  })

  test('comments, blanks and wording are no other runbook', () => {
    const text = 'runbook: 1\nname: lab/try\nversion: 1.0.0\ntitle: One or two # three\nsteps: [] # none\n'
    const { judged, equivalent } = experiment([{ file: 'a', text }], () => [], 40, randomFrom(2))
    const classes = judged.filter(({ mutant }) => mutant.corruption === 'misspell').map(({ mutant }) => mutant.class)
    expect(classes).not.toContain('comment')
    expect(classes).not.toContain('wording')
    expect(equivalent).toBeGreaterThan(0)
  })
})

test('the tokens of a file are all of it but blanks and line ends', () => {
  for (const { text } of sources) {
    let rest = text
    for (const { text: token, start } of tokensOf(text)) {
      expect(text.slice(start, start + token.length)).toBe(token)
      rest = rest.slice(0, start) + ' '.repeat(token.length) + rest.slice(start + token.length)
    }
    expect(rest.trim()).toBe('')
  }
})
