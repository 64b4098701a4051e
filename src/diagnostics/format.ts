// Diagnostics for people: headline, place, code frame, hint. It may not decide what is a problem.
import { printable, textWidth } from '../values/index.ts'
import type { Diagnostic, Span } from './diagnostic.ts'
import { position } from './position.ts'

export interface FormatOptions {
  readonly colour: boolean
}

type Style = 'red' | 'yellow' | 'cyan' | 'blue' | 'bold'
type Paint = (style: Style, text: string) => string

/** Select Graphic Rendition, ECMA-48 8.3.117. */
const SGR: Readonly<Record<Style, string>> = { red: '1;31', yellow: '1;33', cyan: '36', blue: '34', bold: '1' }

const TAB = '  '
/** Characters of a line that are shown. */
const MAX_WIDTH = 160

/** Every diagnostic with its code frame, in the order of the text, separated by empty lines. `sources`: text by file name. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  { colour }: FormatOptions,
): string {
  const paint: Paint = colour ? (style, text) => `\u001b[${SGR[style]}m${text}\u001b[0m` : (_, text) => text
  return inReadingOrder(diagnostics)
    .map((diagnostic) => formatOne(diagnostic, sources, paint))
    .join('\n')
}

/** By file, then by place; what has no place comes first. */
export function inReadingOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted((a, b) => {
    const byFile = compare(a.span?.file ?? '', b.span?.file ?? '')
    return byFile || (a.span?.start ?? -1) - (b.span?.start ?? -1) || compare(a.code, b.code)
  })
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function formatOne(diagnostic: Diagnostic, sources: ReadonlyMap<string, string>, paint: Paint): string {
  const tone = diagnostic.severity === 'error' ? 'red' : 'yellow'
  const { severity, code, message, span, related = [], hint } = diagnostic
  const lines = [`${paint(tone, `${severity}[${code}]`)}${paint('bold', `: ${harmless(message)}`)}`]
  if (span) lines.push(...frame(span, sources, tone, '^', '', paint))
  for (const { message: note, span: where } of related) lines.push(...frame(where, sources, 'cyan', '-', harmless(note), paint))
  if (hint !== undefined) lines.push(`  ${paint('cyan', '= hint:')} ${harmless(hint)}`)
  return `${lines.join('\n')}\n`
}

/** The line that a span starts in, with its part underlined. */
function frame(
  span: Span,
  sources: ReadonlyMap<string, string>,
  style: Style,
  mark: string,
  note: string,
  paint: Paint,
): readonly string[] {
  const text = sources.get(span.file)
  const trailer = note === '' ? '' : ` ${note}`
  if (text === undefined) return [`  ${paint('blue', '-->')} ${span.file}${trailer}`]
  const { line, column } = position(text, span.start)
  const lineStart = Math.min(span.start, text.length) - (column - 1)
  const lineEnd = endOfLine(text, lineStart)
  const source = text.slice(lineStart, lineEnd)
  // Of a very long line only the part around the mark is shown.
  const from = column > MAX_WIDTH ? column - 1 - MAX_WIDTH / 2 : 0
  const shown = source.slice(from, from + MAX_WIDTH)
  const lead = widen(source.slice(from, column - 1))
  const marked = widen(shown.slice(column - 1 - from, Math.max(0, Math.min(span.end, lineEnd) - lineStart - from)))
  const gutter = ' '.repeat(String(line).length)
  const bar = paint('blue', '|')
  return [
    `${gutter} ${paint('blue', '-->')} ${span.file}:${line}:${column}`,
    `${gutter} ${bar}`,
    `${paint('blue', String(line))} ${bar} ${printable(widen(shown))}`,
    `${gutter} ${bar} ${' '.repeat(textWidth(printable(lead)))}${paint(style, mark.repeat(Math.max(1, textWidth(printable(marked)))) + trailer)}`,
  ]
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  const end = newline === -1 ? text.length : newline
  return text[end - 1] === '\r' ? end - 1 : end
}

const widen = (text: string): string => text.replaceAll('\t', TAB)

/** What a file says may take several lines, and no other liberty. */
const harmless = (text: string): string => text.split('\n').map(printable).join('\n')
