// Diagnostics for programs: one plain object each, with lines and columns already computed.
import type { Json } from '../values/index.ts'
import type { Diagnostic, Span } from './diagnostic.ts'
import { inReadingOrder } from './format.ts'
import { position } from './position.ts'

/** `{code, severity, message, file, line, column, endLine, endColumn, related, hint}` per diagnostic; what is absent is left out. */
export function diagnosticsToJson(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): readonly Json[] {
  return inReadingOrder(diagnostics).map(({ code, severity, message, span, related = [], hint }) => ({
    code,
    severity,
    message,
    ...(span ? place(span, sources) : {}),
    ...(related.length > 0 ? { related: related.map((each) => ({ message: each.message, ...place(each.span, sources) })) } : {}),
    ...(hint === undefined ? {} : { hint }),
  }))
}

function place(span: Span, sources: ReadonlyMap<string, string>) {
  const text = sources.get(span.file)
  if (text === undefined) return { file: span.file }
  const start = position(text, span.start)
  const end = position(text, span.end)
  return { file: span.file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
}
