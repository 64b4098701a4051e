// YAML text → nodes with spans. The only user of the yaml library; everything that is not plain JSON data is refused here.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLError,
} from 'yaml'
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import type { RawScalar, ScalarStyle, YamlEntry, YamlNode } from './node.ts'
import { type Hole, setAside } from './set-aside.ts'

export interface ReadYaml {
  /** Absent when the text is empty or cannot be read. */
  readonly root: YamlNode | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads one YAML 1.2 document. Anchors, aliases and tags are refused: a reader should see each value where it stands. Never throws. */
export function readYaml(text: string, file: string): ReadYaml {
  const diagnostics: Diagnostic[] = notUtf8(text, file)
  // Of another encoding altogether: nothing that YAML would say of it helps.
  if (diagnostics.length > 0 && text.includes('\0')) return { root: undefined, diagnostics }
  try {
    const document = documentIn(text)
    diagnostics.push(...syntaxDiagnostics(document, text, file))
    if (document.errors.length > 0) return { root: undefined, diagnostics }
    const root = document.contents ? convert(document.contents, { file, diagnostics }) : undefined
    const empty = root?.kind === 'scalar' && root.value === null
    return { root: empty ? undefined : root, diagnostics }
  } catch (error) {
    // The library recurses: a document nested thousands deep exhausts the stack.
    if (!(error instanceof RangeError)) throw error
    return { root: undefined, diagnostics: [codes.yamlTooDeep({ file, start: 0, end: 0 })] }
  }
}

/** What is read as UTF-8 and is not holds U+FFFD instead, and would be saved so. */
function notUtf8(text: string, file: string): Diagnostic[] {
  const start = text.indexOf('\uFFFD')
  return start === -1 ? [] : [codes.yamlNotUtf8({ file, start, end: start + 1 })]
}

const documentIn = (text: string): Document.Parsed =>
  parseDocument(text, { keepSourceTokens: true, prettyErrors: false, uniqueKeys: false, logLevel: 'error' })

export interface ReadInPart extends ReadYaml {
  /** Stretches that are no valid YAML, in the order of the text. Of each, `root` holds but the key, or the id of the step: the rest is null. */
  readonly holes: readonly Hole[]
}

/** The same; where a document of entries and steps is not valid YAML, around the parts that are not. What is said of YAML is said of them. */
export function readYamlInPart(text: string, file: string, keys: readonly string[]): ReadInPart {
  const whole = readYaml(text, file)
  if (whole.root || !whole.diagnostics.some(({ code }) => code === 'YAML_INVALID')) return { ...whole, holes: [] }
  const around = setAside(text, keys, isValid)
  if (!around) return { ...whole, holes: [] }
  const { root, diagnostics } = readYaml(around.text, file)
  return {
    root,
    diagnostics: [...around.holes.flatMap((hole) => saidOf(hole, text, file)), ...diagnostics],
    holes: around.holes,
  }
}

function isValid(text: string): boolean {
  try {
    return documentIn(text).errors.length === 0
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return false
  }
}

/** Of each alone: read with the whole, a quote that is not closed is noticed far below. */
const saidOf = ({ start, end }: Hole, text: string, file: string): readonly Diagnostic[] =>
  readYaml(text.slice(start, end).trimEnd(), file).diagnostics.map((each) => ({
    ...each,
    ...(each.span ? { span: { file, start: each.span.start + start, end: each.span.end + start } } : {}),
  }))

/** The first problem of each line: those after it are mostly its echo. So is all that is left over when a problem has ended the document early. */
function syntaxDiagnostics(document: Document.Parsed, text: string, file: string): readonly Diagnostic[] {
  const seenLines = new Set<number>()
  const found: Diagnostic[] = []
  const problems = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
  for (const problem of problems) {
    const lineStart = text.lastIndexOf('\n', problem.pos[0] - 1) + 1
    if (seenLines.has(lineStart) || (found.length > 0 && LEFT_OVER.test(problem.message))) continue
    seenLines.add(lineStart)
    found.push(syntaxDiagnostic(problem, text, lineStart, file))
  }
  return found
}

const LEFT_OVER = /^Unexpected .* in YAML stream/

function syntaxDiagnostic(problem: YAMLError, text: string, lineStart: number, file: string): Diagnostic {
  const [start, end] = problem.pos
  const span = { file, start: Math.min(start, text.length), end: Math.min(Math.max(end, start), text.length) }
  // Where the library gave up depends on how much of the stack was left.
  if (problem.code === 'RESOURCE_EXHAUSTION') return codes.yamlTooDeep({ file, start: 0, end: 0 })
  const newline = text.indexOf('\n', lineStart)
  const line = text.slice(lineStart, newline === -1 ? undefined : newline)
  const hint = line.includes('${') ? codes.YAML_HINT_NEAR_EXPRESSION : codes.yamlHint(problem.code, problem.message)
  const message = problem.code === 'MULTIPLE_DOCS' ? 'the file holds several documents' : problem.message
  return codes.yamlInvalid(span, message, hint)
}

interface Conversion {
  readonly file: string
  readonly diagnostics: Diagnostic[]
}

function convert(node: Node, to: Conversion): YamlNode {
  const span = spanOf(node, to.file)
  if (isAlias(node)) {
    to.diagnostics.push(codes.yamlAlias(span))
    return emptyScalar(span)
  }
  if (node.anchor !== undefined) to.diagnostics.push(codes.yamlAlias(span))
  if (isMap(node)) return { kind: 'map', entries: entriesOf(node.items as Pair<Node, Node | null>[], to), span }
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => convert(item as Node, to)), span }
  if (isScalar(node)) return convertScalar(node, span, to)
  return emptyScalar(span)
}

function entriesOf(pairs: readonly Pair<Node, Node | null>[], to: Conversion): readonly YamlEntry[] {
  const firstByKey = new Map<string, YamlEntry>()
  for (const pair of pairs) {
    const entry = convertPair(pair, to)
    const first = firstByKey.get(entry.key)
    if (first) to.diagnostics.push(codes.keyDuplicate(entry.keySpan, entry.key, first.keySpan))
    else firstByKey.set(entry.key, entry)
  }
  return [...firstByKey.values()]
}

function convertPair(pair: Pair<Node, Node | null>, to: Conversion): YamlEntry {
  const keySpan = spanOf(pair.key, to.file)
  const value = pair.value ? convert(pair.value, to) : emptyScalar({ ...keySpan, start: keySpan.end })
  if (!isScalar(pair.key) || (pair.key.value === null && (pair.key.source ?? '') === '')) {
    to.diagnostics.push(codes.keyNotText(keySpan))
    return { key: '', keySpan, value }
  }
  // A key is a name: `1` and `true` are the words as written, not a number and a truth value.
  return { key: typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? ''), keySpan, value }
}

function convertScalar(node: Scalar, span: Span, to: Conversion): YamlNode {
  return { kind: 'scalar', value: plainValue(node, span, to), raw: rawOf(node, span), span }
}

function plainValue(node: Scalar, span: Span, to: Conversion): null | boolean | number | string {
  const { value } = node
  if (typeof value === 'number') {
    const inexact = Number.isInteger(value) && !Number.isSafeInteger(value)
    if (inexact || !Number.isFinite(value)) to.diagnostics.push(codes.numberInexact(span, node.source ?? String(value)))
    return Number.isFinite(value) ? value : 0
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  to.diagnostics.push(
    codes.yamlInvalid(span, 'only text, numbers, true, false and null can stand here', codes.yamlHint('TAG_RESOLVE_FAILED', '')),
  )
  return null
}

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_FOLDED: 'folded',
  BLOCK_LITERAL: 'literal',
}

function rawOf(node: Scalar, span: Span): RawScalar {
  const style = STYLES[node.type ?? 'PLAIN'] ?? 'plain'
  const token = node.srcToken
  const commented = typeof node.comment === 'string'
  if (token?.type !== 'block-scalar') {
    const source = token && 'source' in token ? token.source : ''
    return { style, source, start: token?.offset ?? span.start, indent: 0, headerIndent: 0, chomp: '', commented }
  }
  const props = token.props.map((prop) => ('source' in prop ? prop.source : ''))
  const header = props.find((source) => /^[|>]/.test(source)) ?? ''
  return {
    style,
    source: token.source,
    start: token.offset + props.join('').length,
    indent: token.indent,
    headerIndent: Number(/\d/.exec(header)?.[0] ?? 0),
    chomp: (/[+-]/.exec(header)?.[0] ?? '') as RawScalar['chomp'],
    commented,
  }
}

const emptyScalar = (span: Span): YamlNode => ({
  kind: 'scalar',
  value: null,
  raw: { style: 'plain', source: '', start: span.start, indent: 0, headerIndent: 0, chomp: '', commented: false },
  span,
})

function spanOf(node: Node, file: string): Span {
  const [start, end] = node.range ?? [0, 0]
  return { file, start, end }
}
