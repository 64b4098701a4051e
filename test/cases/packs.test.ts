// A folder is a behaviour: a pack and the exact diagnostics it draws. HOLDFAST_ACCEPT_CASES=1 rewrites the expectations.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatDiagnostics } from '../../src/diagnostics/index.ts'
import { diagnosticCodes } from '../../src/language/index.ts'
import { type LoadedPack, loadPack, packDiagnosticCodes } from '../../src/packs/index.ts'

const FOLDER = join(import.meta.dirname, 'packs')
const cases = readdirSync(FOLDER).sort()
const loaded = new Map<string, LoadedPack>()
for (const name of cases) loaded.set(name, await loadPack(join(FOLDER, name)))

/** File names as seen from the pack's folder. */
function printed(name: string): string {
  const { diagnostics = [], sources = new Map() } = loaded.get(name) ?? {}
  return formatDiagnostics(diagnostics, sources, { colour: false }).replaceAll(`${join(FOLDER, name)}/`, '')
}

describe('P12: a pack is refused with a code, a place and a hint, all problems in one pass', () => {
  test.each(cases)('%s', (name) => {
    const expectation = join(FOLDER, name, 'expected.txt')
    const said = printed(name)
    if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(expectation, said)
    expect(existsSync(expectation), `${expectation} is missing: run npm run cases:accept and read what it writes`).toBe(true)
    expect(said).toBe(readFileSync(expectation, 'utf8'))
  })

  test('a pack comes back exactly when nothing is wrong with it', () => {
    for (const [name, { pack, diagnostics }] of loaded) expect(pack === undefined, name).toBe(diagnostics.length > 0)
  })
})

// Lock files and ranges of versions, of packs and runbooks, are not part of a pack's folder: test/packs draws their codes.
test('every code about a pack’s text has a case, and every case draws a known code', () => {
  const drawn = new Set([...loaded.values()].flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)))
  const own = Object.keys(packDiagnosticCodes)
  expect(own.filter((code) => !/^(?:LOCK_|[A-Z]+_RANGE_)/.test(code) && !drawn.has(code))).toEqual([])
  expect([...drawn].filter((code) => !own.includes(code) && !Object.hasOwn(diagnosticCodes, code))).toEqual([])
})

test('no diagnostic about a pack’s text is without a place', () => {
  for (const [name, { diagnostics }] of loaded) for (const each of diagnostics) expect(each.span, `${name}: ${each.code}`).toBeDefined()
})
