// What check says of a mutant, and whether the mutant is another runbook at all.
import { type Diagnostic, position } from '../../src/diagnostics/index.ts'
import { compile } from '../../src/language/expressions/compile.ts'
import { type CatalogueView, checkRunbook, parseRunbook } from '../../src/language/index.ts'
import { type Catalogue, checkUses } from '../../src/packs/index.ts'
import { type Mutant, mutants, type Random, type Source } from './corrupt.ts'

/** All that is told of a runbook's text before anything runs. */
export type Checker = (source: Source) => readonly Diagnostic[]

/** As `holdfast check` does. */
export const checkerOver =
  (catalogue: Catalogue): Checker =>
  ({ file, text }) => {
    const { draft, diagnostics } = parseRunbook(text, file)
    if (!draft) return diagnostics
    return [
      ...diagnostics,
      ...checkUses(draft.runbook.uses, catalogue.packs),
      ...checkRunbook(draft.runbook, catalogue satisfies CatalogueView, draft.broken),
    ]
  }

export interface Judged {
  readonly mutant: Mutant
  readonly line: number
  readonly caught: boolean
  /** Of what is told first. */
  readonly code?: string
}

export interface Outcome {
  readonly judged: readonly Judged[]
  /** Draws that changed nothing but spans, comments and wording. */
  readonly equivalent: number
}

/** Draws until `count` mutants are another runbook, or none. */
export function experiment(sources: readonly Source[], check: Checker, count: number, random: Random): Outcome {
  const meanings = new Map(sources.map(({ file, text }) => [file, meaningOf({ file, text })]))
  const texts = new Map(sources.map(({ file, text }) => [file, text]))
  const judged: Judged[] = []
  let equivalent = 0
  for (const mutant of mutants(sources, random)) {
    if (judged.length >= count) break
    if (meaningOf(mutant) === meanings.get(mutant.file)) {
      equivalent += 1
      continue
    }
    const [first] = check(mutant)
    const { line } = position(texts.get(mutant.file) ?? '', mutant.start)
    judged.push({ mutant, line, caught: first !== undefined, ...(first ? { code: first.code } : {}) })
  }
  return { judged, equivalent }
}

/** The share of the mutants that are caught, in percent. */
export const shareCaught = (judged: readonly Judged[]): number =>
  judged.length === 0 ? 0 : (100 * judged.filter(({ caught }) => caught).length) / judged.length

/** Of a runbook that parses, all that a run could tell apart; nothing of one that does not. */
function meaningOf({ file, text }: Source): string | undefined {
  const { runbook } = parseRunbook(text, file)
  return runbook && JSON.stringify(withoutWording(runbook), (name, value: unknown) => (isPlace(name) ? undefined : value))
}

const isPlace = (name: string): boolean => /spans?$|^offsets$/i.test(name)
const WORDING = new Set(['title', 'description', 'message', 'prompt'])

/** What people read, and nothing else does, left out; expressions as their trees. */
function withoutWording(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWording)
  if (typeof value !== 'object' || value === null) return value
  if ('kind' in value && value.kind === 'expression' && 'source' in value) return { expression: treeOf(String(value.source)) }
  if ('name' in value && typeof value.name === 'string' && WORDING.has(value.name) && 'value' in value)
    return { name: value.name, value: withoutText(value.value) }
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, WORDING.has(name) ? withoutText(field) : withoutWording(field)]),
  )
}

function withoutText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? '' : value
  if ('kind' in value && value.kind === 'literal') return { literal: 'value' in value ? typeof value.value : '' }
  if ('kind' in value && value.kind === 'expression' && 'source' in value)
    return { expression: treeOf(String(value.source).replaceAll(/"[^"]*"/g, '""')) }
  return withoutWording(value)
}

/** The same for sources that mean the same: blanks and doubled brackets do not count. */
function treeOf(source: string): unknown {
  const compilation = compile(source)
  return compilation.ok ? plain(compilation.compiled.tree) : source
}

function plain(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(plain)
  if (typeof tree !== 'object' || tree === null) return tree
  const { position: _, ...fields } = tree as Readonly<Record<string, unknown>>
  const { type, expressions, ...more } = fields
  if (type === 'block' && Array.isArray(expressions) && expressions.length === 1 && Object.keys(more).length === 0)
    return plain(expressions[0])
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, plain(field)]))
}
