// What stands under `with` fits the action's input schema, as far as it is known before the run.
import { type Diagnostic, didYouMean, type Span } from '../../diagnostics/index.ts'
import { isObject, type Json, type JsonSchema, type SchemaProblem, unknown } from '../../values/index.ts'
import { inputsSchema } from '../catalogue.ts'
import * as codes from '../codes/index.ts'
import { problemsOf } from '../conform.ts'
import { purePathNames } from '../expressions/index.ts'
import type { ExpressionTemplate, Field, MapTemplate, Template } from '../model.ts'
import { wordProblem } from '../schema-diagnostics.ts'
import { kindsOf } from '../types/index.ts'
import { misfits } from './fits.ts'
import { typeOf } from './inference.ts'
import type { Call, RunbookCall, Sight, Survey } from './survey.ts'
import { lacksValue } from './value-types.ts'

/** Arguments and the schema that they are to fit; `head` stands for all of them. */
interface Given {
  readonly to: string
  readonly head: Span
  readonly with: MapTemplate
  readonly schema: JsonSchema
  readonly sight: Sight
}

export const checkArguments = ({ calls, runbookCalls }: Survey): readonly Diagnostic[] =>
  [...calls.map(givenToAction), ...runbookCalls.map(givenToRunbook)].flatMap(checkGiven)

const givenToAction = ({ step, sight, name, action }: Call): Given => ({
  to: name,
  head: step.actionSpan,
  with: step.with,
  schema: action.input,
  sight,
})

const givenToRunbook = ({ step, sight, runbook }: RunbookCall): Given => ({
  to: step.runbook,
  head: step.runbookSpan,
  with: step.with,
  schema: inputsSchema(runbook),
  sight,
})

function checkGiven(given: Given): readonly Diagnostic[] {
  const { schema, sight } = given
  const typed = checkFields(given.with.entries, schema, sight)
  const reported = new Set(typed.map(({ span }) => span?.start))
  const all = problemsOf(schema, known(given.with))
  const misspelt = new Set(all.map(({ property, known = [] }) => property && didYouMean(property, known)))
  const problems = all
    .filter(({ keyword, property }) => !(keyword === 'required' && misspelt.has(property)))
    .map((problem) => toDiagnostic(problem, given))
    .filter(({ span }) => !reported.has(span?.start))
  return [...typed, ...problems]
}

/** The template as a value: what an expression will yield is unknown. */
function known(template: Template): Json {
  switch (template.kind) {
    case 'literal':
      return template.value
    case 'expression':
      return unknown(template.source)
    case 'list':
      return template.items.map(known)
    case 'map':
      return Object.fromEntries(template.entries.map(({ name, value }) => [name, known(value)]))
  }
}

function checkFields(fields: readonly Field[], schema: JsonSchema, sight: Sight): readonly Diagnostic[] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  return fields.flatMap(({ name, value }) => {
    const slot = Object.hasOwn(properties, name) ? properties[name] : undefined
    return isObject(slot) ? checkSlot(name, value, slot, required.includes(name), sight) : []
  })
}

/** Targets and handles go only where their type fits; so do values whose type is known. */
function checkSlot(name: string, value: Template, slot: JsonSchema, required: boolean, sight: Sight): readonly Diagnostic[] {
  if (typeof slot['x-connection'] === 'string') return checkConnection(name, value, slot['x-connection'], sight)
  if (slot['x-resource'] !== undefined) return checkHandle(name, value, slot, sight)
  switch (value.kind) {
    case 'literal':
      return []
    case 'map':
      return checkFields(value.entries, slot, sight)
    case 'list': {
      const { items } = slot
      return isObject(items) ? value.items.flatMap((item) => checkSlot(name, item, items, false, sight)) : []
    }
    case 'expression':
      return checkValue(name, value, slot, required, sight)
  }
}

function checkValue(
  name: string,
  value: ExpressionTemplate,
  slot: JsonSchema,
  required: boolean,
  sight: Sight,
): readonly Diagnostic[] {
  const type = typeOf(value, sight)
  if (required && lacksValue(value, type, slot.type === 'array', sight))
    return [codes.absentPossible(value.span, 'needed', value.source, name)]
  return misfits(value, type, sight, slot, name)
}

function checkConnection(name: string, value: Template, wanted: string, sight: Sight): readonly Diagnostic[] {
  const type = typeOf(value, sight)
  if (value.kind !== 'expression') return [codes.connectionNotTarget(value.span, name, wanted)]
  if (type.any) return []
  const has = type.object?.connections
  if (!has) return type.object || kindsOf(type).length > 0 ? [codes.connectionNotTarget(value.span, name, wanted)] : []
  const wrong = has.find((each) => each !== wanted)
  const target = purePathNames(value.source)?.join('.') ?? name
  return wrong === undefined ? [] : [codes.connectionMismatch(value.span, target, wrong, wanted)]
}

function checkHandle(name: string, value: Template, slot: JsonSchema, sight: Sight): readonly Diagnostic[] {
  const wanted = [slot['x-resource']].flat().filter((each): each is string => typeof each === 'string')
  if (value.kind !== 'expression') return [codes.resourceNotHandle(value.span, name, wanted)]
  const type = typeOf(value, sight)
  if (type.any || kindsOf(type).length === 0) return []
  const has = type.object?.resources ?? []
  if (has.length === 0) return type.object?.rest ? [] : [codes.resourceNotHandle(value.span, name, wanted)]
  // An empty list takes the handle of any resource.
  return wanted.length === 0 || has.every((each) => wanted.includes(each))
    ? []
    : [codes.resourceMismatch(value.span, has, wanted)]
}

function toDiagnostic(problem: SchemaProblem, given: Given): Diagnostic {
  const { keyword, path, property } = problem
  const template = closest(given.with, path)
  const where = path.length === 0 ? given.to : path.join('.')
  if (keyword === 'required') {
    const head = path.length === 0 ? given.head : headOf(template)
    return codes.argumentMissing(head, property ?? '', where)
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const field = template.kind === 'map' ? template.entries.find((each) => each.name === property) : undefined
    return codes.argumentUnknown(field?.nameSpan ?? headOf(template), property ?? '', where, problem.known ?? [])
  }
  return codes.argumentInvalid(headOf(template), where, wordProblem(problem))
}

const headOf = (template: Template): Span =>
  template.kind === 'map' ? (template.entries[0]?.nameSpan ?? template.span) : template.span

function closest(template: Template, [first, ...rest]: readonly string[]): Template {
  if (first === undefined) return template
  const next =
    template.kind === 'map'
      ? template.entries.find(({ name }) => name === first)?.value
      : template.kind === 'list'
        ? template.items[Number(first)]
        : undefined
  return next ? closest(next, rest) : template
}
