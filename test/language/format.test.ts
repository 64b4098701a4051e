// The laws of `holdfast fmt`: what it lays out says the same, keeps its comments, and is laid out the same when done again.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatYaml, parseRunbook, readYaml, runbookSchema, toJson } from '../../src/language/index.ts'
import { packSchema } from '../../src/packs/index.ts'

const ROOT = join(import.meta.dirname, '../..')
const textsOf = (pattern: string): readonly (readonly [string, string])[] =>
  globSync(pattern, { cwd: ROOT }).map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const)
const runbooks = textsOf('{runbooks,examples,test/cases,test/acceptance}/**/*runbook.yaml').filter(
  ([, text]) => parseRunbook(text, '').runbook !== undefined,
)
const packs = textsOf('{runbooks,examples,test/cases}/**/pack.yaml').filter(([, text]) => {
  const { root, diagnostics } = readYaml(text, '')
  return root && diagnostics.length === 0
})

/** Everything but where it stands in the text. */
const meaning = (text: string): unknown =>
  JSON.parse(
    JSON.stringify(parseRunbook(text, '').runbook, (key, value: unknown) =>
      /^(?:offsets|spans?|.*Spans?)$/.test(key) ? undefined : value,
    ),
  )

/** Words of comments, in any order: a comment moves with what it is about. A `#` in text counts alike before and after. */
const comments = (text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line) => / *(?:^|\s)#(.*)$/.exec(line)?.[1]?.trim() ?? [])
    .toSorted()

function holds(text: string): void {
  const formatted = formatYaml(text, runbookSchema)
  expect(meaning(formatted), formatted).toEqual(meaning(text))
  expect(comments(formatted), formatted).toEqual(comments(text.replaceAll('\r\n', '\n')))
  expect(formatYaml(formatted, runbookSchema), text).toBe(formatted)
  expect(formatted).toMatch(/[^\n]\n$/)
  expect(formatted).not.toContain('\r')
}

test.each(runbooks)('%s means the same when it is laid out', (_, text) => holds(text))

test.each(packs)('%s means the same when it is laid out', (_, text) => {
  const formatted = formatYaml(text, packSchema)
  const plain = (of: string): unknown => {
    const { root } = readYaml(of, '')
    return root && toJson(root)
  }
  expect(plain(formatted)).toEqual(plain(text))
  expect(comments(formatted)).toEqual(comments(text))
  expect(formatYaml(formatted, packSchema)).toBe(formatted)
})

describe('whatever is done to the layout of a runbook', () => {
  const texts = runbooks.map(([, text]) => text).filter((text) => text.length < 5000)
  const disorder = fc.record({
    text: fc.constantFrom(...texts),
    comments: fc.array(
      fc.record({ line: fc.nat(), words: fc.constantFrom('# why', '# steps: no', '# it\'s "so"', '#', '#!x') }),
      { maxLength: 6 },
    ),
    beside: fc.array(fc.nat(), { maxLength: 4 }),
    blanks: fc.array(fc.nat(), { maxLength: 4 }),
    wide: fc.boolean(),
    crlf: fc.boolean(),
  })

  test('its meaning and comments stay, and once is enough', () => {
    fc.assert(
      fc.property(disorder, (wanted) => {
        const text = disordered(wanted)
        fc.pre(parseRunbook(text, '').runbook !== undefined)
        holds(text)
      }),
      { numRuns: 300 },
    )
  })

  interface Disorder {
    readonly text: string
    readonly comments: readonly { readonly line: number; readonly words: string }[]
    readonly beside: readonly number[]
    readonly blanks: readonly number[]
    readonly wide: boolean
    readonly crlf: boolean
  }

  function disordered({ text, comments: added, beside, blanks, wide, crlf }: Disorder): string {
    const lines = text.split(/\r?\n/).map((line) => (wide ? line.replace(/^ +/, (space) => space.repeat(2)) : line))
    for (const at of beside) lines[at % lines.length] += '   # beside'
    for (const { line, words } of added) {
      const at = line % lines.length
      lines.splice(at, 0, `${/^ */.exec(lines[at] ?? '')?.[0] ?? ''}${words}`)
    }
    for (const at of blanks) lines.splice(at % lines.length, 0, '')
    return lines.join(crlf ? '\r\n' : '\n')
  }
})

test('every runbook that ships is laid out so', () => {
  for (const [file, text] of textsOf('runbooks/*/*.runbook.yaml'))
    expect(formatYaml(text, runbookSchema) === text, file).toBe(true)
})

test('the order, spacing and lines of a document', () => {
  const text = `# yaml-language-server: $schema=x
steps:
    -  uses:   core/assert
       with:
           that:   \${steps.a.b}   # it must
           message: >-
               long text
               stays as it is

       # about the id
       id: fit
    - id: again
      uses: core/assert
      with: {that: true,   message: '\${  run.id}' }
outputs: {}
inputs:  # of the run
    type: object
    required: [ a ]
    properties:
        a: { type: string, description: '\${not}' }
version: 1.0.0
runbook: 1
name: team/try


title: "A \\"title\\""`
  expect(formatYaml(text, runbookSchema)).toBe(`# yaml-language-server: $schema=x
runbook: 1
name: team/try
version: 1.0.0
title: "A \\"title\\""

inputs: # of the run
  type: object
  required: [a]
  properties:
    a: { type: string, description: '\${not}' }

steps:
  # about the id
  - id: fit
    uses: core/assert
    with:
      that: \${ steps.a.b } # it must
      message: >-
        long text
        stays as it is
  - id: again
    uses: core/assert
    with: { that: true, message: '\${ run.id }' }

outputs: {}
`)
})
