// Places inside an expression as places in the file.
import type { Span } from '../../diagnostics/index.ts'
import type { ExpressionTemplate } from '../model.ts'

/** The part of the file that `source.slice(from, to)` came from; the whole scalar where that cannot be told. */
export function spanWithin({ span, offsets }: ExpressionTemplate, from: number, to: number): Span {
  const first = offsets?.[from]
  const last = offsets?.[Math.max(from, to - 1)]
  if (first === undefined || last === undefined || last < first) return span
  return { file: span.file, start: first, end: last + 1 }
}
