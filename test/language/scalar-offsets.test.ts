import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { YamlScalar } from '../../src/language/index.ts'
import { offsetsOf, readYaml } from '../../src/language/syntax/index.ts'

/** The scalar at the end of nested maps and lists, so that indentation matters. */
function scalarIn(text: string): YamlScalar | undefined {
  let node = readYaml(text, 'a.yaml').root
  while (node && node.kind !== 'scalar') node = node.kind === 'map' ? node.entries[0]?.value : node.items[0]
  return node
}

/** Each character stands where its offset says, or is the work of an escape, a line break or a doubled quote there. */
function expectFaithful(text: string, scalar: YamlScalar): void {
  const value = String(scalar.value)
  const offsets = offsetsOf(scalar)
  expect(offsets.length).toBe(value.length)
  let previous = scalar.span.start
  for (const [index, offset] of offsets.entries()) {
    expect(offset).toBeGreaterThanOrEqual(previous)
    expect(offset).toBeLessThanOrEqual(scalar.span.end)
    previous = offset
    const there = text.charAt(offset)
    if (there === value.charAt(index)) continue
    const isBreak = /[\s]/.test(value.charAt(index)) && /^[ \t\r\n]*$/.test(text.slice(offset, offset + 1))
    expect(there === '\\' || isBreak || offset === text.length, `${JSON.stringify(value.charAt(index))} at ${offset}`).toBe(true)
  }
}

/** Where a trace gives up, every character is said to stand at the start. */
const expectTraced = (scalar: YamlScalar): void => {
  if (String(scalar.value).trim().length > 1) expect(new Set(offsetsOf(scalar)).size).toBeGreaterThan(1)
}

describe('the place of each character', () => {
  test.each([
    ['plain', 'a: one two\n'],
    ['plain over lines', 'a: one\n  two\n\n\n  three\n'],
    ['plain over lines, Windows', 'a: one  \r\n  two\r\n\r\n  three\r\n'],
    ['single', "a: 'it''s ''quoted'''\n"],
    ['single over lines', "a: '  one  \n\n   two ''\n  three '\n"],
    ['double', 'a: "tab\\t \\"q\\" \\u00e9 \\U0001F680 \\x41 end"\n'],
    ['double over lines', 'a: "one \\\n   two\n\n  three   \n  \\  four"\n'],
    ['literal', 'a: |\n  one\n    two\n\n  three\n'],
    ['literal kept', 'a: |+\n  one\n\n\n'],
    ['literal stripped, indented by number', 'a:\n  - |2-\n      one\n     two\n'],
    ['literal, Windows', 'a: |\r\n  one\r\n  two\r\n'],
    ['folded', 'a: >\n  one\n  two\n\n  three\n    more\n     indented\n  four\n\n\n  five\n'],
    ['folded with comment in its header', 'a: >- # why\n  one\n  two\n'],
    ['folded that starts with empty lines', 'a: >\n\n\n  one\n'],
    ['empty block', 'a: |\n'],
    ['kept empty block', 'a: |+\n\n\n'],
  ])('%s', (_, text) => {
    const scalar = scalarIn(text)
    if (!scalar) throw new Error('no scalar')
    expectFaithful(text, scalar)
    // The whole could be pointed at for any character; then nothing was traced.
    if (String(scalar.value).length > 4) expect(new Set(offsetsOf(scalar)).size).toBeGreaterThan(4)
  })

  const content = fc.string({
    unit: fc.constantFrom('a', 'Z', ' ', '  ', '\n', "'", '"', '\\', '#', ':', '{', '}', '$', '\t', 'é', '🚀'),
    maxLength: 60,
  })
  const style = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_FOLDED', 'BLOCK_LITERAL')

  test('is told for any text in any of the five styles', () => {
    fc.assert(
      fc.property(content, style, fc.integer({ min: 20, max: 80 }), fc.boolean(), (value, type, lineWidth, windows) => {
        const written = stringify({ outer: [{ inner: value }] }, { defaultStringType: type, defaultKeyType: 'PLAIN', lineWidth })
        const text = windows ? written.replaceAll('\n', '\r\n') : written
        const scalar = scalarIn(text)
        if (!scalar || typeof scalar.value !== 'string') return
        expectFaithful(text, scalar)
        expectTraced(scalar)
      }),
      { numRuns: 1000 },
    )
  })

  test('is told for whatever stands between quotes or below a block header', () => {
    const written = fc.constantFrom<(text: string) => string>(
      (text) => `a: "${text}"\n`,
      (text) => `a: '${text}'\n`,
      (text) => `a: x${text}\n`,
      ...['|', '>', '|-', '>+', '>2', '|1'].map(
        (header) => (text: string) => `a: ${header}\n  ${text.replaceAll('\n', '\n  ')}\nb: 1\n`,
      ),
    )
    const raw = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', '\n ', '\t', '\\n', '\\\n', '\\x41', '\\\\', "''", '\\"', '\r\n', '${', '}'),
      maxLength: 30,
    })
    fc.assert(
      fc.property(written, raw, (write, text) => {
        const scalar = scalarIn(write(text))
        if (!scalar || typeof scalar.value !== 'string') return
        expectFaithful(write(text), scalar)
        expectTraced(scalar)
      }),
      { numRuns: 1000 },
    )
  })
})
