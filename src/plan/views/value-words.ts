// Values of a plan in a reader's words: unknown ones as ‹where from›, secrets as their mark, lists and maps on one line.
import { formatSize, isObject, isUnknown, type Json, type JsonObject, SECRET_MARK } from '../../values/index.ts'

const MOST_ITEMS = 6

/** JSON with the marks that a reader knows: for bodies, which go over the wire as JSON. */
export function jsonOf(value: Json, indent?: number): string {
  return JSON.stringify(value, (_, inner: Json) => (isMark(inner) ? wholeWords(inner) : inner), indent)
}

export const isMark = (value: Json): boolean => isUnknown(value) || (isObject(value) && value.$secret !== undefined)

/** A value on one line: what only a run can tell as ‹where from›, a secret as its mark, a target or a handle by its name. */
export function wordsOf(value: Json, mostCharacters = 60): string {
  return clip(wholeWords(value), mostCharacters)
}

function wholeWords(value: Json): string {
  if (isUnknown(value)) return wordsOfJoined(value.$unknown) ?? `‹${value.$unknown}›`
  if (Array.isArray(value)) return wordsOfList(value)
  if (!isObject(value)) return value === '' ? '""' : String(value)
  if (value.$secret !== undefined) return SECRET_MARK
  if (typeof value.$target === 'string') return value.$target
  if (typeof value.obligation === 'string') return lastId(value.obligation)
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name}: ${wholeWords(inner)}`)
    .join(', ')} }`
}

function wordsOfList(values: readonly Json[]): string {
  if (values.length === 0) return 'none'
  const shown = values.slice(0, MOST_ITEMS).map((each) => nameIn(each) ?? wholeWords(each))
  return values.length > MOST_ITEMS ? `${shown.join(', ')} and ${values.length - MOST_ITEMS} more` : shown.join(', ')
}

/** How people call an item: its name, where it has one. */
export const nameIn = (value: Json | undefined): string | undefined =>
  isObject(value) && typeof value.name === 'string' ? value.name : undefined

/** `"no group " & inputs.id` → `no group ‹inputs.id›`; nothing for what is computed in another way, or is no text. */
export function wordsOfJoined(source: string): string | undefined {
  const parts = source.match(/"[^"\\]*"|&|[^\s"&]+/g) ?? []
  const values = parts.filter((_, index) => index % 2 === 0)
  const joined = source.includes('"') && parts.every((part, index) => (part === '&') === (index % 2 === 1))
  if (!joined || !values.every((part) => part.startsWith('"') || isReference(part))) return undefined
  return values.map((part) => (part.startsWith('"') ? part.slice(1, -1) : `‹${part}›`)).join('')
}

/** The name of a value, and no computation. */
export const isReference = (source: string): boolean => /^[\p{L}_$][\p{L}\p{N}_$.[\]*-]*$/u.test(source)

/** A value that a reader wants to know, not how it is computed. */
export const wordsOfResult = (value: Json): string =>
  isUnknown(value) && !isReference(value.$unknown) ? 'as it is found' : wordsOf(value)

/** Cuts at characters as people count them. */
export function clip(text: string, mostCharacters: number): string {
  if (text.length <= mostCharacters) return text
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)
  return characters.length <= mostCharacters ? text : `${characters.slice(0, mostCharacters - 1).join('')}…`
}

export interface NamedWords {
  readonly name: string
  readonly words: string
}

/** What a reader needs of a call's input: short values. Targets and handles say nothing that the tree does not; data that flows is not for reading. */
export function shortInput(input: Json | undefined): readonly NamedWords[] {
  if (!isObject(input) || isMark(input)) return []
  return Object.entries(input).flatMap(([name, value]) => (isTelling(value) ? [namedWords(name, value)] : []))
}

/** Inputs of the run: one that only its start can tell was not given. */
export const inputsInWords = (inputs: JsonObject): readonly NamedWords[] =>
  Object.entries(inputs).map(([name, value]) =>
    isUnknown(value) && value.$unknown === `inputs.${name}` ? { name, words: '‹not given›' } : namedWords(name, value),
  )

function namedWords(name: string, value: Json): NamedWords {
  if (typeof value === 'number' && name.endsWith('Bytes'))
    return { name: name.slice(0, -'Bytes'.length), words: formatSize(value) }
  const words = wordsOf(value)
  return { name, words: typeof value === 'string' && /\s/.test(value) ? `“${words}”` : words }
}

function isTelling(value: Json): boolean {
  if (isUnknown(value)) return isReference(value.$unknown)
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => !isObject(each) && !Array.isArray(each))
  return !isObject(value) || value.$secret !== undefined
}

/** `backup/vms[*]/one/session` → `session`. */
export const lastId = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Keys of items stand percent-encoded in paths. */
export function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
