// Rules for actions that are OpenAPI operations: the request fits the operation, and the effect fits the method.
import { isObject } from '../values/index.ts'
import { type Checked, propertiesOf, requiredOf } from './checked.ts'
import * as codes from './codes.ts'
import type { Action, Operation } from './model.ts'
import type { OpenapiOperation } from './openapi.ts'
import type { Path } from './place.ts'

export function checkOperations(checked: Checked): void {
  for (const [name, action] of Object.entries(checked.pack.actions)) {
    if (action.does.kind === 'operation') checkAction(checked, name, action, action.does)
  }
  for (const [name, completion] of Object.entries(checked.pack.completions)) {
    const path: Path = ['completions', name]
    const operation = operationAt(checked, completion.operationId, [...path, 'operation'])
    if (operation) checkRequest(checked, operation, completion.request, path)
  }
}

function checkAction(checked: Checked, name: string, action: Action, does: Operation): void {
  const path: Path = ['actions', name]
  checkConnectionSlot(checked, name, action, path)
  const operation = operationAt(checked, does.operationId, [...path, 'operation'])
  if (!operation) return
  const reason = checked.raw.actions?.[name]?.readsWith
  if (action.effect === 'read' && operation.method !== 'GET' && operation.method !== 'HEAD' && reason === undefined) {
    checked.report(codes.readMethod(checked.at([...path, 'effect']), name, operation.method))
  }
  checkRequest(checked, operation, does.request, path)
  const answersBytes = Object.entries(operation.responses).some(([status, { bytes }]) => /^2/.test(status) && bytes)
  if (does.bodyInto && !answersBytes) {
    checked.report(codes.bytesUnanswered(checked.keyAt([...path, 'bodyInto']), does.operationId))
  }
}

function operationAt(checked: Checked, operationId: string, path: Path): OpenapiOperation | undefined {
  const operation = checked.operations?.get(operationId)
  if (checked.operations && !operation) {
    checked.report(codes.operationUnknown(checked.at(path), operationId, [...checked.operations.keys()]))
  }
  return operation
}

const PARTS = { path: 'path', query: 'query', headers: 'header' } as const

function checkRequest(checked: Checked, operation: OpenapiOperation, request: Operation['request'], path: Path): void {
  const place = [...path, 'request']
  for (const part of ['path', 'query', 'headers'] as const) {
    const where = PARTS[part]
    const known = operation.parameters.filter((parameter) => parameter.in === where)
    const same = (one: string, other: string): boolean =>
      where === 'header' ? one.toLowerCase() === other.toLowerCase() : one === other
    for (const { name } of request[part]) {
      if (known.some((parameter) => same(parameter.name, name))) continue
      const names = known.map((parameter) => parameter.name)
      checked.report(codes.parameterUnknown(checked.keyAt([...place, part, name]), where, name, operation.operationId, names))
    }
    for (const parameter of known) {
      if (!parameter.required || request[part].some(({ name }) => same(parameter.name, name))) continue
      checked.report(codes.parameterMissing(checked.at([...place, part]), where, parameter.name, operation.operationId, part))
    }
  }
  if (request.body !== undefined && !operation.body) {
    checked.report(codes.bodyUnexpected(checked.keyAt([...place, 'body']), operation.operationId))
  }
  if (request.bodyFrom !== undefined && !operation.bytes) {
    checked.report(codes.bytesUnexpected(checked.keyAt([...place, 'bodyFrom']), operation.operationId))
  }
  if (request.body === undefined && request.bodyFrom === undefined && operation.body?.required) {
    checked.report(codes.bodyMissing(checked.at(place), operation.operationId))
  }
}

/** The executor takes address and credentials from the one input that is marked. */
function checkConnectionSlot(checked: Checked, name: string, action: Action, path: Path): void {
  // Of another pack is what bytes are kept in.
  const slots = Object.values(propertiesOf(action.input)).flatMap((property) => {
    const type = isObject(property) ? property['x-connection'] : undefined
    return typeof type === 'string' && type.startsWith(`${checked.pack.name}/`) ? [type] : []
  })
  const [slot] = slots
  if (slots.length !== 1 || slot === undefined) {
    checked.report(codes.connectionSlot(checked.at([...path, 'input']), name, slots.length))
    return
  }
  const local = slot.slice(slot.indexOf('/') + 1)
  const connection = checked.pack.connections[local]
  if (connection && !requiredOf(connection.properties).includes('url')) {
    checked.report(codes.connectionUrl(checked.at(['connections', local]), local))
  }
}
