// Inventories as text: the JSON inside of `metadata`, and printed answers that are not quite JSON. Calls nothing.
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

/** What `metadata` holds; nothing where it is no JSON object. */
export function readMetadata(text: string): JsonObject | undefined {
  const value = jsonIn(text)
  return isObject(value) ? value : undefined
}

export interface PrintedInventory {
  /** With `metadata` read into an object where it is one. */
  readonly items: readonly JsonObject[]
  /** What was no JSON and how it was read; empty where it was. */
  readonly repairs: readonly string[]
}

/** A printed answer. What cannot be read even so has no items, and a repair that says so. */
export function readInventory(text: string): PrintedInventory {
  const repairs: string[] = []
  const quoted = withQuotedMetadata(text)
  if (quoted !== text) repairs.push('the quotes inside of metadata were bare')
  const headed = jsonIn(quoted) === undefined ? withHeads(quoted) : quoted
  if (headed !== quoted) repairs.push('an item had lost its beginning: what stood before its first field is not known')
  const answer = jsonIn(headed)
  if (!isObject(answer) || !Array.isArray(answer.inventories)) {
    return { items: [], repairs: [...repairs, 'this is no inventory, even so'] }
  }
  return { items: answer.inventories.filter(isObject).map(withReadMetadata), repairs }
}

/** `"metadata": "{…}"` up to the brace and quote that end it, whatever stands between. */
const METADATA = /("metadata"\s*:\s*)"(\{.*?\})"(?=\s*(?:,\s*"\w+"\s*:|[,}]?\s*(?:\r?\n|$)|\s*\}))/g

const withQuotedMetadata = (text: string): string =>
  text.replace(METADATA, (whole, name: string, inner: string) =>
    jsonIn(`"${inner}"`) === undefined ? `${name}${JSON.stringify(inner)}` : whole,
  )

/** The outermost list ends where fields of one more item follow: it goes on with that item. */
function withHeads(text: string): string {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1
    if (token === ']' || token === '}') depth -= 1
    const rest = text.slice(index + 1)
    if (token === ']' && depth === 1 && ITEM_FIELD.test(rest)) return `${text.slice(0, index)}, {${rest.replace(',', '')}`
  }
  return text
}

const ITEM_FIELD = /^\s*,\s*"(?!success"|total"|schema")\w+"\s*:/

function withReadMetadata(item: JsonObject): JsonObject {
  const { metadata } = item
  const read = typeof metadata === 'string' ? readMetadata(metadata) : undefined
  return read === undefined ? item : { ...item, metadata: read }
}

export function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
