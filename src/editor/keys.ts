// Keys that can be written at the cursor.
import { textsWhere } from '../language/index.ts'
import { argumentSchema, type Cursor, stepWith } from './cursor.ts'
import { propertyDocs } from './docs.ts'
import { isStep, type KnownKey, keysOf, keysOfStep, schemasAt, VERBS, type Way } from './grammar.ts'
import { type Reading, usesIn } from './reading.ts'
import type { Suggestion } from './suggestion.ts'

export function keysAt(at: Cursor): readonly Suggestion[] {
  const { place, way } = at
  const own = isStep(way)
    ? stepKeys(at)
    : (namedKeys(at) ??
      schemasAt(way)
        .flatMap(keysOf)
        .map((key) => keySuggestion(key, 'key')))
  const known = new Set<string>()
  return own.filter(({ label }) => {
    if (place.siblings.includes(label) || known.has(label)) return false
    known.add(label)
    return true
  })
}

const stepKeys = ({ place }: Cursor): readonly Suggestion[] =>
  keysOfStep(place.siblings).map((key) => keySuggestion(key, VERBS.includes(key.key) ? 'verb' : 'key'))

const keySuggestion = ({ key, schema, required }: KnownKey, kind: 'key' | 'verb'): Suggestion => {
  const docs = propertyDocs(schema)
  return {
    label: key,
    kind,
    insert: `${key}: `,
    ...(required ? { detail: 'required' } : {}),
    ...(docs === undefined ? {} : { docs }),
    ...(required ? { first: true } : {}),
  }
}

/** Keys that the author chooses among names of something else. */
function namedKeys(at: Cursor): readonly Suggestion[] | undefined {
  const { way, reading } = at
  if (way.length === 1 && way[0] === 'use') return packAliases(reading)
  const schema = argumentSchema(at)
  if (schema) return keysOf(schema).map((key) => keySuggestion(key, 'key'))
  if (way[0] === 'inputs') return schemaKeywords(way)
  if (way.at(-1) === 'cases' && way.at(-2) === 'switch') return casesOf(at)
  return undefined
}

function packAliases({ view, text }: Reading): readonly Suggestion[] {
  const used = usesIn(text).map(({ pack }) => pack)
  return Object.values(view.catalogue.packs)
    .filter(({ name }) => !used.includes(name))
    .map(({ name, version, title }) => {
      const alias = name.split('-').at(-1) ?? name
      return { label: alias, kind: 'pack', insert: `${alias}: ${name}@^${version}`, detail: `${name}@^${version}`, docs: title }
    })
}

const SCHEMA_KEYWORDS: Readonly<Record<string, string>> = {
  type: 'Kind of value: string, integer, number, boolean, array, object or null.',
  description: 'What the input is, for people.',
  default: 'Taken where the operator gives none.',
  properties: 'The properties of an object, each with its schema.',
  required: 'Names of the properties that must be given.',
  additionalProperties: 'false refuses properties that are not listed.',
  items: 'Schema of each item of a list.',
  enum: 'The values that are allowed.',
  const: 'The only value that is allowed.',
  minimum: 'Smallest number.',
  maximum: 'Largest number.',
  minLength: 'Shortest text.',
  maxLength: 'Longest text.',
  pattern: 'A regular expression that the text matches.',
  format: 'Such as date-time, uri or uuid.',
  minItems: 'Fewest items.',
  maxItems: 'Most items.',
  uniqueItems: 'No item stands twice.',
}

/** Below `inputs` stands a JSON Schema; names of properties are the author's. */
const schemaKeywords = (way: Way): readonly Suggestion[] =>
  way.at(-1) === 'properties' && way.at(-2) !== 'properties'
    ? []
    : Object.entries(SCHEMA_KEYWORDS).map(([key, docs]) => ({ label: key, kind: 'key', insert: `${key}: `, docs }))

/** The words that the value of a switch can be. */
function casesOf({ place, reading }: Cursor): readonly Suggestion[] {
  const step = stepWith('switch', place, reading)
  const sight = reading.survey?.visits.find((visit) => visit.step === step)?.sight
  if (step?.kind !== 'switch' || step.on.kind !== 'expression' || !sight) return []
  return textsWhere(step.on.source, sight).map((text) => ({ label: text, kind: 'word', insert: `${text}:` }))
}

/** A new item of a list of steps starts with its id. */
export const newItem = ({ way }: Cursor): readonly Suggestion[] =>
  way.at(-1) === 'steps' ? [{ label: '- id', kind: 'key', insert: '- id: ', docs: 'A new step.' }] : []
