// docs/seeds: each row leads to a runbook, steps and a test that are there, and each vendor's text has its rows.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSeeds, type SeedRow } from '../../scripts/generate/seeds.ts'

const root = join(import.meta.dirname, '../..')
const seeds = readSeeds(root)

/** What of a row leads nowhere, in words. */
function deadEnds({ runbook, steps = [], test: proof, section, says }: SeedRow): readonly string[] {
  const problems: string[] = []
  if (section === '' || says === '') problems.push('a row without section or words')
  const [file = '', ...name] = proof.split(': ')
  const tests = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''
  if (!['\'', '`', '"'].some((quote) => tests.includes(`${quote}${name.join(': ')}${quote}`))) problems.push(`no test ${proof}`)
  if (runbook === undefined) return steps.length > 0 ? [...problems, `steps of no runbook: ${steps.join(', ')}`] : problems
  const path = join(root, 'runbooks', `${runbook}.runbook.yaml`)
  if (!existsSync(path)) return [...problems, `no runbook ${runbook}`]
  const text = readFileSync(path, 'utf8')
  const missing = steps.filter((step) => !new RegExp(`^\\s*- id: ${step}( |$)`, 'm').test(text))
  return [...problems, ...missing.map((step) => `${runbook} has no step ${step}`)]
}

describe('the table of what the vendors’ texts ask for', () => {
  test.each(Object.entries(seeds))('%s: every row leads to a runbook, steps and a test that are there', (_pack, rows) => {
    expect(rows.flatMap((row) => deadEnds(row).map((problem) => `${row.says}: ${problem}`))).toEqual([])
  })

  test('a row that leads nowhere is found', () => {
    const row: SeedRow = {
      section: '4.6',
      says: 'something',
      runbook: 'sangfor-scp/vm-backup',
      steps: ['snap', 'nowhere'],
      test: 'test/cases/seeds.test.ts: is not here',
    }
    expect(deadEnds(row)).toEqual([
      'no test test/cases/seeds.test.ts: is not here',
      'sangfor-scp/vm-backup has no step nowhere',
    ])
    expect(deadEnds({ ...row, runbook: 'sangfor-scp/no-such', test: 'test/none.test.ts: x' })).toHaveLength(2)
  })
})
