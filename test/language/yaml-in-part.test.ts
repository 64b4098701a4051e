// A shipped runbook is made invalid as YAML at one place: nothing is told but that. Made wrong in another step as well, both are told.
import { describe, expect, test } from 'vitest'
import { type Random, randomFrom, type Source } from '../../scripts/mutate/corrupt.ts'
import { checkerOver } from '../../scripts/mutate/judge.ts'
import { shippedCatalogue, shippedRunbooks } from '../../scripts/mutate/shipped.ts'
import { readYaml } from '../../src/language/index.ts'

const sources = shippedRunbooks()
const check = checkerOver(await shippedCatalogue())
const codesOf = (source: Source): readonly string[] => check(source).map(({ code }) => code)

const SIGNS = [
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ': ',
  '\t',
  '&',
  '*',
  '%',
  '@',
  '`',
  '!',
  '|',
  '- ',
  '\n',
  '\n\t',
  ' #',
  ',',
  '? ',
  '\\',
]
const MORE = ['  ', '"\n', "'a' b", '{{', '---\n', '...\n']

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)] as T

/** A sign too many, or one to three too few, anywhere. */
function spoiled(count: number, seed: number): readonly Source[] {
  const random = randomFrom(seed)
  const made: Source[] = []
  while (made.length < count) {
    const { file, text } = pick(sources, random)
    const at = Math.floor(random() * text.length)
    const [added, removed] = random() < 0.4 ? ['', 1 + Math.floor(random() * 3)] : [pick([...SIGNS, ...MORE], random), 0]
    const changed = text.slice(0, at) + added + text.slice(at + removed)
    if (readYaml(changed, file).root === undefined) made.push({ file, text: changed })
  }
  return made
}

describe('P12: a text that is not valid YAML', () => {
  test('draws nothing but that, wherever it was spoiled', () => {
    const found = spoiled(80, 20_261_122).map((source) => [...new Set(codesOf(source))])
    expect(found.filter((codes) => codes.join() !== 'YAML_INVALID')).toEqual([])
  })

  test('does not hide what is wrong in another step, nor in the blocks around it', () => {
    const hidden = sources.flatMap(({ file, text }) => {
      const calls = [...text.matchAll(/^ *uses: [a-z]+\/(?!assert)[\w.]+()$/gm)]
      return calls.flatMap((call, at) => {
        if (at % 8 > 0) return []
        const other = calls[(at + 1) % calls.length]
        if (!other || other === call) return []
        const changes = [
          { at: call.index + call[0].length, added: ': [' },
          { at: other.index + other[0].length, added: 'Nowhere' },
        ].toSorted((a, b) => b.at - a.at)
        const made = changes.reduce((whole, change) => whole.slice(0, change.at) + change.added + whole.slice(change.at), text)
        const codes = codesOf({ file, text: made })
        return codes.includes('YAML_INVALID') && codes.includes('ACTION_UNKNOWN')
          ? []
          : [`${file}: ${call[0]}, ${other[0]}: ${codes}`]
      })
    })
    expect(hidden).toEqual([])
  })
})
