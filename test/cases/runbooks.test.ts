// A folder is a behaviour: runbook.yaml and the exact diagnostics it draws. HOLDFAST_ACCEPT_CASES=1 rewrites the expectations.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Diagnostic, formatDiagnostics } from '../../src/diagnostics/index.ts'
import { checkRunbook, diagnosticCodes, parseRunbook } from '../../src/language/index.ts'
import { catalogue } from '../language/catalogue.ts'

const FOLDER = join(import.meta.dirname, 'runbooks')
const FILE = 'runbook.yaml'
const cases = readdirSync(FOLDER).sort()

const textOf = (name: string): string => readFileSync(join(FOLDER, name, FILE), 'utf8')

const diagnosed = new Map<string, readonly Diagnostic[]>()

function diagnose(text: string): readonly Diagnostic[] {
  const known = diagnosed.get(text)
  if (known) return known

  const { draft, diagnostics } = parseRunbook(text, FILE)
  const found = [...diagnostics, ...(draft ? checkRunbook(draft.runbook, catalogue, draft.broken) : [])]
  diagnosed.set(text, found)
  return found
}

const printed = (text: string): string => formatDiagnostics(diagnose(text), new Map([[FILE, text]]), { colour: false })

describe('P12: a runbook is refused with a code, a place and a hint, all problems in one pass', () => {
  test.each(cases)('%s', (name) => {
    const expectation = join(FOLDER, name, 'expected.txt')
    const said = printed(textOf(name))
    if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(expectation, said)
    expect(existsSync(expectation), `${expectation} is missing: run npm run cases:accept and read what it writes`).toBe(true)
    expect(said).toBe(readFileSync(expectation, 'utf8'))
  })

  test('at least sixty broken runbooks are among the cases', () => {
    const broken = cases.filter((name) => diagnose(textOf(name)).length > 0)
    const codes = broken.flatMap((name) => [...new Set(diagnose(textOf(name)).map(({ code }) => code))])
    const byCode = Map.groupBy(codes.toSorted(), (code) => code)
    console.log(`${broken.length} broken runbooks, by code: ${[...byCode].map(([code, all]) => `${code} ${all.length}`).join(', ')}`)
    expect(broken.length).toBeGreaterThanOrEqual(60)
  })
})

test('every code has a case, and every case draws a known code', () => {
  const drawn = new Set(cases.flatMap((name) => diagnose(textOf(name)).map(({ code }) => code)))
  expect([...drawn].sort()).toEqual(Object.keys(diagnosticCodes).sort())
})

test('no diagnostic is without a place', () => {
  for (const name of cases) for (const each of diagnose(textOf(name))) expect(each.span, `${name}: ${each.code}`).toBeDefined()
})
