// Messages about what calls are given, and about blocks and handles. One builder per code.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { listOf, meant, problem } from './problem.ts'

export const inputsSchemaInvalid = (span: Span, path: string, message: string, guess: string | undefined): Diagnostic =>
  problem('INPUTS_SCHEMA_INVALID', span, `inputs is no valid JSON Schema: ${path === '' ? '' : `${path} `}${message}`, {
    hint: guess === undefined ? undefined : `Did you mean ${guess}?`,
  })

export const defaultInvalid = (span: Span, path: string, message: string): Diagnostic =>
  problem('INPUTS_DEFAULT_INVALID', span, `the default of ${path} ${message}`)

export const argumentMissing = (span: Span, name: string, action: string): Diagnostic =>
  problem('ARGUMENT_MISSING', span, `${action} needs ${name}`, { hint: `Add ${name} under with.` })

export const argumentUnknown = (span: Span, name: string, where: string, known: readonly string[]): Diagnostic =>
  problem(
    'ARGUMENT_UNKNOWN',
    span,
    `${where} takes no ${name}`,
    meant(span, name, known, known.length > 0 ? `It takes ${listOf(known)}.` : undefined),
  )

export const argumentInvalid = (span: Span, name: string, message: string): Diagnostic =>
  problem('ARGUMENT_INVALID', span, `${name} ${message}`)

export const connectionNotTarget = (span: Span, name: string, type: string): Diagnostic =>
  problem('CONNECTION_NOT_TARGET', span, `${name} takes a target of type ${type}`, { hint: 'Write ${ targets.<name> }.' })

export const connectionMismatch = (span: Span, target: string, has: string, wants: string): Diagnostic =>
  problem('CONNECTION_MISMATCH', span, `${target} is a ${has}, but a ${wants} is needed here`)

export const resourceNotHandle = (span: Span, name: string, types: readonly string[]): Diagnostic =>
  problem('RESOURCE_NOT_HANDLE', span, `${name} takes a handle of ${types.join(' or ')}`, {
    hint: 'Write ${ steps.<acquiring step>.handle }.',
  })

export const resourceMismatch = (span: Span, has: readonly string[], wants: readonly string[]): Diagnostic =>
  problem('RESOURCE_MISMATCH', span, `this is a handle of ${has.join(' or ')}, but ${wants.join(' or ')} is needed here`)

export const ownerUnknown = (span: Span, owner: string, scopes: readonly string[]): Diagnostic =>
  problem(
    'OWNER_UNKNOWN',
    span,
    `no enclosing scope is called ${owner}`,
    meant(span, owner, scopes, scopes.length > 0 ? `Enclosing scopes: ${listOf(scopes)}.` : 'Put the step inside a scope.'),
  )

export const nothingAcquired = (span: Span, key: string, action: string): Diagnostic =>
  problem('NOTHING_ACQUIRED', span, `${key} says who holds what is acquired, but ${action} acquires nothing`)

export const endUnknown = (span: Span, step: string, known: readonly string[]): Diagnostic =>
  problem(
    'END_UNKNOWN',
    span,
    `no resource acquired by ${step} is held here`,
    meant(span, step, known, known.length > 0 ? `Held here: ${listOf(known)}.` : undefined),
  )

export const endTwice = (span: Span, step: string, first: Span): Diagnostic =>
  problem('END_TWICE', span, `what ${step} acquired has been released already`, { related: [{ message: 'here', span: first }] })

export const endInLoop = (span: Span, step: string, loop: Span): Diagnostic =>
  problem('END_IN_LOOP', span, `${step} acquired once what every item of the loop would end`, {
    related: [{ message: 'the loop', span: loop }],
    hint: 'End it after the loop.',
  })

export const handleEscapes = (span: Span, owner: string): Diagnostic =>
  problem('HANDLE_ESCAPES', span, `what this handle stands for is released when ${owner} ends, before anyone could use it`, {
    hint: 'Let an outer scope own it: owner on the acquiring step.',
  })

export const usedAfterEnd = (span: Span, step: string, ended: Span): Diagnostic =>
  problem('USED_AFTER_END', span, `what ${step} acquired has been released when this is evaluated`, {
    related: [{ message: 'released here', span: ended }],
  })

export const caseUnknown = (span: Span, value: string, values: readonly string[]): Diagnostic =>
  problem('CASE_UNKNOWN', span, `the value is never ${value}`, meant(span, value, values, `It is one of ${listOf(values)}.`))

export const caseMissing = (span: Span, values: readonly string[]): Diagnostic =>
  problem('CASE_MISSING', span, `nothing is done when the value is ${values.join(' or ')}`, { hint: 'Add the cases, or else.' })

export const pollNotRead = (span: Span, action: string, effect: string): Diagnostic =>
  problem('POLL_NOT_READ', span, `until calls ${action} again and again, but its effect is ${effect}`, {
    hint: 'Poll with a read action.',
  })

export const pollIncomplete = (span: Span, has: string, lacks: string): Diagnostic =>
  problem('POLL_INCOMPLETE', span, `${has} needs ${lacks} beside it`)
