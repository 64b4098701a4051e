// A case is a runbook with a cursor, ‸, and what the editor answers there; the first word of its name is the question.
// HOLDFAST_ACCEPT_CASES=1 rewrites the expectations.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Span } from '../../src/diagnostics/index.ts'
import { remediesFor } from '../../src/editor/actions.ts'
import { complete } from '../../src/editor/completion.ts'
import { hoverAt } from '../../src/editor/hover.ts'
import { definitionAt, type Outline, outlineOf, referencesAt } from '../../src/editor/navigation.ts'
import { type Reading, read } from '../../src/editor/reading.ts'
import { edited, rename } from '../../src/editor/rename.ts'
import type { View } from '../../src/editor/workspace.ts'
import { checkRunbook, parseRunbook } from '../../src/language/index.ts'
import { createCatalogue, loadPack } from '../../src/packs/index.ts'

const root = join(import.meta.dirname, '../..')
const FOLDER = join(root, 'test/cases/editor')
const PACKS = [join(root, 'runbooks/core'), join(root, 'test/cases/editor-packs/lab')]
const FILE = 'case.runbook.yaml'
const cases = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'))

let view: View

beforeAll(async () => {
  const loaded = await Promise.all(PACKS.map((directory) => loadPack(directory)))
  const called = parseRunbook(
    readFileSync(join(root, 'test/cases/editor-packs/lab/nightly.runbook.yaml'), 'utf8'),
    'nightly.runbook.yaml',
  )
  const packs = loaded.flatMap(({ pack }) => (pack ? [pack] : []))
  expect(loaded.flatMap(({ diagnostics }) => diagnostics)).toEqual([])
  expect(called.diagnostics).toEqual([])
  view = {
    catalogue: createCatalogue(packs, { 'lab/nightly': called.runbook }),
    manifests: new Map(
      loaded.flatMap(({ pack, sources }) =>
        [...sources].flatMap(([file, text]) =>
          pack && file.endsWith('pack.yaml') ? [[pack.name, { file, text }] as const] : [],
        ),
      ),
    ),
  }
})

const QUESTIONS: Readonly<Record<string, (text: string, offset: number) => string>> = {
  complete(text, offset) {
    const { start, end, items } = complete(FILE, text, offset, view)
    const shown = items.filter(({ kind }) => kind !== 'function')
    const functions = items.length - shown.length
    return [
      `replaces ${JSON.stringify(text.slice(start, end))}`,
      ...shown.map(({ label, kind, detail = '', insert, first }) =>
        `${first ? '!' : ' '} ${label}  (${kind})  ${detail}${insert === undefined ? '' : `  → ${JSON.stringify(insert)}`}`.trimEnd(),
      ),
      ...(functions > 0 ? [`  and ${functions} functions`] : []),
    ].join('\n')
  },
  hover(text, offset) {
    const hover = hoverAt(reading(text), offset)
    return hover ? `${JSON.stringify(text.slice(hover.span.start, hover.span.end))}\n\n${hover.docs}` : 'nothing'
  },
  define(text, offset) {
    const span = definitionAt(reading(text), offset)
    return span ? placed(span, text) : 'nothing'
  },
  find: (text, offset) =>
    referencesAt(reading(text), offset)
      .map(({ span, defines }) => `${placed(span, text)}${defines ? '  (defines it)' : ''}`)
      .join('\n'),
  rename(text, offset) {
    const renamed = rename(reading(text), offset, 'renamed')
    return 'refused' in renamed ? `refused: ${renamed.refused}` : edited(text, renamed.edits)
  },
  outline: (text) =>
    outlineOf(reading(text))
      .map((each) => drawn(each))
      .join('\n'),
  fix(text, offset) {
    const { draft, diagnostics } = parseRunbook(text, FILE)
    const found = [...diagnostics, ...(draft ? checkRunbook(draft.runbook, view.catalogue, draft.broken) : [])]
    const here = found.filter(({ span }) => span && span.start <= offset && offset <= span.end)
    return remediesFor(here, reading(text))
      .map(({ title, diagnostic, edits }) => `# ${diagnostic.code}: ${title}\n${edited(text, edits)}`)
      .join('\n')
  },
}

const reading = (text: string): Reading => read(FILE, text, view)

const drawn = ({ name, detail, inside }: Outline, depth = 0): string =>
  [`${'  '.repeat(depth)}${name}  ${detail}`.trimEnd(), ...inside.map((each) => drawn(each, depth + 1))].join('\n')

/** File and line, and the text there with its part in marks. */
function placed({ file, start, end }: Span, text: string): string {
  const source = file === FILE ? text : existsSync(file) ? readFileSync(file, 'utf8') : ''
  const line = source.slice(0, start).split('\n').length
  const [from, to] = [
    source.lastIndexOf('\n', start - 1) + 1,
    (source.indexOf('\n', end) + source.length + 1) % (source.length + 1),
  ]
  const name = file === FILE ? file : relative(root, file)
  return `${name}:${line}: ${source.slice(from, start).trimStart()}»${source.slice(start, end)}«${source.slice(end, to).trimEnd()}`
}

describe('at the cursor the editor answers', () => {
  test.each(cases)('%s', (name) => {
    const written = readFileSync(join(FOLDER, name), 'utf8')
    const offset = written.indexOf('‸')
    const [question = ''] = name.split('-')
    const ask = QUESTIONS[question]
    if (!ask) throw new Error(`${name} asks nothing that is known`)
    const said = `${ask(written.replace('‸', ''), Math.max(0, offset)).trimEnd()}\n`
    const expectation = join(FOLDER, name.replace(/\.yaml$/, '.txt'))
    if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(expectation, said)
    expect(existsSync(expectation), `${expectation} is missing: run npm run cases:accept and read what it writes`).toBe(true)
    expect(said).toBe(readFileSync(expectation, 'utf8'))
  })

  test('every question is asked', () => {
    expect([...new Set(cases.map((name) => name.split('-')[0]))].sort()).toEqual(Object.keys(QUESTIONS).sort())
  })
})
