// The place in the file of each character of a scalar, for all five styles. It repeats what YAML 1.2 chapters 7 and 8 (and the
// yaml library) do to a scalar's text, keeping count of where each character came from.
import type { RawScalar, YamlScalar } from './node.ts'

/** A text under construction together with the file offset of each of its UTF-16 units. */
interface Traced {
  text: string
  readonly offsets: number[]
}

/** File offset of each UTF-16 unit of a scalar's string value. Empty for a value that is not a string. */
export function offsetsOf(scalar: YamlScalar): readonly number[] {
  const { value, raw, span } = scalar
  if (typeof value !== 'string') return []
  const traced: Traced = { text: '', offsets: [] }
  trace(raw, traced)
  // A file with errors may hold a scalar that the library repaired: point at the whole of it.
  return traced.text === value ? traced.offsets : Array.from(value, () => span.start)
}

function trace(raw: RawScalar, into: Traced): void {
  switch (raw.style) {
    case 'plain':
      return unfold(raw.source, raw.start, into)
    case 'single':
      return traceSingle(raw, into)
    case 'double':
      return traceDouble(raw, into)
    case 'folded':
    case 'literal':
      return traceBlock(raw, into)
  }
}

function put(into: Traced, text: string, offset: number): void {
  for (let index = 0; index < text.length; index += 1) into.offsets.push(offset + index)
  into.text += text
}

/** What stands in the file as an escape or a line break, however long it reads. */
function putAt(into: Traced, text: string, offset: number): void {
  for (let index = 0; index < text.length; index += 1) into.offsets.push(offset)
  into.text += text
}

/** Joins lines: one break becomes a space, n breaks become n - 1. */
function unfold(source: string, start: number, into: Traced): void {
  const lines = source.split('\n')
  let at = start
  let breaks = 0
  lines.forEach((line, index) => {
    const first = index === 0
    const last = index === lines.length - 1
    let from = 0
    let to = !last && line.endsWith('\r') ? line.length - 1 : line.length
    if (!first) while (from < to && isBlank(line[from])) from += 1
    if (!last) while (to > from && isBlank(line[to - 1])) to -= 1
    if (first) put(into, line.slice(from, to), at + from)
    else {
      breaks += 1
      if (from < to || last) {
        putAt(into, breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), at - 1)
        put(into, line.slice(from, to), at + from)
        breaks = 0
      }
    }
    at += line.length + 1
  })
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t'

function traceSingle({ source, start }: RawScalar, into: Traced): void {
  const folded: Traced = { text: '', offsets: [] }
  unfold(source.slice(1, -1), start + 1, folded)
  for (let index = 0; index < folded.text.length; index += 1) {
    putAt(into, folded.text.charAt(index), folded.offsets[index] ?? start)
    if (folded.text.startsWith("''", index)) index += 1
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  '\t': '\t',
}
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

const BLANKS_THEN_BREAK = /[ \t]*\r?\n[ \t\r\n]*/y
const ESCAPED_BREAK = /\\\r?\n[ \t]*/y

function traceDouble({ source, start }: RawScalar, into: Traced): void {
  const end = source.length - 1
  let at = 1
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  while (at < end) {
    const escapedBreak = match(ESCAPED_BREAK)
    if (escapedBreak !== undefined) {
      at += escapedBreak.length
      continue
    }
    const brokenLine = match(BLANKS_THEN_BREAK)
    if (brokenLine !== undefined) {
      const breaks = brokenLine.split('\n').length - 1
      putAt(into, breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), start + at)
      at += brokenLine.length
      continue
    }
    const character = source.charAt(at)
    if (character !== '\\') {
      put(into, character, start + at)
      at += 1
      continue
    }
    const next = source.charAt(at + 1)
    const digits = HEX_DIGITS[next]
    if (digits === undefined) {
      putAt(into, ESCAPES[next] ?? `\\${next}`, start + at)
      at += 2
    } else {
      putAt(into, codePoint(source.slice(at + 2, at + 2 + digits)), start + at)
      at += 2 + digits
    }
  }
}

function codePoint(hex: string): string {
  const code = Number.parseInt(hex, 16)
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}

interface Line {
  readonly indent: number
  readonly content: string
  /** Of the line's first column. */
  readonly offset: number
}

function traceBlock(raw: RawScalar, into: Traced): void {
  const lines = linesOf(raw)
  let contentEnd = lines.findLastIndex((line) => !isEmpty(line)) + 1
  if (contentEnd === 0) {
    if (raw.chomp === '+' && raw.source !== '') putAt(into, '\n'.repeat(Math.max(1, lines.length - 1)), raw.start)
    return
  }
  const contentStart = lines.findIndex((line) => !isEmpty(line))
  const trim = trimOf(raw, lines, contentStart)
  const moreIndented = lines.findLastIndex((line, index) => index >= contentEnd && line.indent > trim)
  contentEnd = Math.max(contentEnd, moreIndented + 1)

  lines.slice(0, contentStart).forEach((line) => {
    put(into, `${' '.repeat(Math.max(0, line.indent - trim))}\n`, line.offset + trim)
  })
  const body = lines.slice(contentStart, contentEnd)
  if (raw.style === 'literal') literalLines(body, trim, into)
  else foldedLines(body, trim, into)
  chompEnd(raw, lines, contentEnd, trim, into)
}

function linesOf({ source, start }: RawScalar): readonly Line[] {
  let offset = start
  return source.split('\n').map((text) => {
    const indent = text.length - text.replace(/^ +/, '').length
    const line = { indent, content: text.slice(indent), offset }
    offset += text.length + 1
    return line
  })
}

const isEmpty = ({ content }: Line): boolean => content === '' || content === '\r'

function trimOf(raw: RawScalar, lines: readonly Line[], contentStart: number): number {
  if (raw.headerIndent > 0) return raw.indent + raw.headerIndent
  return lines[contentStart]?.indent ?? raw.indent
}

const withoutReturn = (content: string): string => (content.endsWith('\r') ? content.slice(0, -1) : content)

function putLine(line: Line, trim: number, into: Traced): void {
  const kept = Math.max(0, line.indent - trim)
  put(into, ' '.repeat(kept) + withoutReturn(line.content), line.offset + line.indent - kept)
}

function literalLines(lines: readonly Line[], trim: number, into: Traced): void {
  lines.forEach((line, index) => {
    if (index > 0) putAt(into, '\n', line.offset - 1)
    putLine(line, trim, into)
  })
}

function foldedLines(lines: readonly Line[], trim: number, into: Traced): void {
  let separator = ''
  let previousMoreIndented = false
  for (const line of lines) {
    const content = withoutReturn(line.content)
    if (line.indent > trim || content.startsWith('\t')) {
      if (separator === ' ') separator = '\n'
      else if (!previousMoreIndented && separator === '\n') separator = '\n\n'
      putAt(into, separator, line.offset - 1)
      putLine(line, trim, into)
      separator = '\n'
      previousMoreIndented = true
    } else if (content === '') {
      if (separator === '\n') putAt(into, '\n', line.offset)
      else separator = '\n'
    } else {
      putAt(into, separator, line.offset - 1)
      putLine(line, trim, into)
      separator = ' '
      previousMoreIndented = false
    }
  }
}

function chompEnd(raw: RawScalar, lines: readonly Line[], contentEnd: number, trim: number, into: Traced): void {
  if (raw.chomp === '-') return
  const next = lines[contentEnd]
  const last = next ? next.offset - 1 : raw.start + raw.source.length
  if (raw.chomp === '') return putAt(into, '\n', last)
  for (const line of lines.slice(contentEnd)) {
    putAt(into, '\n', line.offset - 1)
    put(into, ' '.repeat(Math.max(0, line.indent - trim)), line.offset + trim)
  }
  if (!into.text.endsWith('\n')) putAt(into, '\n', last)
}
