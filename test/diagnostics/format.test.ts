import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { type Diagnostic, diagnosticsToJson, diagnosticsToSarif, formatDiagnostics } from '../../src/diagnostics/index.ts'

const text = 'name: a\n\tsize: 12 # two\r\nlast: x\n'
const sources = new Map([['a.yaml', text]])
const span = (start: number, end: number, file = 'a.yaml') => ({ file, start, end })

const wrong: Diagnostic = {
  code: 'SIZE_WRONG',
  severity: 'error',
  message: 'too small',
  span: span(15, 17),
  related: [{ message: 'named here', span: span(0, 4) }],
  hint: 'Make it larger.',
}
const odd: Diagnostic = { code: 'NAME_ODD', severity: 'warning', message: 'an odd name', span: span(6, 7) }
const homeless: Diagnostic = { code: 'FILE_LOST', severity: 'error', message: 'no such file' }

test('a diagnostic is printed with its place, its line, what it relates to and a hint, in reading order', () => {
  expect(formatDiagnostics([wrong, odd, homeless], sources, { colour: false })).toBe(
    [
      'error[FILE_LOST]: no such file',
      '',
      'warning[NAME_ODD]: an odd name',
      '  --> a.yaml:1:7',
      '  |',
      '1 | name: a',
      '  |       ^',
      '',
      'error[SIZE_WRONG]: too small',
      '  --> a.yaml:2:8',
      '  |',
      '2 |   size: 12 # two',
      '  |         ^^',
      '  --> a.yaml:1:1',
      '  |',
      '1 | name: a',
      '  | ---- named here',
      '  = hint: Make it larger.',
      '',
    ].join('\n'),
  )
})

test('without the text only the file is named', () => {
  expect(formatDiagnostics([{ ...odd, span: span(6, 7, 'gone.yaml') }], sources, { colour: false })).toBe(
    'warning[NAME_ODD]: an odd name\n  --> gone.yaml\n',
  )
})

test('colour adds escape codes and nothing else', () => {
  const plain = formatDiagnostics([wrong, odd], sources, { colour: false })
  const coloured = formatDiagnostics([wrong, odd], sources, { colour: true })
  expect(coloured).not.toBe(plain)
  expect(stripVTControlCharacters(coloured)).toBe(plain)
})

test('what a file holds cannot steer the terminal', () => {
  const evil = new Map([['a.yaml', 'name: \u001b]0;owned\u0007 \u202e x']])
  const said = formatDiagnostics([{ ...odd, message: 'odd \u001b[2J' }], evil, { colour: false })
  for (const control of ['\u001b', '\u0007', '\u202e']) expect(said).not.toContain(control)
})

test('the mark stands below what it marks, though characters before it and in it take two places', () => {
  const found = { ...odd, span: span(4, 7, 'b.yaml') }
  const said = formatDiagnostics([found], new Map([['b.yaml', '名: 订单数据 # x\n']]), { colour: false })
  expect(said.split('\n').slice(3, 5)).toEqual(['1 | 名: 订单数据 # x', '  |       ^^^^^^'])
})

test('of a very long line the part around the mark is shown', () => {
  const long = new Map([['a.yaml', `${'a'.repeat(50_000)}!${'b'.repeat(50_000)}`]])
  const said = formatDiagnostics([{ ...odd, span: span(50_000, 50_001) }], long, { colour: false })
  expect(said.length).toBeLessThan(600)
  const [, , , line = '', marks = ''] = said.split('\n')
  expect(line[marks.indexOf('^')]).toBe('!')
})

test('a place beyond the end of the text is shown at its end', () => {
  const said = formatDiagnostics([{ ...odd, span: span(500, 900) }], sources, { colour: false })
  expect(said).toContain('a.yaml:4:1')
})

test('as JSON each fact has its key, and lines and columns are computed', () => {
  expect(diagnosticsToJson([wrong, homeless], sources)).toEqual([
    { code: 'FILE_LOST', severity: 'error', message: 'no such file' },
    {
      code: 'SIZE_WRONG',
      severity: 'error',
      message: 'too small',
      file: 'a.yaml',
      line: 2,
      column: 8,
      endLine: 2,
      endColumn: 10,
      related: [{ message: 'named here', file: 'a.yaml', line: 1, column: 1, endLine: 1, endColumn: 5 }],
      hint: 'Make it larger.',
    },
  ])
})

test('as SARIF 2.1.0 each code is a rule, and each diagnostic a result that points to it', () => {
  const tool = {
    version: '0.1.0',
    meanings: { SIZE_WRONG: { title: 'A size is wrong', explanation: 'Sizes are whole numbers.' } },
  }
  expect(diagnosticsToSarif([wrong, { ...odd, span: span(6, 7, '/my dir/b.yaml') }], sources, tool)).toEqual({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'holdfast',
            version: '0.1.0',
            rules: [
              { id: 'NAME_ODD', shortDescription: { text: 'NAME_ODD' } },
              {
                id: 'SIZE_WRONG',
                shortDescription: { text: 'A size is wrong' },
                help: { text: 'Sizes are whole numbers. `holdfast explain SIZE_WRONG` shows an example.' },
              },
            ],
          },
        },
        columnKind: 'utf16CodeUnits',
        results: [
          {
            ruleId: 'NAME_ODD',
            ruleIndex: 0,
            level: 'warning',
            message: { text: 'an odd name' },
            locations: [{ physicalLocation: { artifactLocation: { uri: 'file:///my%20dir/b.yaml' } } }],
          },
          {
            ruleId: 'SIZE_WRONG',
            ruleIndex: 1,
            level: 'error',
            message: { text: 'too small (Make it larger.)' },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: 'a.yaml' },
                  region: { startLine: 2, startColumn: 8, endLine: 2, endColumn: 10 },
                },
              },
            ],
            relatedLocations: [
              {
                id: 0,
                message: { text: 'named here' },
                physicalLocation: {
                  artifactLocation: { uri: 'a.yaml' },
                  region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 5 },
                },
              },
            ],
          },
        ],
      },
    ],
  })
})
