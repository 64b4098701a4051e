// What can be written at the cursor. Pure: a text, an offset and the packs at hand in, suggestions out.
import { visibleAfter } from '../language/index.ts'
import { type Cursor, wayTo } from './cursor.ts'
import { ITEM, isStep } from './grammar.ts'
import { keysAt, newItem } from './keys.ts'
import { placeAt } from './place.ts'
import { readAround, sightAt } from './reading.ts'
import { valuesAt } from './slot-values.ts'
import type { Completion, Suggestion } from './suggestion.ts'
import type { View } from './workspace.ts'

export function complete(file: string, text: string, offset: number, view: View): Completion {
  const place = placeAt(text, offset)
  const reading = readAround(file, text, place, offset, view)
  const at: Cursor = { place, reading, offset, way: wayTo(place) }
  if (place.expression !== undefined) return inExpression(place.expression, at)
  // An item of a list of words looks like a key that is being typed.
  const isValue = place.role === 'value' || (place.role === 'key' && at.way.at(-1) === ITEM && !isStep(at.way))
  const items = isValue ? valuesAt(at) : place.role === 'key' ? keysAt(at) : newItem(at)
  return { start: Math.min(offset, place.start + place.quote.length), end: place.end, items }
}

const NAME_START = /[$`]?\w*$/

function inExpression(source: string, { place, reading, offset }: Cursor): Completion {
  const partial = NAME_START.exec(source)?.[0] ?? ''
  const after = /^\w*/.exec(reading.text.slice(offset))?.[0] ?? ''
  const range = { start: offset - partial.length, end: offset + after.length }
  const sight = sightAt(reading, place.parts, offset)
  if (!sight) return { ...range, items: [] }
  const items = visibleAfter(source.slice(0, source.length - partial.length), sight).map(
    ({ name, kind, detail }): Suggestion => ({
      label: name,
      kind: kind === 'root' || kind === 'step' ? 'name' : kind,
      detail,
      ...(kind === 'function' ? { insert: `${name}(` } : { first: true }),
    }),
  )
  return { ...range, items }
}
