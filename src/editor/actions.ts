// What puts a problem right: the fix that the diagnostic carries, and edits that take a look at the whole runbook.
import type { Diagnostic } from '../diagnostics/index.ts'
import { entryOf, references, textsWhere, type UsesStep, type YamlNode } from '../language/index.ts'
import { isObject, type JsonSchema } from '../values/index.ts'
import { keysOf } from './grammar.ts'
import { packsOf, type Reading } from './reading.ts'
import type { Edit } from './rename.ts'
import { nodeAt } from './things.ts'

export interface Remedy {
  readonly title: string
  readonly diagnostic: Diagnostic
  readonly edits: readonly Edit[]
}

/** The remedies for these diagnostics of the document. */
export function remediesFor(diagnostics: readonly Diagnostic[], reading: Reading): readonly Remedy[] {
  const all = diagnostics.flatMap((diagnostic) => [...carried(diagnostic), ...looked(diagnostic, reading)])
  // Two arguments that are missing are added together.
  return [...new Map(all.map((remedy) => [JSON.stringify(remedy.edits), remedy])).values()]
}

const carried = (diagnostic: Diagnostic): readonly Remedy[] =>
  diagnostic.fix ? [{ title: titleOf(diagnostic), diagnostic, edits: diagnostic.fix }] : []

const titleOf = ({ fix = [] }: Diagnostic): string => `Write ${fix.map(({ text }) => text).join(', ')}`

function looked(diagnostic: Diagnostic, reading: Reading): readonly Remedy[] {
  switch (diagnostic.code) {
    case 'HANDLE_ESCAPES':
      return addOwner(diagnostic, reading)
    case 'ARGUMENT_MISSING':
      return addArguments(diagnostic, reading)
    case 'CASE_MISSING':
      return addCases(diagnostic, reading)
    default:
      return []
  }
}

/** The block around the one whose end releases it becomes the owner. */
function addOwner(diagnostic: Diagnostic, { survey, text }: Reading): readonly Remedy[] {
  const { span } = diagnostic
  const site = survey?.sites.find(({ template, leaves }) => leaves && template.span.start === span?.start)
  if (!site) return []
  const around = site.sight.around.slice(0, -1)
  const owner = around.findLast(({ kind }) => kind === 'scope' || kind === 'foreach')
  const [id] = references(site.template).flatMap(({ root, path: [name, property] }) =>
    root === 'steps' && property === 'handle' && name ? [name] : [],
  )
  const acquiring = site.sight.blocks[0]?.steps.find((step) => step.id === id)
  if (!owner || acquiring?.kind !== 'uses' || acquiring.owner !== undefined) return []
  const edit = keyBelow(acquiring, text, `owner: ${owner.id}`)
  return [{ title: `Let ${owner.id} own what ${acquiring.id} acquires`, diagnostic, edits: [edit] }]
}

/** All that is required and not there, with what fits where that can be told. */
function addArguments(diagnostic: Diagnostic, reading: Reading): readonly Remedy[] {
  const { survey, root, text } = reading
  const call = survey?.calls.find(({ step }) => step.actionSpan.start === diagnostic.span?.start)
  if (!call || !root) return []
  const { step, action } = call
  const given = step.with.entries.map(({ name }) => name)
  const missing = keysOf(action.input).filter(({ key, required }) => required && !given.includes(key))
  if (missing.length === 0) return []
  const rows = missing.map(({ key, schema }) => `${key}: ${placeholder(schema, reading)}`)
  const written = valueAt(nodeAt(root, step.span), ['with'])
  const names = missing.map(({ key }) => key).join(', ')
  const edit = written
    ? insideMap(written, rows, text)
    : keyBelow(step, text, `with:\n${rows.map((row) => `  ${row}`).join('\n')}`)
  return edit ? [{ title: `Add ${names}`, diagnostic, edits: [edit] }] : []
}

/** A value of the right kind to start from: the target that fits, else something empty. */
function placeholder(schema: JsonSchema, reading: Reading): string {
  const connection = schema['x-connection']
  if (typeof connection === 'string') {
    const packs = packsOf(reading)
    const fits = reading.draft?.runbook.targets.find((target) => `${packs[target.alias]}/${target.connection}` === connection)
    return fits ? `\${ targets.${fits.name} }` : "''"
  }
  if (schema.default !== undefined) return JSON.stringify(schema.default)
  if (Array.isArray(schema.enum)) return String(schema.enum[0])
  const [type] = [schema.type].flat()
  return EMPTY_VALUES[String(type)] ?? (isObject(schema.properties) ? '{}' : "''")
}

const EMPTY_VALUES: Readonly<Record<string, string>> = { integer: '0', number: '0', boolean: 'false', array: '[]', object: '{}' }

function addCases(diagnostic: Diagnostic, { survey, root, text }: Reading): readonly Remedy[] {
  const visit = survey?.visits.find(({ step }) => step.kind === 'switch' && step.on.span.start === diagnostic.span?.start)
  if (visit?.step.kind !== 'switch' || visit.step.on.kind !== 'expression' || !root) return []
  const present = visit.step.cases.map(({ value }) => value)
  const missing = textsWhere(visit.step.on.source, visit.sight).filter((value) => !present.includes(value))
  const cases = valueAt(nodeAt(root, visit.step.span), ['switch', 'cases'])
  const rows = missing.map((value) => `${value}:\n  steps: []`)
  const edit = cases && rows.length > 0 ? insideMap(cases, rows, text) : undefined
  return edit
    ? [{ title: `Add ${missing.length === 1 ? 'a case' : 'cases'} for ${missing.join(', ')}`, diagnostic, edits: [edit] }]
    : []
}

const valueAt = (node: YamlNode | undefined, [first, ...rest]: readonly string[]): YamlNode | undefined =>
  first === undefined ? node : valueAt(node?.kind === 'map' ? entryOf(node, first)?.value : undefined, rest)

/** A key right below the action of a step, in its column. */
function keyBelow(step: UsesStep, text: string, rows: string): Edit {
  const lineEnd = endOfLine(text, step.actionSpan.end)
  const column = columnOf(text, step.span.start)
  return { span: { ...step.actionSpan, start: lineEnd, end: lineEnd }, text: indented(rows, column, text) }
}

/** Rows at the end of a map in block style; undefined for one in brackets. */
function insideMap(map: YamlNode, rows: readonly string[], text: string): Edit | undefined {
  const last = map.kind === 'map' ? map.entries.at(-1) : undefined
  if (!last || text.charAt(map.span.start) === '{') return undefined
  const end = endOfLine(text, Math.max(last.keySpan.end, trimmedEnd(text, last.value.span.end) - 1))
  return { span: { ...map.span, start: end, end }, text: indented(rows.join('\n'), columnOf(text, map.span.start), text) }
}

const trimmedEnd = (text: string, end: number): number => text.slice(0, end).trimEnd().length

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  const end = newline === -1 ? text.length : newline
  return text.charAt(end - 1) === '\r' ? end - 1 : end
}

const columnOf = (text: string, offset: number): number => offset - (text.lastIndexOf('\n', offset - 1) + 1)

/** Lines of their own below a line, in the document's line ends. */
function indented(rows: string, column: number, text: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  return rows
    .split('\n')
    .map((row) => newline + ' '.repeat(column) + row)
    .join('')
}
