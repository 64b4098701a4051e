// Each promise of the design is held by tests that name it. A promise without a test is a wish.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const PROMISES = Array.from({ length: 12 }, (_, index) => `P${index + 1}`)
const TITLE = /\b(?:describe|it)(?:\.\w+(?:\([^)]*\))?)*\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs

/** Titles of all tests, by file. */
function titlesIn(folder: URL): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:test|contract)\.ts$/.test(file))
    .flatMap((file) => citing(readFileSync(new URL(file, folder), 'utf8')))
}

const citing = (source: string): readonly string[] => [...source.matchAll(TITLE)].map(([, , title]) => title ?? '')

const cited = (titles: readonly string[]): ReadonlySet<string> =>
  new Set(titles.flatMap((title) => [...title.matchAll(/\bP\d+\b/g)].map(([name]) => name)))

describe('the promises', () => {
  const titles = titlesIn(new URL('./', import.meta.url))

  it.each(PROMISES)('%s is cited by a test', (promise) => {
    expect([...cited(titles)]).toContain(promise)
  })

  it('are found in titles only, so that a comment proves nothing', () => {
    expect([
      ...cited(citing("it('keeps its word [P3, P10]', () => {})\n// P4 is mentioned\ndescribe('all of it (P1)', f)")),
    ]).toEqual(['P3', 'P10', 'P1'])
  })
})
