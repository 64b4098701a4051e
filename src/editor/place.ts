// Where in a document the cursor stands: the keys that lead there, and what is being typed. It works on lines alone, so that a text
// which does not parse is no obstacle.
import { flowAt } from './flow.ts'
import { indentOf, isBlank, type Line, linesOf, mapAround, valueText } from './lines.ts'

/** A key on the way, or an item of a list; `offset` is where it starts. */
export type Part =
  | { readonly kind: 'key'; readonly key: string; readonly offset: number; readonly line: number; readonly column: number }
  | { readonly kind: 'item'; readonly offset: number; readonly line: number; readonly column: number }

export interface Place {
  /** Outermost first. */
  readonly parts: readonly Part[]
  /** `item`: where a new item of a list would start. */
  readonly role: 'key' | 'value' | 'item'
  /** What stands there and would be replaced. */
  readonly start: number
  readonly end: number
  /** Its part before the cursor, quotes left out. */
  readonly typed: string
  readonly quote: '' | '"' | "'"
  /** Column of the keys of this map, or of the list. */
  readonly column: number
  /** Other keys of the same map. */
  readonly siblings: readonly string[]
  /** The source before the cursor, when it stands inside `${ … }`. */
  readonly expression?: string
  readonly lines: readonly Line[]
}

export function placeAt(text: string, offset: number): Place {
  const lines = linesOf(text)
  const index = lines.findLastIndex(({ start }) => start <= offset)
  const line = lines[index]
  if (!line) throw new Error('a text has at least one line')
  const column = Math.min(offset - line.start, line.text.length)
  const onValue = line.key !== undefined && column >= line.valueColumn && !/:$/.test(line.text.slice(0, column))
  if (onValue) {
    const parts = [...climb(lines, index, line.column, line.dashes), keyPart(line, index)]
    return valuePlace(lines, parts, line.text.slice(line.valueColumn), line.start + line.valueColumn, offset)
  }
  const keyColumn = /^[\s-]*$/.test(line.text.slice(0, column)) && isBlank(line) ? column : line.column
  const holder = scalarAround(lines, index, line.dashes[0] ?? keyColumn)
  if (holder !== undefined) return inScalar(lines, holder, offset)
  const word = /^[^\s:#]*/.exec(line.text.slice(line.column))?.[0] ?? ''
  const start = Math.min(offset, line.start + Math.min(keyColumn, line.text.length))
  const dashless = line.dashes.length === 0
  const above = dashless ? lines.slice(0, index).findLast((each) => !isBlank(each) && indentOf(each) <= keyColumn) : undefined
  const isItem = above?.dashes.includes(keyColumn) ?? false
  const bare = !dashless && line.key === undefined && /^["'$[{]/.test(word)
  const parts = climb(lines, index, keyColumn, line.dashes)
  if (bare) return valuePlace(lines, parts, line.text.slice(line.column), line.start + line.column, offset)
  return {
    parts: isItem ? climb(lines, index, keyColumn, [keyColumn]).slice(0, -1) : parts,
    role: isItem ? 'item' : 'key',
    start,
    end: Math.max(offset, isBlank(line) ? start : line.start + line.column + word.length),
    typed: text.slice(start, offset),
    quote: '',
    column: keyColumn,
    siblings: isItem
      ? []
      : [...mapAround(lines, index, keyColumn).entries()].filter(([, each]) => each !== line).map(([key]) => key),
    lines,
  }
}

const keyPart = (line: Line, index: number): Part => ({
  kind: 'key',
  key: line.key ?? '',
  offset: line.start + line.column,
  line: index,
  column: line.column,
})

/** What leads to something at this column of this line: a key there, or an item that one of the dashes opens. */
function climb(lines: readonly Line[], index: number, column: number, dashes: readonly number[]): readonly Part[] {
  const parts: Part[] = []
  let need = column
  let inList = false
  const open = (line: number, columns: readonly number[], content: number): void => {
    for (const dash of columns.toReversed()) {
      const { start } = lines[line] ?? { start: 0 }
      parts.unshift({ kind: 'item', offset: start + Math.max(dash, content), line, column: dash })
      need = dash
      inList = true
    }
  }
  open(index, dashes, column)
  for (let at = index - 1; at >= 0; at -= 1) {
    const line = lines[at]
    if (!line || isBlank(line) || indentOf(line) > need) continue
    const item = line.dashes.includes(need)
    if (inList && item) continue
    if (line.key !== undefined && (line.column < need || (inList && line.column === need && !item))) {
      parts.unshift(keyPart(line, at))
      need = line.column
      inList = false
      open(at, line.dashes, line.column)
    } else if (!inList && line.column === need && line.dashes.length > 0) open(at, line.dashes, line.column)
    else if (!inList && line.key === undefined && indentOf(line) < need && line.dashes.length > 0)
      open(at, line.dashes, line.column)
  }
  return parts
}

/** The line whose value goes on here: a block scalar, or text that was broken over lines. */
function scalarAround(lines: readonly Line[], index: number, column: number): number | undefined {
  const line = lines[index]
  const depth = line && isBlank(line) && line.text.trim() === '' ? Math.max(column, line.text.length) : column
  for (let at = index - 1; at >= 0; at -= 1) {
    const above = lines[at]
    if (!above || above.text.trim() === '') continue
    if (above.key === undefined || above.column >= depth) continue
    const value = valueText(above)
    const blocks = /^[|>][-+\d]*$/.test(value)
    return blocks || (value !== '' && isOpen(value) && lines[index]?.key === undefined) ? at : undefined
  }
  return undefined
}

/** A value on one line that may go on below. */
const isOpen = (value: string): boolean => {
  if (value.startsWith('${')) return !value.endsWith('}')
  return /^["']/.test(value) ? value.length < 2 || !value.endsWith(value.charAt(0)) : false
}

function inScalar(lines: readonly Line[], holder: number, offset: number): Place {
  const line = lines[holder]
  if (!line) throw new Error('the line that holds the value is there')
  const parts = [...climb(lines, holder, line.column, line.dashes), keyPart(line, holder)]
  const block = /^[|>]/.test(valueText(line))
  const from = block ? (lines[holder + 1]?.start ?? offset) : line.start + line.valueColumn
  const text = lines
    .slice(holder + (block ? 1 : 0))
    .map((each, index) => (index === 0 && !block ? each.text.slice(line.valueColumn) : each.text))
    .join('\n')
  return valuePlace(lines, parts, text, from, offset)
}

/** `raw`: the value as written, which starts at `from`; it may go on behind the cursor. */
function valuePlace(lines: readonly Line[], parts: readonly Part[], raw: string, from: number, offset: number): Place {
  const before = raw.slice(0, offset - from)
  const flow = flowAt(before, from)
  const last = parts.at(-1)
  const all = [...parts, ...flow.parts.map((part): Part => ({ ...part, line: last?.line ?? 0, column: last?.column ?? 0 }))]
  const value = before.slice(flow.start - from)
  const quote = /^\s*(["']?)/.exec(value)?.[1] as Place['quote']
  const start = Math.min(offset, flow.start + value.length - value.trimStart().length)
  const expression = expressionBefore(value.trimStart().slice(quote.length), quote)
  const rest = (flow.role === 'key' ? /^[^\s:,\]}]*/ : /^[^\s,\]}"'#]*/).exec(raw.slice(offset - from))?.[0] ?? ''
  return {
    parts: all,
    role: flow.role,
    start,
    end: offset + rest.length,
    typed: value.trimStart().slice(quote.length),
    quote,
    column: last?.column ?? 0,
    siblings: flow.siblings,
    ...(expression === undefined ? {} : { expression }),
    lines,
  }
}

/** The source between `${` and the cursor; undefined outside of an expression. */
function expressionBefore(value: string, quote: Place['quote']): string | undefined {
  const start = /^\s*\$\{/.exec(value)
  if (!start) return undefined
  const raw = value.slice(start[0].length).replaceAll(/\s*\n\s*/g, ' ')
  const source = quote === '"' ? raw.replaceAll(/\\(.)/g, '$1') : quote === "'" ? raw.replaceAll("''", "'") : raw
  return isClosed(source) ? undefined : source
}

/** More brackets were closed than opened: the expression has ended. */
function isClosed(source: string): boolean {
  let depth = 0
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|["'`{}]/g)) {
    if (token === '{') depth += 1
    else if (token === '}') depth -= 1
    else if (/^["'`]$/.test(token)) return false
    if (depth < 0) return true
  }
  return false
}
