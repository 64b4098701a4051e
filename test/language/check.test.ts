import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnosticsToJson, diagnosticsToSarif, formatDiagnostics } from '../../src/diagnostics/index.ts'
import { checkRunbook, parseRunbook, resolveUses } from '../../src/language/index.ts'
import { catalogue } from './catalogue.ts'

const CASES = join(import.meta.dirname, '../cases/runbooks')
const texts = readdirSync(CASES)
  .map((name) => readFileSync(join(CASES, name, 'runbook.yaml'), 'utf8'))
  .filter((text) => text.length < 10_000)

function diagnose(text: string) {
  const { draft, diagnostics } = parseRunbook(text, 'a.yaml')
  return [...diagnostics, ...(draft ? checkRunbook(draft.runbook, catalogue, draft.broken) : [])]
}

function expectSound(text: string): void {
  const found = diagnose(text)
  for (const { code, message, span } of found) {
    expect(code).toMatch(/^[A-Z_]+$/)
    expect(message).not.toBe('')
    expect(span && 0 <= span.start && span.start <= span.end && span.end <= text.length, `${code} ${JSON.stringify(span)}`).toBe(
      true,
    )
  }
  const sources = new Map([['a.yaml', text]])
  formatDiagnostics(found, sources, { colour: true })
  diagnosticsToJson(found, sources)
  diagnosticsToSarif(found, sources, { version: '0', meanings: {} })
}

describe('P12: whatever is written, check answers with diagnostics and never throws', () => {
  const text = fc.constantFrom(...texts)
  const scraps = [
    '${',
    '}',
    ' ${ steps.a.b }',
    '"',
    "'",
    ': ',
    ' #',
    '\n',
    '\n    ',
    '- ',
    '[',
    '{',
    '&a ',
    '*a',
    '|',
    '>',
    '!x ',
    '\t',
    'null',
    '5',
    '~',
    '?',
    '\u0000',
    '\ud800',
    '🚀',
    'steps:',
    'id: ',
    '__proto__: ',
    'constructor',
  ]

  test('to runbooks with a part cut out, doubled or replaced', () => {
    const edit = fc.record({ at: fc.nat(), length: fc.nat(40), scrap: fc.constantFrom('', ...scraps), again: fc.boolean() })
    fc.assert(
      fc.property(text, fc.array(edit, { minLength: 1, maxLength: 4 }), (original, edits) => {
        const mutated = edits.reduce((before, { at, length, scrap, again }) => {
          const from = at % (before.length + 1)
          return (
            before.slice(0, from) +
            scrap +
            (again ? before.slice(Math.max(0, from - length), from) : '') +
            before.slice(from + (again ? 0 : length))
          )
        }, original)
        expectSound(mutated)
      }),
      { numRuns: 700 },
    )
  })

  test('to runbooks with lines in another order or depth', () => {
    const line = fc.record({ from: fc.nat(), to: fc.nat(), indent: fc.integer({ min: -4, max: 4 }) })
    fc.assert(
      fc.property(text, fc.array(line, { minLength: 1, maxLength: 3 }), (original, moves) => {
        const lines = original.split('\n')
        for (const { from, to, indent } of moves) {
          const [taken = ''] = lines.splice(from % lines.length, 1)
          lines.splice(to % (lines.length + 1), 0, indent < 0 ? taken.slice(-indent) : ' '.repeat(indent) + taken)
        }
        expectSound(lines.join('\n'))
      }),
      { numRuns: 300 },
    )
  })

  test('to any text', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...scraps), fc.string({ maxLength: 5 })), { maxLength: 40 }), (parts) =>
        expectSound(parts.join('')),
      ),
      { numRuns: 300 },
    )
  })

  test('to any data under the keys of a runbook', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('runbook', 'name', 'version', 'use', 'targets', 'inputs', 'steps', 'outputs'),
          fc.jsonValue(),
        ),
        (data) => expectSound(JSON.stringify(data)),
      ),
      { numRuns: 300 },
    )
  })
})

test('an input named like an inherited property is no input', () => {
  const found = diagnose(
    'runbook: 1\nname: a\nversion: 1.0.0\nsteps: []\noutputs:\n  a: ${ inputs.constructor }\n  b: ${ toString }\n',
  )
  expect(found.map(({ code }) => code)).toEqual(['INPUT_UNKNOWN', 'ROOT_UNKNOWN'])
})

test('core is in use without being named, and a pack that is not at hand is left out', () => {
  const { runbook } = parseRunbook(
    'runbook: 1\nname: a\nversion: 1.0.0\nuse: { l: lab@^1.0.0, x: far@1.0.0 }\nsteps: []\n',
    'a.yaml',
  )
  expect(runbook && resolveUses(runbook, catalogue.packs)).toEqual({ core: 'core', l: 'lab' })
})

test('a thousand steps are checked without trouble', () => {
  const steps = Array.from(
    { length: 1000 },
    (_, n) =>
      `  - id: s${n}\n    uses: core/assert\n    with: { that: true, message: '\${ $string(${n === 0 ? 'run.id' : `steps.s${n - 1}`}) }' }\n`,
  )
  expect(diagnose(`runbook: 1\nname: a\nversion: 1.0.0\nsteps:\n${steps.join('')}`)).toEqual([])
})
