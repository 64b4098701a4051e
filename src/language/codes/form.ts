// Messages about the form of a document: its YAML, its keys and their values. One builder per code.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { type Extras, listOf, meant, problem } from './problem.ts'

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

export const yamlNotUtf8 = (span: Span): Diagnostic =>
  yamlInvalid(span, 'here stands what is not UTF-8', 'Save the file as UTF-8.')

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
