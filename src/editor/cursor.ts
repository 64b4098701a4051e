// The cursor in a document under completion: where it stands, and what the step around it calls.
import type { Step } from '../language/index.ts'
import type { JsonSchema } from '../values/index.ts'
import { ITEM, isStep, schemasAt, type Way } from './grammar.ts'
import { mapAround, valueText } from './lines.ts'
import type { Part, Place } from './place.ts'
import { actionOf, type Reading, stepAt } from './reading.ts'

export interface Cursor {
  readonly place: Place
  readonly reading: Reading
  readonly offset: number
  readonly way: Way
}

/** The keys that lead to a place. */
export const wayTo = ({ parts }: Place): Way => parts.map((part) => (part.kind === 'key' ? part.key : ITEM))

/** What the action, or the runbook, that the step calls takes at this place below `with`. */
export function argumentSchema({ place, reading, way }: Omit<Cursor, 'offset'>): JsonSchema | undefined {
  const index = way.lastIndexOf('with')
  const withPart = place.parts[index]
  if (!withPart || !isStep(way.slice(0, index))) return undefined
  const beside = besides(withPart, place)
  const uses = beside('uses')
  const input = uses === undefined ? runbookInputs(beside('runbook'), reading) : actionOf(uses, reading)?.input
  return input && schemasAt(way.slice(index + 1), input)[0]
}

const runbookInputs = (written: string | undefined, { view }: Reading): JsonSchema | undefined =>
  written === undefined ? undefined : view.catalogue.runbook(written.replace(/@.*$/, ''))?.inputs

/** Values of the keys beside one. */
function besides(part: Part, { lines }: Place): (key: string) => string | undefined {
  const map = mapAround(lines, part.line, part.column)
  return (key) => {
    const line = map.get(key)
    return line && valueText(line)
  }
}

/** The step whose key of that name leads to the place. */
export const stepWith = (key: string, { parts }: Place, reading: Reading): Step | undefined => {
  const part = parts.findLast((each) => each.kind === 'key' && each.key === key)
  return part && stepAt(reading, part.offset)
}
