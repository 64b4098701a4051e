// What the expressions of actions, completions and pagings yield, over the schemas of inputs, answers and outputs. It needs the
// OpenAPI document: the platform's answers are held against it in each run, so what it requires is there.
import type { Diagnostic } from '../diagnostics/index.ts'
import {
  elementsOf,
  fitDiagnostics,
  listOf,
  mayBeAbsent,
  optional,
  present,
  type RootTypes,
  recordOf,
  TEXT,
  type Template,
  type Type,
  templateDiagnostics,
  typeFromSchema,
  typeGiven,
  typeOfTemplate,
  UNKNOWN,
  unionOf,
} from '../language/index.ts'
import { isObject } from '../values/index.ts'
import { actionNamed, type Checked, propertiesOf, requiredOf } from './checked.ts'
import * as codes from './codes.ts'
import type { Action, Completion, Operation, Paging } from './model.ts'
import type { OpenapiOperation } from './openapi.ts'

export function checkTemplates(checked: Checked): void {
  if (!checked.operations) return
  const notes = new Map<Template, Note>()
  const note: Subject['note'] = (template, diagnostics) => {
    const { times, found } = notes.get(template) ?? { times: 0, found: new Map() }
    for (const each of diagnostics) {
      const key = `${each.code} ${each.span?.start}`
      found.set(key, { diagnostic: found.get(key)?.diagnostic ?? each, times: (found.get(key)?.times ?? 0) + 1 })
    }
    notes.set(template, { times: times + 1, found })
  }
  for (const [name, action] of Object.entries(checked.pack.actions)) {
    const input = inputOf(action)
    if (action.lock) note(action.lock, templateDiagnostics(action.lock, { input }))
    const { does } = action
    const operation = does.kind === 'operation' ? checked.operations.get(does.operationId) : undefined
    if (does.kind === 'operation' && operation) checkAction({ checked, name, action, does, operation, input, note })
  }
  for (const { times, found } of notes.values()) {
    for (const each of found.values()) if (each.times === times) checked.report(each.diagnostic)
  }
}

/**
 * Completions, pagings and shared failures are looked at with each action that uses them, and may speak of answers of several forms:
 * wrong is what is wrong with all of them.
 */
interface Note {
  readonly times: number
  readonly found: Map<string, { readonly diagnostic: Diagnostic; readonly times: number }>
}

interface Subject {
  readonly checked: Checked
  readonly name: string
  readonly action: Action
  readonly does: Operation
  readonly operation: OpenapiOperation
  readonly input: Type
  readonly note: (template: Template, diagnostics: readonly Diagnostic[]) => void
}

const inputOf = ({ input }: Action): Type => typeFromSchema(input, { defaults: true })

function checkAction(subject: Subject): void {
  const { checked, action, does, operation, input, note } = subject
  const asked: RootTypes = { input, attempt: recordOf({ key: TEXT }) }
  checkRequest(operation, does.request, asked, note)
  if (does.bodyInto) note(does.bodyInto, templateDiagnostics(does.bodyInto, { input }))
  const response = responseOf(operation, 'success')
  const completion = does.completes === undefined ? undefined : checked.pack.completions[does.completes]
  const paging = does.pages === undefined ? undefined : checked.pack.pagings[does.pages]
  const task = completion && checkCompletion(completion, { response, input }, subject)
  const items = paging && checkPaging(paging, { response, input }, note)
  const called = does.readBack && actionNamed(checked, does.readBack.action)
  if (does.readBack && called) {
    const { until } = does.readBack
    note(until, templateDiagnostics(until, { result: typeFromSchema(called.output), input }))
  }
  const answered: RootTypes = {
    ...asked,
    response,
    ...(task ? { task } : {}),
    ...(items ? { items } : {}),
    ...(does.bodyInto ? { kept: UNKNOWN } : {}),
    ...(does.readBack && called ? { readBack: typeGiven(typeFromSchema(called.output), 'result', does.readBack.until) } : {}),
  }
  checkResult(subject, answered)
  const refused: RootTypes = { input, response: responseOf(operation, 'refusal'), ...(task ? { task: present(task) } : {}) }
  for (const { when } of Object.values(action.failures)) {
    if (when) note(when, templateDiagnostics(when, refused, { absence: 'fine' }))
  }
}

/** Status, headers and body as the document has them. A refusal may come from something between, with another body or none. */
function responseOf({ responses }: OpenapiOperation, outcome: 'success' | 'refusal'): Type {
  const stated = Object.entries(responses).filter(([status]) => /^2/.test(status) === (outcome === 'success'))
  const bodies = stated.map(([status, { schema, bytes }]): Type => {
    if (bytes) return { absent: 'missing' }
    if (schema === undefined) return status === '204' ? { absent: 'missing' } : UNKNOWN
    return status === '204' ? optional(typeFromSchema(schema)) : typeFromSchema(schema)
  })
  const body = bodies.length === 0 ? UNKNOWN : unionOf(bodies)
  return recordOf({
    status: { number: 'integer' },
    headers: { object: { properties: {}, rest: UNKNOWN } },
    body: outcome === 'success' ? body : optional(body, 'unknown'),
  })
}

function checkRequest(operation: OpenapiOperation, request: Operation['request'], roots: RootTypes, note: Subject['note']): void {
  const parts = [
    { named: request.path, where: 'path' },
    { named: request.query, where: 'query' },
    { named: request.headers, where: 'header' },
  ] as const
  for (const { named, where } of parts) {
    for (const { name, value } of named) {
      const parameter = operation.parameters.find((each) => each.in === where && each.name.toLowerCase() === name.toLowerCase())
      // Whatever it is, it is sent as text.
      const fit = parameter?.required ? fitDiagnostics(value, roots, {}, name) : []
      note(value, [...templateDiagnostics(value, roots), ...fit])
    }
  }
  const { body, bodyFrom } = request
  if (bodyFrom) note(bodyFrom, templateDiagnostics(bodyFrom, roots))
  if (!body) return
  const fit = operation.body ? fitDiagnostics(body, roots, operation.body.schema, 'body') : []
  note(body, [...templateDiagnostics(body, roots), ...fit])
}

/** Answers what the completed task is; absent where there may be nothing to follow. */
function checkCompletion(completion: Completion, roots: RootTypes, { checked, note }: Subject): Type {
  const id = typeOfTemplate(completion.id, roots)
  note(completion.id, templateDiagnostics(completion.id, roots, { absence: 'fine' }))
  const operation = checked.operations?.get(completion.operationId)
  if (!operation) return UNKNOWN
  checkRequest(operation, completion.request, { ...roots, id: present(id) }, note)
  const response = responseOf(operation, 'success')
  const polled: RootTypes = { ...roots, id: present(id), response }
  note(completion.task, templateDiagnostics(completion.task, polled))
  const task = typeOfTemplate(completion.task, polled)
  for (const condition of [completion.done, completion.failed])
    note(condition, templateDiagnostics(condition, { task, response }))
  return mayBeAbsent(id) ? optional(task) : task
}

/** Answers what the items of all pages are. */
function checkPaging({ next, items }: Paging, { response = UNKNOWN, input = UNKNOWN }: RootTypes, note: Subject['note']): Type {
  note(next, templateDiagnostics(next, { response, input, request: UNKNOWN }))
  note(items, templateDiagnostics(items, { response, input }, { absence: 'fine' }))
  return listOf(elementsOf(typeOfTemplate(items, { response, input })))
}

function checkResult({ checked, name, action, does: { result }, note }: Subject, roots: RootTypes): void {
  note(result, [...templateDiagnostics(result, roots), ...fitDiagnostics(result, roots, action.output)])
  if (result.kind !== 'map') return
  const given = result.entries.map((entry) => entry.name)
  const place = checked.at(['actions', name, 'result'])
  for (const field of requiredOf(action.output)) {
    const slot = propertiesOf(action.output)[field]
    const isList = isObject(slot) && slot.type === 'array'
    if (!given.includes(field) && !isList) checked.report(codes.resultIncomplete(place, field))
  }
  const known = Object.keys(propertiesOf(action.output))
  for (const { name: field, nameSpan } of result.entries) {
    if (known.length > 0 && !known.includes(field)) checked.report(codes.resultUnknown(nameSpan, field, known))
  }
}
