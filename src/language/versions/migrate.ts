// An older document in the newest format. Each step changes the document; what is no part of the step stays, with its comments.
import { parseDocument } from 'yaml'
import type { Diagnostic } from '../../diagnostics/index.ts'
import { formatMissing } from '../codes/index.ts'
import { entryOf, readYaml } from '../syntax/index.ts'
import { formatProblem } from './format-problem.ts'
import { FORMATS, type Formats, type Formatted, type Migration, wayFrom } from './migrations.ts'

export interface Migrated {
  /** Absent where there is no way; `diagnostics` say why. */
  readonly text?: string
  /** Titles of the steps that were taken; none for a document in the newest format, whose text is as it was. */
  readonly steps: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

export function migrate(text: string, file: string, of: Formatted, formats: Formats = FORMATS): Migrated {
  const { root, diagnostics } = readYaml(text, file)
  if (!root) return { steps: [], diagnostics }
  const stated = root.kind === 'map' ? entryOf(root, of)?.value : undefined
  const format = stated?.kind === 'scalar' && typeof stated.value === 'number' ? stated.value : undefined
  const way = format === undefined ? undefined : wayFrom(of, format, formats)
  if (!way) return { steps: [], diagnostics: [formatProblem(root, of, formats) ?? formatMissing(root.span, of)] }
  return {
    text: way.length === 0 ? text : changed(text, of, way, formats.newest[of]),
    steps: way.map(({ title }) => title),
    diagnostics: [],
  }
}

function changed(text: string, of: Formatted, way: readonly Migration[], newest: number): string {
  const document = parseDocument(text, { logLevel: 'error' })
  for (const { change } of way) change(document)
  document.set(of, newest)
  return document.toString({ lineWidth: 0 })
}
