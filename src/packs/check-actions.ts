// Rules for actions: what they are bound to, what they name, and what their expressions may refer to.
import { references, type Template, wordProblem } from '../language/index.ts'
import { isObject, type Json, type JsonSchema, schemaProblems } from '../values/index.ts'
import { actionNamed, type Checked, checkName, presence, propertiesOf, requiredOf, shown } from './checked.ts'
import * as codes from './codes.ts'
import type { Action, Operation } from './model.ts'
import type { Path } from './place.ts'
import type { RawAction } from './raw-manifest.ts'
import { deepest } from './shape.ts'

export function checkActions(checked: Checked): void {
  for (const [name, shape] of Object.entries(checked.raw.shapes ?? {})) checkSchema(checked, shape, ['shapes', name])
  for (const [name, action] of Object.entries(checked.pack.actions)) {
    const raw = checked.raw.actions?.[name]
    if (!raw) continue
    const path: Path = ['actions', name]
    checkBinding(checked, name, raw, path)
    checkResource(checked, name, raw, path)
    for (const side of ['input', 'output'] as const) {
      checkSchema(checked, raw[side], [...path, side])
      checkIsObject(checked, raw[side], [...path, side])
    }
    for (const [index, failure] of (raw.fails ?? []).entries())
      checkName(checked, 'failures', failure, [...path, 'fails', String(index)])
    if (action.effect !== 'read') checkSelectors(checked, name, raw.input, [...path, 'input'])
    checkRoots(checked, action.lock, ['input'])
    checkFailureRoots(checked, Object.values(action.failures))
    if (action.does.kind === 'operation') checkOperationNames(checked, action, action.does, raw, path)
  }
  for (const completion of Object.values(checked.pack.completions)) {
    checkRoots(checked, completion.id, ['response', 'input'])
    checkRequestRoots(checked, completion.request, ['id', 'input'])
    checkRoots(checked, completion.task, ['response', 'id', 'input'])
    checkRoots(checked, completion.done, ['task', 'response'])
    checkRoots(checked, completion.failed, ['task', 'response'])
  }
  for (const paging of Object.values(checked.pack.pagings)) {
    checkRoots(checked, paging.next, ['response', 'request', 'input'])
    checkRoots(checked, paging.items, ['response', 'input'])
  }
}

const OPERATION_KEYS = ['request', 'bodyInto', 'completes', 'pages', 'readBack', 'result'] as const

function checkBinding(checked: Checked, name: string, raw: RawAction, path: Path): void {
  if (raw.operation !== undefined && raw.handler) checked.report(codes.bindingDouble(checked.at([...path, 'handler']), name))
  if (raw.operation === undefined && !raw.handler) checked.report(codes.bindingMissing(checked.at(path), name))
  if (raw.operation !== undefined && checked.raw.openapi === undefined) {
    checked.report(codes.openapiMissing(checked.at([...path, 'operation'])))
  }
  if (raw.operation !== undefined) return
  for (const key of OPERATION_KEYS) {
    if (raw[key] !== undefined) checked.report(codes.bindingForeign(checked.at([...path, key]), key))
  }
}

function checkResource(checked: Checked, name: string, raw: RawAction, path: Path): void {
  const holds = raw.effect === 'acquire' || raw.effect === 'release'
  if (raw.resource !== undefined) checkName(checked, 'resources', raw.resource, [...path, 'resource'])
  if (holds && raw.resource === undefined) {
    checked.report(codes.resourceMissing(checked.at([...path, 'effect']), name, raw.effect))
  }
  if (!holds && raw.resource !== undefined) {
    checked.report(codes.resourceUnexpected(checked.at([...path, 'resource']), name, raw.effect))
  }
}

function checkSchema(checked: Checked, schema: JsonSchema, path: Path): void {
  for (const problem of deepest(schemaProblems(schema))) {
    const place = problem.path.at(-1) ?? path.at(-1)
    checked.report(codes.schemaInvalid(checked.at([...path, ...problem.path]), `${place} ${wordProblem(problem)}`))
  }
  checkSlots(checked, schema, path)
}

function checkIsObject(checked: Checked, { type }: JsonSchema, path: Path): void {
  if (type !== undefined && type !== 'object')
    checked.report(codes.schemaInvalid(checked.at([...path, 'type']), 'inputs and outputs are objects'))
}

function checkSlots(checked: Checked, schema: Json, path: Path): void {
  for (const [key, value] of entriesOf(schema)) {
    const place = [...path, key]
    if (key === 'x-connection') checkName(checked, 'connections', String(value), place)
    else if (key !== 'x-resource') checkSlots(checked, value, place)
    else if (!Array.isArray(value)) checkName(checked, 'resources', String(value), place)
    else for (const [index, name] of value.entries()) checkName(checked, 'resources', String(name), [...place, String(index)])
  }
}

/** What a change is narrowed by: an empty selector would select everything. */
function checkSelectors(checked: Checked, name: string, schema: JsonSchema, path: Path): void {
  for (const [property, slot] of Object.entries(propertiesOf(schema))) {
    if (!isObject(slot)) continue
    const place = [...path, 'properties', property]
    const wants = [
      ...(requiredOf(schema).includes(property) ? [] : [`${property} to required`]),
      ...(refusesEmptiness(slot) ? [] : [EMPTINESS[String(slot.type)] ?? 'a type']),
    ]
    if (slot['x-selector'] !== true) checkSelectors(checked, name, slot, place)
    else if (wants.length > 0) checked.report(codes.selectorOpen(checked.at(place), property, name, wants))
  }
}

const EMPTINESS: Readonly<Record<string, string>> = {
  string: 'minLength: 1',
  array: 'minItems: 1',
  object: 'minProperties: 1, or required properties',
}

function refusesEmptiness(slot: JsonSchema): boolean {
  if (slot.enum !== undefined || slot.const !== undefined) return true
  switch (slot.type) {
    case 'string':
      return Number(slot.minLength ?? 0) > 0 || slot.pattern !== undefined || slot.format !== undefined
    case 'array':
      return Number(slot.minItems ?? 0) > 0
    case 'object':
      return Number(slot.minProperties ?? 0) > 0 || requiredOf(slot).length > 0
    default:
      return slot.type !== undefined
  }
}

/** Of a list, with the indices as keys. */
function entriesOf(value: Json): readonly (readonly [key: string, value: Json])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function checkOperationNames(checked: Checked, action: Action, does: Operation, raw: RawAction, path: Path): void {
  if (does.completes !== undefined) checkName(checked, 'completions', does.completes, [...path, 'completes'])
  if (does.pages !== undefined) checkName(checked, 'pagings', does.pages, [...path, 'pages'])
  checkRequestRoots(checked, does.request, ['input', 'attempt'])
  if (raw.result !== undefined) {
    checkRoots(checked, does.result, ['input', 'attempt', 'response', 'task', 'items', 'readBack', 'kept'])
  }
  checkRoots(checked, does.bodyInto, ['input'])
  if (does.readBack && raw.readBack) checkReadBack(checked, action, does.readBack, raw.readBack.action, path)
  if (action.idempotent === 'keyed' && !templatesOf(does.request).some(sendsKey)) {
    checked.report(codes.keyUnused(checked.at([...path, 'idempotent']), shown(checked, action.name)))
  }
}

function checkReadBack(
  checked: Checked,
  action: Action,
  readBack: NonNullable<Operation['readBack']>,
  written: string,
  path: Path,
) {
  const place = [...path, 'readBack', 'action']
  checkName(checked, 'actions', written, place)
  checkRoots(checked, readBack.until, ['result', 'input'])
  const called = actionNamed(checked, readBack.action)
  if (!called) return
  if (called.effect !== 'read') checked.report(codes.effectWrong(checked.at(place), 'readBack', written, called.effect, 'read'))
  for (const name of requiredOf(called.input)) {
    const sources = [presence(action.input, name), presence(action.output, name)]
    if (sources.includes('always')) continue
    const weak = sources.includes('perhaps')
    checked.report(
      codes.inputUnobtainable(
        checked.at(place),
        'readBack',
        shown(checked, called.name),
        name,
        shown(checked, action.name),
        weak,
      ),
    )
  }
}

const templatesOf = ({ path, query, headers, body, bodyFrom }: Operation['request']): readonly Template[] => [
  ...[...path, ...query, ...headers].map(({ value }) => value),
  ...(body === undefined ? [] : [body]),
  ...(bodyFrom === undefined ? [] : [bodyFrom]),
]

const sendsKey = (template: Template): boolean =>
  references(template).some(({ root, path }) => root === 'attempt' && (path[0] === 'key' || path.length === 0))

function checkRequestRoots(checked: Checked, request: Operation['request'], roots: readonly string[]): void {
  for (const template of templatesOf(request)) checkRoots(checked, template, roots)
}

function checkFailureRoots(checked: Checked, failures: readonly { readonly when?: Template }[]): void {
  for (const { when } of failures) checkRoots(checked, when, ['response', 'task', 'input'])
}

function checkRoots(checked: Checked, template: Template | undefined, roots: readonly string[]): void {
  if (template === undefined) return
  for (const { root, partSpans, span } of references(template)) {
    if (!roots.includes(root)) checked.report(codes.rootUnknown(partSpans[0] ?? span, root, roots))
  }
}
