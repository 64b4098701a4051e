// Columns of text, as wide as they need to be. For a person at a terminal that is too narrow a row takes several lines: nothing is cut off,
// so that every id can be copied.
import { printable, textWidth } from '../../values/index.ts'
import type { Output } from '../host.ts'

const GAP = '  '

/** The last column of a line is not padded. With `output` it fits that terminal, if it is one; columns in which only the first row says something are left out then. */
export function table(rows: readonly (readonly string[])[], output?: Output): string {
  const cells = rows.map((row) => row.map(printable))
  const count = Math.max(0, ...cells.map((row) => row.length))
  const columns = Array.from({ length: count }, (_, column) => ({
    column,
    width: Math.max(...cells.map((row) => textWidth(row[column] ?? ''))),
    isEmpty: cells.slice(1).every((row) => (row[column] ?? '') === ''),
  }))
  const available = output?.terminal?.columns
  const lines = available ? fold(columns, available) : [columns]
  return cells
    .flatMap((row) =>
      lines.map((line, at) => `${at === 0 ? '' : GAP}${line.map((each) => padded(row, each)).join(GAP)}`.trimEnd()),
    )
    .map((line) => `${line}\n`)
    .join('')
}

interface Column {
  readonly column: number
  readonly width: number
  readonly isEmpty: boolean
}

/** As few lines as the columns fit into, in their order. One that is wider than the terminal has a line of its own. */
function fold(columns: readonly Column[], available: number): readonly (readonly Column[])[] {
  const widthOf = (line: readonly Column[]): number => line.reduce((sum, { width }) => sum + GAP.length + width, 0)
  if (widthOf(columns) - GAP.length <= available) return [columns]
  const lines: Column[][] = []
  for (const column of columns.filter(({ isEmpty }) => !isEmpty)) {
    const line = lines.at(-1)
    const indent = lines.length > 1 ? 0 : GAP.length
    if (line && widthOf([...line, column]) - indent <= available) line.push(column)
    else lines.push([column])
  }
  return lines
}

function padded(row: readonly string[], { column, width }: Column): string {
  const cell = row[column] ?? ''
  return cell + ' '.repeat(width - textWidth(cell))
}
