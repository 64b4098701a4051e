// Values as the journal stores them: JSON in which every large part is a document of its own, kept once by its hash.
// So a disk map that one step puts out and the next takes in is stored once. Format: docs/formats/journal.md.
import { isObject, type Json } from '../values/index.ts'

/** A part whose JSON is longer than this (UTF-16 code units) becomes a document. */
const INLINE_LIMIT = 16_384

const REFERENCE = '$document'
/** Real keys that look like a reference are stored with one `$` more. */
const ESCAPED_ON_WRITING = /^\$+document$/
const ESCAPED_ON_READING = /^\$\$+document$/

/** The text to store; `put` stores a document and answers its hash. Marks (`Secret`) become what their `toJSON` says. */
export function encode(value: unknown, put: (text: string) => string): string {
  const text = JSON.stringify(value)
  if (text.length <= INLINE_LIMIT && !text.includes(REFERENCE)) return text
  return store(JSON.parse(text) as Json)

  // From the leaves up, so that the smallest part above the limit is the one that is shared.
  function store(part: Json): string {
    const stored = write(part)
    return stored.length <= INLINE_LIMIT ? stored : JSON.stringify({ [REFERENCE]: put(stored) })
  }
  function write(part: Json): string {
    if (Array.isArray(part)) return `[${part.map(store).join()}]`
    if (!isObject(part)) return JSON.stringify(part)
    const fields = Object.entries(part).map(([key, item]) => `${JSON.stringify(escapeKey(key))}:${store(item)}`)
    return `{${fields.join()}}`
  }
}

/** The value that `encode` was given; `get` answers a document's text. */
export function decode(text: string, get: (hash: string) => string): Json {
  const value = JSON.parse(text) as Json
  return text.includes(REFERENCE) ? read(value) : value

  function read(part: Json): Json {
    if (Array.isArray(part)) return part.map(read)
    if (!isObject(part)) return part
    const reference = part[REFERENCE]
    if (typeof reference === 'string') return decode(get(reference), get)
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [unescapeKey(key), read(item)]))
  }
}

/** The documents that a stored text refers to, not those that these refer to. A real key never reads like a reference. */
export const documentsIn = (text: string): readonly string[] =>
  [...text.matchAll(/"\$document":"([0-9a-f]{64})"/g)].flatMap(([, hash]) => (hash === undefined ? [] : [hash]))

const escapeKey = (key: string): string => (ESCAPED_ON_WRITING.test(key) ? `$${key}` : key)
const unescapeKey = (key: string): string => (ESCAPED_ON_READING.test(key) ? key.slice(1) : key)
