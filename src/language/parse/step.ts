// One step: id, guard and exactly one verb of the table.
import { didYouMean } from '../../diagnostics/index.ts'
import type { JsonSchema } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import type { Step } from '../model.ts'
import type { YamlEntry, YamlMap, YamlNode } from '../syntax/index.ts'
import {
  asMap,
  headOf,
  identifier,
  type Keys,
  named,
  optional,
  propertySchemas,
  type Read,
  type Reading,
  readKeys,
  required,
  type Shape,
  spanned,
} from './shape.ts'
import { condition } from './values.ts'
import { type Verb, verbs } from './verbs/index.ts'

export const step: Shape<Step> = named('step', () => ({ schema: {}, read: readStep }))

const VERBS = verbs(step)

const BASE = {
  id: required(spanned(identifier('a step id')), 'Names the step: steps.<id> in expressions, and in every log.'),
  if: optional(condition, 'The step is skipped when this is false; its output is then { skipped: true }.'),
} as const

const VERB_NAMES = VERBS.map(({ name }) => name)
const ALL_KEYS: Keys = Object.assign({}, BASE, ...VERBS.map(({ keys }) => keys))
const ALL_NAMES = Object.keys(ALL_KEYS)

function readStep(node: YamlNode, to: Reading): Step | undefined {
  const map = asMap(node, 'a step', to)
  if (!map) return undefined
  const verb = verbOf(map, to)
  refuseOtherKeys(map, verb, to)
  const read = readKeys(map, BASE, 'the step', to)
  // Without an id the rest is still read, for its problems.
  const base = { id: '', idSpan: headOf(map), ...(read && baseOf(read)), span: node.span }
  const made = verb?.read(map, base, to)
  if (read && made) return made
  if (read) to.broken.set(read.id.value, to.text.slice(node.span.start, node.span.end))
  return undefined
}

const baseOf = ({ id, if: guard }: Read<typeof BASE>) => ({ id: id.value, idSpan: id.span, ...(guard ? { if: guard } : {}) })

function verbOf(map: YamlMap, to: Reading): Verb | undefined {
  const present = VERBS.filter(({ name }) => map.entries.some(({ key }) => key === name))
  const names = present.map(({ name }) => name)
  if (names.length > 1) to.diagnostics.push(codes.verbAmbiguous(headOf(map), names))
  if (present.length === 0 && !map.entries.some(isMisspeltVerb)) to.diagnostics.push(codes.verbMissing(headOf(map), VERB_NAMES))
  return present.length === 1 ? present[0] : undefined
}

/** What is said of such a key says it all. */
const isMisspeltVerb = ({ key }: YamlEntry): boolean =>
  !ALL_NAMES.includes(key) && VERB_NAMES.includes(didYouMean(key, ALL_NAMES) ?? '')

function refuseOtherKeys(map: YamlMap, verb: Verb | undefined, to: Reading): void {
  const known = verb ? [...Object.keys(BASE), ...Object.keys(verb.keys)] : ALL_NAMES
  for (const { key, keySpan } of map.entries) {
    if (known.includes(key)) continue
    const owner = VERBS.find(({ keys }) => Object.hasOwn(keys, key))
    to.diagnostics.push(
      verb && owner ? codes.keyOfOtherVerb(keySpan, key, verb.name, owner.name) : codes.keyUnknown(keySpan, key, known, 'a step'),
    )
  }
}

/** JSON Schema of a step, for `$defs`. */
export const stepSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: propertySchemas(ALL_KEYS),
  oneOf: VERB_NAMES.map((name) => ({ required: [name] })),
  dependentSchemas: Object.fromEntries(
    Object.keys(ALL_KEYS)
      .filter((key) => !(key in BASE) && !VERB_NAMES.includes(key))
      .map((key) => [key, { anyOf: verbsWith(key).map((name) => ({ required: [name] })) }]),
  ),
}

function verbsWith(key: string): readonly string[] {
  return VERBS.filter(({ keys }) => Object.hasOwn(keys, key)).map(({ name }) => name)
}
