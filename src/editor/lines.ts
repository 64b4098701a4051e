// Lines of block YAML by their columns: keys, dashes and values. It reads also what does not parse, as a document is while somebody types.

export interface Line {
  /** Offset of its first character. */
  readonly start: number
  readonly text: string
  /** Columns of the dashes that open list items. */
  readonly dashes: readonly number[]
  /** Of what stands behind the dashes, or of the first character. */
  readonly column: number
  readonly key?: string
  /** Column of the value, or of the end of the line; behind the colon. */
  readonly valueColumn: number
}

const SHAPE = /^(\s*(?:-(?:\s+|$))*)(?:("[^"]*"|'[^']*'|[\w$./-]+)\s*:(?=\s|$)[ \t]*)?/

export function linesOf(text: string): readonly Line[] {
  let start = 0
  return text.split('\n').map((raw) => {
    const line = lineOf(raw.endsWith('\r') ? raw.slice(0, -1) : raw, start)
    start += raw.length + 1
    return line
  })
}

function lineOf(text: string, start: number): Line {
  const [whole = '', lead = '', key] = SHAPE.exec(text) ?? []
  const dashes = [...lead.matchAll(/-/g)].map(({ index }) => index)
  return {
    start,
    text,
    dashes,
    column: lead.length,
    ...(key === undefined ? {} : { key: /^["']/.test(key) ? key.slice(1, -1) : key }),
    valueColumn: whole.length,
  }
}

export const isBlank = ({ text }: Line): boolean => /^\s*(?:#.*)?$/.test(text)

export const indentOf = ({ dashes, column }: Line): number => dashes[0] ?? column

/** Text of the value, without a comment behind it. */
export const valueText = ({ text, valueColumn }: Line): string =>
  text
    .slice(valueColumn)
    .replace(/(?:^|\s+)#.*$/, '')
    .trim()

/** The keys of the map at this column that the line belongs to, with the line of each. */
export function mapAround(lines: readonly Line[], index: number, column: number): ReadonlyMap<string, Line> {
  const found = new Map<string, Line>()
  const look = (line: Line): boolean => {
    if (isBlank(line) || indentOf(line) > column) return true
    if (line.column !== column) return false
    if (line.key !== undefined) found.set(line.key, line)
    return line.key !== undefined || line.dashes.length === 0
  }
  for (let at = index; at >= 0; at -= 1) {
    const line = lines[at]
    if (!line || !look(line) || (line.dashes.length > 0 && line.column === column)) break
  }
  for (let at = index + 1; at < lines.length; at += 1) {
    const line = lines[at]
    if (!line || (!isBlank(line) && line.dashes.length > 0 && indentOf(line) < column) || !look(line)) break
  }
  return found
}
