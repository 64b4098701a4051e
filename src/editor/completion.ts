// What can be written at the cursor. Pure: a text, an offset and the packs at hand in, suggestions out.
import { earlierSteps, type Step, textsWhere, visibleAfter } from '../language/index.ts'
import { isObject, type Json, type JsonSchema } from '../values/index.ts'
import { actionDocs, propertyDocs } from './docs.ts'
import { failuresIn } from './failures.ts'
import { ITEM, isStep, type KnownKey, keysOf, keysOfStep, schemasAt, VERBS, type Way, wordsOf } from './grammar.ts'
import { mapAround, valueText } from './lines.ts'
import { type Part, type Place, placeAt } from './place.ts'
import { actionOf, type Reading, readAround, sightAt, stepAt, targetsIn, usesIn } from './reading.ts'
import type { Completion, Suggestion } from './suggestion.ts'
import type { View } from './workspace.ts'

interface At {
  readonly place: Place
  readonly reading: Reading
  readonly offset: number
  readonly way: Way
}

export function complete(file: string, text: string, offset: number, view: View): Completion {
  const place = placeAt(text, offset)
  const reading = readAround(file, text, place, offset, view)
  const at: At = { place, reading, offset, way: place.parts.map((part) => (part.kind === 'key' ? part.key : ITEM)) }
  if (place.expression !== undefined) return inExpression(place.expression, at)
  // An item of a list of words looks like a key that is being typed.
  const isValue = place.role === 'value' || (place.role === 'key' && at.way.at(-1) === ITEM && !isStep(at.way))
  const items = isValue ? valuesAt(at) : place.role === 'key' ? keysAt(at) : newItem(at)
  return { start: Math.min(offset, place.start + place.quote.length), end: place.end, items }
}

// ---- expressions ---------------------------------------------------------------------------------------------------------------------

const NAME_START = /[$`]?\w*$/

function inExpression(source: string, { place, reading, offset }: At): Completion {
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

// ---- keys ----------------------------------------------------------------------------------------------------------------------------

function keysAt(at: At): readonly Suggestion[] {
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

const stepKeys = ({ place }: At): readonly Suggestion[] =>
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
function namedKeys(at: At): readonly Suggestion[] | undefined {
  const { way, reading } = at
  if (way.length === 1 && way[0] === 'use') return packAliases(reading)
  const schema = argumentSchema(at)
  if (schema) return keysOf(schema).map((key) => keySuggestion(key, 'key'))
  if (way[0] === 'inputs') return schemaKeywords(way)
  if (way.at(-1) === 'cases' && way.at(-2) === 'switch') return casesOf(at)
  return undefined
}

/** What the action, or the runbook, that the step calls takes at this place below `with`. */
function argumentSchema({ place, reading, way }: At): JsonSchema | undefined {
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
function casesOf({ place, reading }: At): readonly Suggestion[] {
  const step = stepWith('switch', place, reading)
  const sight = reading.survey?.visits.find((visit) => visit.step === step)?.sight
  if (step?.kind !== 'switch' || step.on.kind !== 'expression' || !sight) return []
  return textsWhere(step.on.source, sight).map((text) => ({ label: text, kind: 'word', insert: `${text}:` }))
}

/** The step whose key of that name leads to the place. */
const stepWith = (key: string, { parts }: Place, reading: Reading): Step | undefined => {
  const part = parts.findLast((each) => each.kind === 'key' && each.key === key)
  return part && stepAt(reading, part.offset)
}

/** A new item of a list of steps starts with its id. */
const newItem = ({ way }: At): readonly Suggestion[] =>
  way.at(-1) === 'steps' ? [{ label: '- id', kind: 'key', insert: '- id: ', docs: 'A new step.' }] : []

// ---- values --------------------------------------------------------------------------------------------------------------------------

function valuesAt(at: At): readonly Suggestion[] {
  const { way, reading, place } = at
  if (place.typed.startsWith('${')) return []
  const key = way.findLast((part) => part !== ITEM)
  if (way.length === 2 && way[0] === 'use') return packRanges(reading)
  if (way.length === 2 && way[0] === 'targets') return connectionTypes(reading)
  if (isStep(way.slice(0, -1))) {
    if (key === 'uses') return actions(reading)
    if (key === 'owner') return owners(at)
    if (key === 'end') return held(at)
    if (key === 'runbook') return runbooks(reading)
  }
  if (key === 'on' && way.includes('catch')) return failuresIn(reading, stepWith('catch', place, reading))
  const schema = argumentSchema(at)
  if (schema) return argumentValues(schema, at)
  return schemasAt(way).flatMap(wordsOf).map(word)
}

const word = (value: Json): Suggestion => ({ label: String(value), kind: 'word' })

const packRanges = ({ view }: Reading): readonly Suggestion[] =>
  Object.values(view.catalogue.packs)
    .filter(({ name }) => name !== 'core')
    .map(({ name, version, title }) => ({ label: `${name}@^${version}`, kind: 'pack', detail: title }))

const connectionTypes = ({ text, view }: Reading): readonly Suggestion[] =>
  usesIn(text).flatMap(({ alias, pack }) =>
    Object.entries(view.catalogue.packs[pack]?.connections ?? {}).map(
      ([name, { title }]): Suggestion => ({
        label: `${alias}/${name}`,
        kind: 'type',
        detail: title,
      }),
    ),
  )

const actions = (reading: Reading): readonly Suggestion[] =>
  usesIn(reading.text).flatMap(({ alias, pack }) =>
    Object.entries(reading.view.catalogue.packs[pack]?.actions ?? {}).map(
      ([name, action]): Suggestion => ({
        label: `${alias}/${name}`,
        kind: 'action',
        detail: action.effect,
        docs: actionDocs(action, reading.view),
      }),
    ),
  )

const runbooks = ({ view }: Reading): readonly Suggestion[] =>
  view.catalogue.runbookNames().map((name) => {
    const { version, title } = view.catalogue.runbook(name) ?? {}
    return {
      label: version === undefined ? name : `${name}@^${version}`,
      kind: 'name',
      ...(title === undefined ? {} : { detail: title }),
    }
  })

function owners({ reading, place, offset }: At): readonly Suggestion[] {
  const around = sightAt(reading, place.parts, offset)?.around ?? []
  return around.flatMap(({ kind, id }): readonly Suggestion[] =>
    kind === 'scope' || kind === 'foreach' ? [{ label: id, kind: 'name', detail: kind }] : [],
  )
}

function held({ reading, place, offset }: At): readonly Suggestion[] {
  const sight = sightAt(reading, place.parts, offset)
  const acquiring = new Map(
    reading.survey?.calls.flatMap(({ step, action }) => (action.effect === 'acquire' ? [[step, action] as const] : [])),
  )
  return (sight ? earlierSteps(sight) : []).flatMap((step): readonly Suggestion[] => {
    const action = step.kind === 'uses' ? acquiring.get(step) : undefined
    return action ? [{ label: step.id, kind: 'name', detail: action.resource ?? 'held' }] : []
  })
}

/** Targets and handles that fit, and the words of the slot. */
function argumentValues(schema: JsonSchema, at: At): readonly Suggestion[] {
  const { reading } = at
  const connection = schema['x-connection']
  if (typeof connection === 'string') {
    return [...targetsIn(reading.text)]
      .filter(([, type]) => type === connection)
      .map(([name]) => ({ label: `\${ targets.${name} }`, kind: 'name', detail: connection }))
  }
  const resources = [schema['x-resource']].flat().filter((each) => typeof each === 'string')
  if (schema['x-resource'] !== undefined) {
    return held(at)
      .filter(({ detail = '' }) => resources.length === 0 || resources.includes(detail))
      .map((each) => ({ ...each, label: `\${ steps.${each.label}.handle }` }))
  }
  const words = wordsOf(schema).map(word)
  const { default: preset } = schema
  return words.length > 0 || preset === undefined || isObject(preset) ? words : [{ ...word(preset), detail: 'default' }]
}
