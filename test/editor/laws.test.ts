// Laws of the editor's answers, over shipped runbooks that are half written, cut and spoilt at random places.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { complete } from '../../src/editor/completion.ts'
import { hoverAt } from '../../src/editor/hover.ts'
import { definitionAt, outlineOf, referencesAt } from '../../src/editor/navigation.ts'
import { read } from '../../src/editor/reading.ts'
import { edited, rename } from '../../src/editor/rename.ts'
import { mentionsIn } from '../../src/editor/things.ts'
import type { View } from '../../src/editor/workspace.ts'
import { parseRunbook } from '../../src/language/index.ts'
import { createCatalogue, loadPack } from '../../src/packs/index.ts'

const runbooks = join(import.meta.dirname, '../../runbooks')
const texts = globSync('*/*.runbook.yaml', { cwd: runbooks }).map((file) => readFileSync(join(runbooks, file), 'utf8'))

let view: View
beforeAll(async () => {
  const names = ['core', 'block-transfer', 'sangfor-scp']
  const packs = await Promise.all(names.map((name) => loadPack(join(runbooks, name), { operations: false })))
  view = { catalogue: createCatalogue(packs.flatMap(({ pack }) => (pack ? [pack] : []))), manifests: new Map() }
})

/** A text and a place in it: as it is, cut off there, with something typed or something gone. */
const spoilt = fc
  .record({
    text: fc.constantFrom(...texts, ...texts.map((text) => text.replaceAll('\n', '\r\n'))),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    typed: fc.constantFrom('', '', '.', ' ', '\n', '${ ', "'", '"', '{', '[', '- ', ': ', '🖥', 'steps.', '>'),
    gone: fc.constantFrom(0, 0, 1, 5, 40, Number.MAX_SAFE_INTEGER),
  })
  .map(({ text, share, typed, gone }) => {
    const at = Math.floor(share * text.length)
    return { text: text.slice(0, at) + typed + text.slice(at + gone), offset: at + typed.length }
  })

test('completion answers for any text, and what it replaces holds the cursor', () => {
  fc.assert(
    fc.property(spoilt, ({ text, offset }) => {
      const { start, end, items } = complete('x.runbook.yaml', text, offset, view)
      expect(start).toBeLessThanOrEqual(offset)
      expect(end).toBeGreaterThanOrEqual(offset)
      expect(new Set(items.map(({ label }) => label)).size).toBe(items.length)
    }),
    { numRuns: 150 },
  )
})

test('every other question is answered for any text, and spans hold the place that was asked for', () => {
  fc.assert(
    fc.property(spoilt, ({ text, offset }) => {
      const reading = read('x.runbook.yaml', text, view)
      const hover = hoverAt(reading, offset)
      if (hover) expect([hover.span.start <= offset, offset <= hover.span.end]).toEqual([true, true])
      definitionAt(reading, offset)
      outlineOf(reading)
      for (const { span } of referencesAt(reading, offset)) expect(span.end).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 100 },
  )
})

test('renaming steps of every shipped runbook changes nothing but names, and can be undone', () => {
  for (const text of texts) {
    const reading = read('x.runbook.yaml', text, view)
    const ids = mentionsIn(reading).filter(({ thing, defines }) => thing.kind === 'step' && defines)
    for (const { thing, span } of ids.filter((_, index) => index % 6 === 0)) {
      if (thing.kind !== 'step') continue
      const renamed = rename(reading, span.start, 'renamedForATest')
      if ('refused' in renamed) throw new Error(`${thing.step.id}: ${renamed.refused}`)
      const after = edited(text, renamed.edits)
      expect(parseRunbook(after, 'x').diagnostics).toEqual([])
      const back = rename(read('x.runbook.yaml', after, view), span.start, thing.step.id)
      if ('refused' in back) throw new Error(back.refused)
      expect(edited(after, back.edits)).toBe(text)
    }
  }
})
