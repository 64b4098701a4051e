// What stands under `with` fits the action's input schema, as far as it is known before the run.
import { type Diagnostic, didYouMean, type Span } from '../../diagnostics/index.ts'
import { isObject, type Json, type JsonSchema, type SchemaProblem, unknown } from '../../values/index.ts'
import * as codes from '../codes.ts'
import { problemsOf } from '../conform.ts'
import { purePathNames } from '../expressions/index.ts'
import type { Field, Template } from '../model.ts'
import { wordProblem } from '../schema-diagnostics.ts'
import { typeOf } from './static-type.ts'
import type { Call, Survey } from './survey.ts'

export const checkArguments = ({ calls }: Survey): readonly Diagnostic[] => calls.flatMap(checkCall)

function checkCall(call: Call): readonly Diagnostic[] {
  const { step, action } = call
  const typed = step.with.entries.flatMap((field) => checkSlot(field, call) ?? [])
  const reported = new Set(typed.map(({ span }) => span?.start))
  const all = problemsOf(action.input, known(step.with))
  const misspelt = new Set(all.map(({ property, known = [] }) => property && didYouMean(property, known)))
  const problems = all
    .filter(({ keyword, property }) => !(keyword === 'required' && misspelt.has(property)))
    .map((problem) => toDiagnostic(problem, call))
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

/** Targets and handles go only where their type fits; so do values whose type is known. */
function checkSlot({ name, value }: Field, { action, sight }: Call): Diagnostic | undefined {
  const slot = isObject(action.input.properties) ? action.input.properties[name] : undefined
  if (!isObject(slot)) return undefined
  const type = value.kind === 'expression' ? typeOf(value, sight.roots) : undefined
  const wanted = slot['x-connection']
  if (typeof wanted === 'string') {
    if (value.kind !== 'expression') return codes.connectionNotTarget(value.span, name, wanted)
    if (type === undefined) return undefined
    const has = type['x-connection']
    if (typeof has !== 'string') return codes.connectionNotTarget(value.span, name, wanted)
    return has === wanted
      ? undefined
      : codes.connectionMismatch(value.span, purePathNames(value.source)?.join('.') ?? name, has, wanted)
  }
  if (slot['x-resource'] !== undefined) return checkHandle(name, value, slot, type)
  return checkType(name, value.span, slot, type)
}

function checkHandle(name: string, value: Template, slot: JsonSchema, type: JsonSchema | undefined): Diagnostic | undefined {
  const wanted = [slot['x-resource']].flat().filter((each): each is string => typeof each === 'string')
  if (value.kind !== 'expression') return codes.resourceNotHandle(value.span, name, wanted)
  if (type === undefined) return undefined
  const has = [type['x-resource']].flat().filter((each): each is string => typeof each === 'string')
  if (has.length === 0) return codes.resourceNotHandle(value.span, name, wanted)
  // An empty list takes the handle of any resource.
  return wanted.length === 0 || has.every((each) => wanted.includes(each))
    ? undefined
    : codes.resourceMismatch(value.span, has, wanted)
}

const SIMPLE = new Set(['string', 'boolean', 'number', 'integer', 'object'])

/** Only plain types are compared; a list takes one thing too. */
function checkType(name: string, span: Span, slot: JsonSchema, type: JsonSchema | undefined): Diagnostic | undefined {
  const wants = slot.type
  const has = type?.type
  if (typeof wants !== 'string' || typeof has !== 'string' || wants === has) return undefined
  if (!SIMPLE.has(wants) || !(SIMPLE.has(has) || has === 'array') || (wants === 'number' && has === 'integer')) return undefined
  // A number may turn out whole.
  if (wants === 'integer' && has === 'number') return undefined
  return codes.argumentInvalid(span, name, `must be ${wants}, but this is ${has}`)
}

function toDiagnostic(problem: SchemaProblem, { step, name: action }: Call): Diagnostic {
  const { keyword, path, property } = problem
  const template = closest(step.with, path)
  const where = path.length === 0 ? action : path.join('.')
  if (keyword === 'required') {
    const head = path.length === 0 ? step.actionSpan : headOf(template)
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
