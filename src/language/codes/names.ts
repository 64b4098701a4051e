// Messages about names that lead nowhere, and values that are not what is needed or not there. One builder per code.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { listOf, meant, problem } from './problem.ts'

export const packUnknown = (span: Span, pack: string, range: string, known: readonly string[]): Diagnostic =>
  problem(
    'PACK_UNKNOWN',
    span,
    `there is no pack ${pack}`,
    meant(span, pack, known, undefined, (guess) => `${guess}@${range}`),
  )

/** `written`: all that stands at the span, such as `scp/vm.get`. */
export const aliasUnknown = (span: Span, alias: string, known: readonly string[], written: string): Diagnostic =>
  problem(
    'ALIAS_UNKNOWN',
    span,
    `no pack is used under the name ${alias}`,
    meant(
      span,
      alias,
      known,
      `Add it under use, such as ${alias}: <pack>@^1.0.0.`,
      (guess) => guess + written.slice(alias.length),
    ),
  )

export const runbookUnknown = (span: Span, name: string, range: string, known: readonly string[]): Diagnostic =>
  problem(
    'RUNBOOK_UNKNOWN',
    span,
    `there is no runbook ${name}`,
    meant(span, name, known, undefined, (guess) => `${guess}@${range}`),
  )

/** `way` leads from the called runbook back to itself. */
export const runbookCircle = (span: Span, way: readonly string[]): Diagnostic =>
  problem('RUNBOOK_CIRCLE', span, `${way[0]} would never end, for it calls itself: ${way.join(' calls ')}`)

export const runbookTargetMissing = (span: Span, runbook: string, target: string, connection: string): Diagnostic =>
  problem('RUNBOOK_TARGET_MISSING', span, `${runbook} needs a target ${target} (${connection})`, {
    hint: `Bind it under targets, such as ${target}: <target of this runbook>, or declare a target ${target}.`,
  })

export const runbookTargetUnknown = (span: Span, runbook: string, target: string, known: readonly string[]): Diagnostic =>
  problem('RUNBOOK_TARGET_UNKNOWN', span, `${runbook} has no target ${target}`, meant(span, target, known))

export const aliasReserved = (span: Span): Diagnostic =>
  problem('ALIAS_RESERVED', span, 'core always names the pack core', { hint: 'Remove the line, or choose another name.' })

export const actionUnknown = (span: Span, action: string, known: readonly string[], alias: string): Diagnostic =>
  problem(
    'ACTION_UNKNOWN',
    span,
    `${alias} has no action ${action}`,
    meant(span, action, known, undefined, (guess) => `${alias}/${guess}`),
  )

export const connectionUnknown = (span: Span, connection: string, known: readonly string[], alias: string): Diagnostic =>
  problem(
    'CONNECTION_UNKNOWN',
    span,
    `${alias} has no connection type ${connection}`,
    meant(span, connection, known, known.length > 0 ? `It has ${listOf(known)}.` : undefined, (guess) => `${alias}/${guess}`),
  )

export const stepIdTaken = (span: Span, id: string, first: Span): Diagnostic =>
  problem('STEP_ID_TAKEN', span, `another step that is visible here is called ${id}`, {
    related: [{ message: 'the other one', span: first }],
  })

export const rootUnknown = (span: Span, root: string, known: readonly string[], instead: string | undefined): Diagnostic =>
  problem(
    'ROOT_UNKNOWN',
    span,
    `nothing is called ${root} here`,
    instead === undefined
      ? meant(span, root, known, `Here are ${listOf(known)}.`)
      : { hint: `Did you mean ${instead}?`, fix: [{ span, text: instead }] },
  )

export const inputUnknown = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  problem('INPUT_UNKNOWN', span, `the runbook has no input ${name}`, meant(span, name, known))

export const targetUnknown = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  problem('TARGET_UNKNOWN', span, `the runbook has no target ${name}`, meant(span, name, known))

export const stepUnknown = (span: Span, id: string, known: readonly string[]): Diagnostic =>
  problem('STEP_UNKNOWN', span, `no step that is visible here is called ${id}`, meant(span, id, known))

export const stepNotYetRun = (span: Span, id: string, there: Span): Diagnostic =>
  problem('STEP_LATER', span, `${id} has not run when this is evaluated`, { related: [{ message: 'it runs here', span: there }] })

export const stepOutOfSight = (span: Span, id: string, there: Span): Diagnostic =>
  problem('STEP_OUT_OF_SIGHT', span, `${id} is inside another block, whose steps cannot be seen from here`, {
    related: [{ message: 'it stands here', span: there }],
    hint: 'Let its block yield what is needed.',
  })

export const stepItself = (span: Span, id: string): Diagnostic =>
  problem('STEP_CYCLE', span, `${id} refers to itself: a step has no output until it has ended`)

export const propertyUnknown = (span: Span, name: string, of: string, known: readonly string[]): Diagnostic =>
  problem(
    'PROPERTY_UNKNOWN',
    span,
    `${of} has no ${name}`,
    meant(span, name, known, known.length > 0 ? `It has ${listOf(known)}.` : undefined),
  )

export const typeMismatch = (
  span: Span,
  needed: string,
  has: string,
  { path = [], hint }: { readonly path?: readonly string[]; readonly hint?: string | undefined } = {},
): Diagnostic =>
  problem(
    'TYPE_MISMATCH',
    span,
    `${needed} is needed ${path.length > 0 ? `for ${path.join('.')}` : 'here'}, but this is ${has}`,
    { hint },
  )

export const variableUnknown = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  problem(
    'VARIABLE_UNKNOWN',
    span,
    `no variable and no function is called $${name}`,
    meant(
      span,
      `$${name}`,
      known.map((each) => `$${each}`),
    ),
  )

export const comparisonConstant = (span: Span, has: string, other: string, hint: string | undefined): Diagnostic =>
  problem('COMPARISON_CONSTANT', span, `${has} is never equal to the other side, which is ${other}`, { hint })

/** `what`: the part of the expression. `field`: what the value is for, when it is a required one. */
export const absentPossible = (span: Span, role: 'condition' | 'operand' | 'needed', what: string, field?: string): Diagnostic =>
  problem('ABSENT_POSSIBLE', span, `${nameOf(what)} may be absent where ${field ?? 'it'} ${ABSENT_ROLES[role]}`, {
    hint: ABSENT_HINT,
  })

const ABSENT_ROLES = { condition: 'decides', operand: 'is compared', needed: 'is needed' } as const

const nameOf = (part: string): string => (part.length > 60 || /[\r\n]/.test(part) ? 'the value' : part)

const ABSENT_HINT = 'Give a default with ??, or ask first with $exists( … ).'
