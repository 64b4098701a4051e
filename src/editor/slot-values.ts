// Values that can be written at the cursor.
import { earlierSteps } from '../language/index.ts'
import { isObject, type Json, type JsonSchema } from '../values/index.ts'
import { argumentSchema, type Cursor, stepWith } from './cursor.ts'
import { actionDocs } from './docs.ts'
import { failuresIn } from './failures.ts'
import { ITEM, isStep, schemasAt, wordsOf } from './grammar.ts'
import { type Reading, sightAt, targetsIn, usesIn } from './reading.ts'
import type { Suggestion } from './suggestion.ts'

export function valuesAt(at: Cursor): readonly Suggestion[] {
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

function owners({ reading, place, offset }: Cursor): readonly Suggestion[] {
  const around = sightAt(reading, place.parts, offset)?.around ?? []
  return around.flatMap(({ kind, id }): readonly Suggestion[] =>
    kind === 'scope' || kind === 'foreach' ? [{ label: id, kind: 'name', detail: kind }] : [],
  )
}

function held({ reading, place, offset }: Cursor): readonly Suggestion[] {
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
function argumentValues(schema: JsonSchema, at: Cursor): readonly Suggestion[] {
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
