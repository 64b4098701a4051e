// What people are told about a text they wrote: a code that never changes meaning, a place, a message and the next thing to do.
// Offsets are kept; line, column and frame are computed late, when printed.

/** Half-open range of UTF-16 offsets in one source text. */
export interface Span {
  readonly file: string
  readonly start: number
  readonly end: number
}

export type Severity = 'error' | 'warning'

export interface Diagnostic {
  /** A word from `codes.ts` of the folder that raised it, such as `ACTION_UNKNOWN`. */
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly span?: Span
  readonly related?: readonly { readonly message: string; readonly span: Span }[]
  /** Imperative: the next thing to do. Only when probably right. */
  readonly hint?: string
  /** What to write instead at which places; together they do what the hint says. */
  readonly fix?: readonly { readonly span: Span; readonly text: string }[]
}
