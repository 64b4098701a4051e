// Every message that a runbook can draw, one builder per code. What a code means to its reader stands in `code-table.ts`.
import { type Diagnostic, didYouMean, type Span } from '../diagnostics/index.ts'
import type { Code } from './code-table.ts'

type Extras = Pick<Diagnostic, 'related' | 'fix'> & { readonly hint?: string | undefined }

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

// ---- YAML ---------------------------------------------------------------------------------------------------------

export const yamlInvalid = (span: Span, message: string, hint: string | undefined): Diagnostic =>
  problem('YAML_INVALID', span, `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`, { hint })

export const YAML_HINT_NEAR_EXPRESSION =
  "Put the expression in single quotes: unquoted, YAML ends it at ': ' and at ' #', and inside { } or [ ] at any bracket or comma."

const LINE_UP = 'Give the line as many blanks in front as the lines beside it; an item of a list starts with "- ".'

/** By what the yaml library says, its code first. */
const YAML_HINTS: readonly (readonly [says: RegExp, hint: string])[] = [
  [/without - indicator/, LINE_UP],
  [/must be sufficiently indented and end with/, 'Look for a { or [ above that nothing closes, or indent what stands inside it.'],
  [/^BAD_INDENT/, LINE_UP],
  [/^TAB_AS_INDENT/, 'Indent with blanks, not with tabs.'],
  [/^MISSING_CHAR.*quote/, 'Look for a quote above that nothing closes. In single quotes, a quote is written twice.'],
  [/^MISSING_CHAR/, 'Look for a bracket, a comma or a colon that is missing before this place.'],
  [/^UNEXPECTED_TOKEN/, 'Look for a sign too many here, or for text that needs quotes.'],
  [/^BAD_SCALAR_START/, 'Put the text in quotes: it starts with a sign that means something else in YAML.'],
  [/^BLOCK_AS_IMPLICIT_KEY/, 'Put the text in quotes if it holds ": ", or start the nested map on a line of its own.'],
  [/^BLOCK_IN_FLOW/, 'Inside { } and [ ] write { key: value } and [a, b], or put all of it on lines of their own.'],
  [/^MULTILINE_IMPLICIT_KEY/, 'Write the key on one line, with a colon and a blank behind it.'],
  [/^BAD_DQ_ESCAPE/, 'Write \\\\ for a backslash, or use single quotes, in which nothing is escaped.'],
  [/^MULTIPLE_DOCS/, 'Remove the line ---, or make a file of each part.'],
  [/^TAG_RESOLVE_FAILED/, 'Remove the tag; quote the value to make it text.'],
]

export const yamlHint = (code: string, message: string): string | undefined =>
  YAML_HINTS.find(([says]) => says.test(`${code} ${message}`))?.[1]

export const yamlTooDeep = (span: Span): Diagnostic =>
  problem('YAML_TOO_DEEP', span, 'the document is nested too deeply to be read')

export const yamlAlias = (span: Span): Diagnostic =>
  problem('YAML_ALIAS', span, 'anchors and aliases are not part of the language', {
    hint: 'Write the value where it is used, or compute it in an expression.',
  })

export const keyDuplicate = (span: Span, key: string, first: Span): Diagnostic =>
  problem('KEY_DUPLICATE', span, `${JSON.stringify(key)} stands twice in the same map`, {
    related: [{ message: 'the first one', span: first }],
    hint: 'Remove one of the two.',
  })

export const keyNotText = (span: Span): Diagnostic => problem('KEY_NOT_TEXT', span, 'a key must be plain text')

export const numberInexact = (span: Span, source: string): Diagnostic =>
  problem('NUMBER_INEXACT', span, `${source} cannot be kept exactly as a number`, { hint: 'Quote it to keep it as text.' })

// ---- structure ----------------------------------------------------------------------------------------------------

export const documentEmpty = (span: Span): Diagnostic =>
  problem('DOCUMENT_EMPTY', span, 'the document holds nothing', { hint: 'Start with runbook: 1, name, version and steps.' })

export const keyUnknown = (span: Span, key: string, known: readonly string[], where: string): Diagnostic =>
  problem(
    'KEY_UNKNOWN',
    span,
    `${where} has no key ${JSON.stringify(key)}`,
    meant(span, key, known, known.length > 0 ? `It takes ${listOf(known)}.` : undefined),
  )

export const keyMissing = (span: Span, key: string, where: string): Diagnostic =>
  problem('KEY_MISSING', span, `${where} lacks the key ${JSON.stringify(key)}`)

export const valueInvalid = (span: Span, expected: string, hint?: string): Diagnostic =>
  problem('VALUE_INVALID', span, `expected ${expected}`, { hint })

export const formatUnknown = (span: Span, of: string, newest: number): Diagnostic =>
  problem('FORMAT_UNKNOWN', span, `there is no such format of a ${of}`, { hint: `Write ${of}: ${newest}.` })

/** Where nothing but the format matters. */
export const formatMissing = (span: Span, of: string): Diagnostic =>
  problem('FORMAT_UNKNOWN', span, `the document states no format: it lacks the key ${JSON.stringify(of)}`)

export const formatNewer = (span: Span, of: string, format: number, newest: number): Diagnostic =>
  problem('FORMAT_UNKNOWN', span, `${of}: ${format} is newer than what this Holdfast reads, which is ${of}: ${newest}`, {
    hint: 'Use a newer Holdfast; its changelog says which formats it reads.',
  })

export const formatOlder = (span: Span, of: string, format: number, newest: number): Diagnostic =>
  problem('FORMAT_UNKNOWN', span, `${of}: ${format} is an older format; this Holdfast reads ${of}: ${newest}`, {
    hint: `\`holdfast migrate\` brings the file to ${of}: ${newest}.`,
  })

export const idInvalid = (span: Span, what: string, id: string): Diagnostic =>
  problem(
    'ID_INVALID',
    span,
    `${JSON.stringify(id)} cannot be ${what}: ids start with a small letter and hold letters and digits`,
    camelCase(span, id),
  )

function camelCase(span: Span, id: string): Extras {
  const made = id.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')
  const fixed = made.charAt(0).toLowerCase() + made.slice(1)
  return /^[a-z][A-Za-z0-9]*$/.test(fixed) ? { hint: `Call it ${fixed}.`, fix: [{ span, text: fixed }] } : {}
}

export const nameReserved = (span: Span, name: string): Diagnostic =>
  problem('NAME_RESERVED', span, `${name} always means the same in an expression and cannot be a loop variable`)

export const yieldReserved = (span: Span, name: string): Diagnostic =>
  problem('NAME_RESERVED', span, `every step has a ${name} of the engine's, which would hide this one`, {
    hint: 'Give it another name.',
  })

export const stepCalledRun = (span: Span): Diagnostic =>
  problem('NAME_RESERVED', span, 'run is the run itself, and cannot be a step of it', { hint: 'Give it another name.' })

export const verbMissing = (span: Span, verbs: readonly string[]): Diagnostic =>
  problem('VERB_MISSING', span, 'the step does not say what it does', { hint: `Give it one of ${listOf(verbs)}.` })

export const verbAmbiguous = (span: Span, verbs: readonly string[]): Diagnostic =>
  problem('VERB_AMBIGUOUS', span, `the step does several things at once: ${listOf(verbs)}`, { hint: 'Make a step of each.' })

export const keyOfOtherVerb = (span: Span, key: string, verb: string, owner: string): Diagnostic =>
  problem('KEY_MISPLACED', span, `${key} belongs to a step that has ${owner}, not to one that has ${verb}`)

// ---- expressions --------------------------------------------------------------------------------------------------

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

// ---- names --------------------------------------------------------------------------------------------------------

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

// ---- calls --------------------------------------------------------------------------------------------------------

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
