// The examples of the codes, which `holdfast explain` and the reference pages show: examples/diagnostics/<CODE>.
// HOLDFAST_ACCEPT_CASES=1 rewrites what their commands print; read the difference.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeGroups, codeMeanings } from '../../src/cli/code-meanings.ts'
import { play } from './session.ts'

const FOLDER = join(import.meta.dirname, '../../examples/diagnostics')
const shown = readdirSync(FOLDER).sort()

/** What no command can bring about on a healthy machine: it shows as the failure of a step, and test/vault draws it. */
const NOT_SHOWN = [
  'DISK_MAP_INVALID',
  'FILES_NOT_STORED',
  'FOLDERS_INVALID',
  'SOURCE_FAILED',
  'SOURCE_TOO_SMALL',
  'TARGET_FAILED',
  'TARGET_TOO_SMALL',
  'VAULT_CLOSED',
  'VAULT_LOCK_LOST',
  'VAULT_STORAGE_LOST',
  'VAULT_STORAGE_REFUSED',
  'VAULT_TREE_INVALID',
  'VAULT_WORKER_LOST',
  'VAULT_WRITE_FAILED',
]

/** Sessions with a second process or a past, or that take long, written by hand; test/acceptance and test/cases/vaults play such ones. */
const BY_HAND = ['APPROVAL_AMBIGUOUS', 'APPROVER_NOT_LISTED', 'DEMO_MISSING', 'EXPORT_ADDRESS_UNFIT', 'POINT_AMBIGUOUS', 'POINTS_INCOMPARABLE', 'PROGRAM_FAILED', 'PROGRAM_MISSING', 'RUN_INTERRUPTED', 'RUN_NOT_ENDED', 'RUN_TAKEN_OVER', 'VAULT_LOCKED']

const sessionOf = (code: string, kind: 'failing' | 'passing'): string => readFileSync(join(FOLDER, code, `${kind}.txt`), 'utf8')

/** A fixed example that changes only the command has no files of its own. */
function filesOf(code: string, kind: 'failing' | 'passing'): string {
  const own = join(FOLDER, code, kind)
  return existsSync(own) ? own : join(FOLDER, code, 'failing')
}

const codesIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/^(?:error|warning)\[([A-Z_]+)\]/gm)].map(([, code]) => code ?? '')),
]

describe('P12: each code has an example that draws it and nothing else, and the same put right', () => {
  test.each(shown)('%s', async (code) => {
    for (const kind of ['failing', 'passing'] as const) {
      if (!existsSync(join(FOLDER, code, `${kind}.txt`))) continue
      const session = sessionOf(code, kind)
      const played = BY_HAND.includes(code) ? session : await play(session, filesOf(code, kind))
      expect(codesIn(played), `${code}, ${kind}`).toEqual(kind === 'failing' ? [code] : [])
      if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(join(FOLDER, code, `${kind}.txt`), played)
      expect(played).toBe(sessionOf(code, kind))
    }
  })
})

const HOW = `
To add one, write the files of an example into examples/diagnostics/<CODE>/failing and, put right, into …/passing.
Beside them write failing.txt and passing.txt with the commands, such as: $ holdfast check example.runbook.yaml
Then HOLDFAST_ACCEPT_CASES=1 npx vitest run test/cases/examples.test.ts adds what they print; read it, and run npm run generate.`

test('every code has both examples, and every example is of a code', () => {
  const without = Object.keys(codeMeanings).filter(
    (code) => !NOT_SHOWN.includes(code) && !['failing', 'passing'].every((kind) => existsSync(join(FOLDER, code, `${kind}.txt`))),
  )
  expect(without, `These codes lack an example.${HOW}`).toEqual([])
  expect(shown.filter((code) => !Object.hasOwn(codeMeanings, code)), 'These examples are of codes that are no more.').toEqual([])
  expect([...NOT_SHOWN, ...BY_HAND].filter((code) => !Object.hasOwn(codeMeanings, code))).toEqual([])
})

test('no code means two things', () => {
  const all = codeGroups.flatMap(({ codes }) => Object.keys(codes))
  expect(all.filter((code, index) => all.indexOf(code) !== index)).toEqual([])
})
