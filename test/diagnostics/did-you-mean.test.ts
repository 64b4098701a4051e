import { expect, test } from 'vitest'
import { didYouMean } from '../../src/diagnostics/index.ts'

test.each([
  ['timout', ['timeout', 'title'], 'timeout'],
  ['tiemout', ['timeout'], 'timeout'],
  ['Steps', ['steps'], 'steps'],
  ['snpashot', ['snapshot'], 'snapshot'],
  ['whit', ['with'], 'with'],
  ['id', ['if', 'in'], 'if'],
])('%s is probably %j', (word, candidates, meant) => expect(didYouMean(word, candidates)).toBe(meant))

test.each([
  ['approve', ['steps', 'scope']],
  ['vm', ['disk']],
  ['same', ['same']],
  ['', ['a', 'bc']],
])('%s is like none of %j', (word, candidates) => {
  const found = didYouMean(word, candidates)
  expect(found === undefined || word === '').toBe(true)
})
