// Messages about how expressions are written. One builder per code.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { problem } from './problem.ts'

export const expressionUnterminated = (span: Span, cutByComment: boolean): Diagnostic =>
  problem('EXPRESSION_UNTERMINATED', span, 'the expression starts with ${ but nothing closes it', {
    hint: cutByComment ? "Put it in single quotes: unquoted, YAML takes what follows ' #' for a comment." : 'Close it with }.',
  })

export const expressionNotAlone = (span: Span, instead: string | undefined): Diagnostic =>
  problem('EXPRESSION_NOT_ALONE', span, 'text stands around an expression', {
    hint: instead === undefined ? 'Make the whole value one expression.' : `Write ${instead}.`,
  })

export const expressionInKey = (span: Span): Diagnostic => problem('EXPRESSION_IN_KEY', span, 'a key cannot be an expression')

export const expressionEmpty = (span: Span): Diagnostic => problem('EXPRESSION_EMPTY', span, 'the expression is empty')

export const expressionUnmarked = (span: Span, root: string, instead: string | undefined): Diagnostic => ({
  ...problem('EXPRESSION_UNMARKED', span, `this is taken as it is written, though it speaks of ${root} as an expression does`, {
    hint: instead === undefined ? 'An expression is written ${ … }.' : `Write ${instead}.`,
  }),
  severity: 'warning',
})

export const valueEmpty = (span: Span): Diagnostic => ({
  ...problem('VALUE_EMPTY', span, 'nothing stands here', {
    hint: "Write null if that is meant. What follows ' #' is a comment.",
  }),
  severity: 'warning',
})

export const expressionSyntax = (span: Span, message: string, hint: string | undefined): Diagnostic =>
  problem('EXPRESSION_SYNTAX', span, message.charAt(0).toLowerCase() + message.slice(1), { hint })

export const functionRefused = (span: Span, name: string, reason: string): Diagnostic =>
  problem('FUNCTION_REFUSED', span, `$${name} is not allowed: ${reason}`)

export const lambdaRecursive = (span: Span, name: string): Diagnostic =>
  problem('LAMBDA_RECURSIVE', span, `a function may not call itself, and $${name} would let it`, {
    hint: 'Use $map, $filter or $reduce.',
  })

export const regexUnsafe = (span: Span): Diagnostic =>
  problem('REGEX_UNSAFE', span, 'a repetition inside a repetition may take for ever on the wrong text', {
    hint: 'Repeat only once, or take the text apart with $split and $contains.',
  })

export const expressionRefused = (span: Span, what: string): Diagnostic =>
  problem('EXPRESSION_REFUSED', span, `${what} cannot be an expression: it must be known before the run`)
