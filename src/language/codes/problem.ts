// What every message of a runbook is made with.
import { type Diagnostic, didYouMean, type Span } from '../../diagnostics/index.ts'
import type { Code } from './table.ts'

export type Extras = Pick<Diagnostic, 'related' | 'fix'> & { readonly hint?: string | undefined }

export function problem(code: Code, span: Span, message: string, { hint, related, fix }: Extras = {}): Diagnostic {
  return {
    code,
    severity: 'error',
    message,
    span,
    ...(related ? { related } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(fix ? { fix } : {}),
  }
}

/** The word that was probably meant, and how it is written at the place; without a guess, another hint. */
export function meant(
  span: Span,
  word: string,
  known: Iterable<string>,
  otherwise?: string,
  written: (guess: string) => string = (guess) => guess,
): Extras {
  const guess = didYouMean(word, known)
  return guess === undefined ? { hint: otherwise } : { hint: `Did you mean ${guess}?`, fix: [{ span, text: written(guess) }] }
}
export const listOf = (words: Iterable<string>): string => [...words].join(', ')
