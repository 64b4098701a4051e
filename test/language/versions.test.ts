// Formats of documents. There is one format yet; what would happen with several is shown with formats of the test's own.

import { describe, expect, test } from 'vitest'
import { isMap, type Pair, type Scalar } from 'yaml'
import {
  FORMATS,
  type Formats,
  formatProblem,
  type Migration,
  migrate,
  parseRunbook,
  readYaml,
} from '../../src/language/index.ts'

const rename = (from: number, old: string, name: string): Migration => ({
  of: 'runbook',
  from,
  title: `${old} is called ${name}`,
  change: ({ contents }) => {
    if (!isMap(contents)) return
    for (const { key } of contents.items as Pair<Scalar>[]) if (key.value === old) key.value = name
  },
})
const THREE: Formats = {
  newest: { runbook: 3, pack: 1 },
  migrations: [rename(2, 'stages', 'steps'), rename(1, 'phases', 'stages')],
}

const problem = (text: string, formats?: Formats) => {
  const { root } = readYaml(text, 'a.yaml')
  if (!root) throw new Error('the text is empty')
  return formatProblem(root, 'runbook', formats)
}

describe('P12: a format that is not read is refused, and nothing else is said of the document', () => {
  test('a newer one', () => {
    const { runbook, draft, diagnostics } = parseRunbook('runbook: 2\nsteps: from the future\n', 'a.yaml')
    expect({ runbook, draft }).toEqual({ runbook: undefined, draft: undefined })
    expect(diagnostics).toEqual([
      {
        code: 'FORMAT_UNKNOWN',
        severity: 'error',
        message: 'runbook: 2 is newer than what this Holdfast reads, which is runbook: 1',
        span: { file: 'a.yaml', start: 9, end: 10 },
        hint: 'Use a newer Holdfast; its changelog says which formats it reads.',
      },
    ])
  })

  test.each(['one', '1.5', '0', '-1', '[1]', ''])('what is none: %s', (format) => {
    expect(problem(`runbook: ${format}\n`)).toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: 'there is no such format of a runbook',
    })
  })

  test('an older one, with the command that brings it up to date', () => {
    expect(problem('runbook: 1\n', THREE)).toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: 'runbook: 1 is an older format; this Holdfast reads runbook: 3',
      hint: '`holdfast migrate` brings the file to runbook: 3.',
    })
    expect(problem('runbook: 1\n', { ...THREE, migrations: [] })).toMatchObject({
      message: 'there is no such format of a runbook',
    })
  })

  test('the newest one is fine, and so is a document that states none, whose check says so', () => {
    expect(problem('runbook: 1\n')).toBeUndefined()
    expect(problem('name: a/b\n')).toBeUndefined()
  })
})

describe('a document of an older format', () => {
  const old = '# mine\nrunbook: 1 # first\n\nphases: [] # none yet\n'

  test('goes from format to format to the newest, with its comments', () => {
    expect(migrate(old, 'a.yaml', 'runbook', THREE)).toEqual({
      text: '# mine\nrunbook: 3 # first\n\nsteps: [] # none yet\n',
      steps: ['phases is called stages', 'stages is called steps'],
      diagnostics: [],
    })
  })

  test('stays as it is when it is in the newest format already', () => {
    const text = 'runbook:   1\nsteps:   []\n'
    expect(migrate(text, 'a.yaml', 'runbook')).toEqual({ text, steps: [], diagnostics: [] })
  })

  test('is refused where there is no way, or no format, or no YAML', () => {
    expect(migrate(old, 'a.yaml', 'runbook', { ...THREE, migrations: [rename(2, 'a', 'b')] })).toMatchObject({
      steps: [],
      diagnostics: [{ code: 'FORMAT_UNKNOWN' }],
    })
    expect(migrate('runbook: 2\n', 'a.yaml', 'runbook')).toMatchObject({ diagnostics: [{ code: 'FORMAT_UNKNOWN' }] })
    expect(migrate('name: a/b\n', 'a.yaml', 'runbook')).toMatchObject({ diagnostics: [{ code: 'FORMAT_UNKNOWN' }] })
    expect(migrate('runbook: [', 'a.yaml', 'runbook')).toMatchObject({ diagnostics: [{ code: 'YAML_INVALID' }] })
  })
})

test('from every older format there is a way to the newest', () => {
  for (const { of, from } of FORMATS.migrations) expect(from, of).toBeLessThan(FORMATS.newest[of])
  for (const of of ['runbook', 'pack'] as const)
    expect(FORMATS.migrations.filter((each) => each.of === of)).toHaveLength(FORMATS.newest[of] - 1)
})
