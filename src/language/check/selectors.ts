// What an action changes is named: a selector that may be empty, or lose a part of itself, would select everything.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { isObject, type Json, type JsonSchema } from '../../values/index.ts'
import { selectorOpen } from '../codes/index.ts'
import type { ExpressionTemplate, MapTemplate, Template } from '../model.ts'
import { mayBeAbsent, type Type } from '../types/index.ts'
import { typeOf } from './inference.ts'
import type { Call, Sight, Survey } from './survey.ts'
import { lacksValue } from './value-types.ts'

export const checkSelectors = ({ calls }: Survey): readonly Diagnostic[] => calls.flatMap(checkCall)

function checkCall(call: Call): readonly Diagnostic[] {
  const { step, action } = call
  return action.effect === 'read' ? [] : checkFields(step.with, action.input, call)
}

function checkFields(fields: MapTemplate, { properties, required = [] }: JsonSchema, call: Call): readonly Diagnostic[] {
  return Object.entries(isObject(properties) ? properties : {}).flatMap(([name, slot]) => {
    if (!isObject(slot)) return []
    const given = fields.entries.find((field) => field.name === name)?.value
    if (slot['x-selector'] === true)
      return checkSelector(name, slot, given, Array.isArray(required) && required.includes(name), call)
    return given?.kind === 'map' ? checkFields(given, slot, call) : []
  })
}

function checkSelector(
  name: string,
  slot: JsonSchema,
  given: Template | undefined,
  isRequired: boolean,
  { step, sight }: Call,
): readonly Diagnostic[] {
  // What is required and may be absent is told by the check of arguments.
  if (isRequired && (!given || lacksValue(given, typeOf(given, sight), slot.type === 'array', sight))) return []
  if (!given) return slot.default === undefined ? [selectorOpen(step.actionSpan, name, 'absent', step.action)] : []
  if (isEmpty(given)) return []
  return gapsIn(given, name, sight).map(({ span, part, state }) => selectorOpen(span, part, state, step.action))
}

/** Told by the check of arguments: the schema of a selector refuses emptiness. */
const isEmpty = (template: Template): boolean =>
  template.kind === 'literal' ||
  (template.kind === 'list' && template.items.length === 0) ||
  (template.kind === 'map' && template.entries.length === 0)

interface Gap {
  readonly span: Span
  readonly part: string
  readonly state: 'absent' | 'empty'
}

function gapsIn(template: Template, name: string, sight: Sight): readonly Gap[] {
  const { span } = template
  switch (template.kind) {
    case 'literal':
      return gapsOfValue(template.value, name).map((gap) => ({ ...gap, span }))
    case 'expression':
      return gapsOfType(typeOf(template, sight), name)
        .slice(0, 1)
        .map((gap) => ({ ...gap, span, part: gap.part === name ? shown(template, name) : gap.part }))
    case 'list':
      if (template.items.length === 0) return [{ span, part: name, state: 'empty' }]
      return template.items.flatMap((item) => gapsIn(item, name, sight))
    case 'map':
      if (template.entries.length === 0) return [{ span, part: name, state: 'empty' }]
      return template.entries.flatMap((entry) => gapsIn(entry.value, entry.name, sight))
  }
}

/** An expression as it stands there, when it is short. */
const shown = ({ source }: ExpressionTemplate, name: string): string =>
  source.length > 60 || /[\r\n]/.test(source) ? name : source.trim()

type Open = Omit<Gap, 'span'>

function gapsOfValue(value: Json, part: string): readonly Open[] {
  if (value === null) return [{ part, state: 'absent' }]
  if (value === '') return [{ part, state: 'empty' }]
  if (typeof value !== 'object') return []
  const inner = Object.entries(value)
  if (inner.length === 0) return [{ part, state: 'empty' }]
  return inner.flatMap(([name, each]) => gapsOfValue(each, Array.isArray(value) ? part : name))
}

/** What is known to be possible; of what is not known nothing is said. */
function gapsOfType(type: Type, part: string): readonly Open[] {
  if (mayBeAbsent(type)) return [{ part, state: type.absent === 'empty' ? 'empty' : 'absent' }]
  if (type.any) return []
  const { string, array, object } = type
  if (type.null) return [{ part, state: 'absent' }]
  if (Array.isArray(string) && string.includes('')) return [{ part, state: 'empty' }]
  if (array) return array.min === 0 ? [{ part, state: 'empty' }] : gapsOfType(array.items, part)
  if (!object) return []
  const properties = Object.entries(object.properties)
  if (properties.length === 0) return object.rest ? [] : [{ part, state: 'empty' }]
  return properties.flatMap(([name, property]) => gapsOfType(property, name))
}
