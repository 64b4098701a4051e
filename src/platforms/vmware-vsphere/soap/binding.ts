// Calls of the VI JSON binding put as SOAP, and the answers back. One way for all operations: their paths name type, object and method,
// their schemas order and types. A property is read through the property collector, which is what SOAP has for that.
import type { HttpAnswer, HttpRequest } from '../../../http/index.ts'
import { ActionFailure, type Connection, type OpenapiOperation } from '../../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { childNamed, type Element, escapeXml, parseXml } from '../../xml.ts'
import { addressedIn, type ServiceContent } from '../service-content.ts'
import { fromXml, inOrder, toXml } from './values.ts'

/** A call of the VI JSON binding as SOAP. Throws `inputInvalid` where a value cannot stand in XML. */
export function soapRequest(
  request: HttpRequest,
  operation: Pick<OpenapiOperation, 'operationId' | 'method' | 'body'>,
  connection: Connection,
  { propertyCollector }: ServiceContent,
): HttpRequest {
  const { type, id, member } = addressedIn(request.path)
  const asked =
    operation.method === 'GET' && propertyCollector
      ? { ...propertyCollector, method: 'RetrievePropertiesEx', inside: propertyOf(type, id, member) }
      : { type, id, method: member, inside: fieldsOf(request, operation) }
  return envelope(request, asked, connection)
}

interface Asked {
  readonly type: string
  readonly id: string
  readonly method: string
  /** XML of the arguments. */
  readonly inside: string
}

const DEFAULT_VERSION = '6.5'

function envelope({ origin, path }: HttpRequest, { type, id, method, inside }: Asked, { settings }: Connection): HttpRequest {
  const version = typeof settings.soapVersion === 'string' ? settings.soapVersion : DEFAULT_VERSION
  const target = toXml('_this', { type, value: id })
  const call = `<${method} xmlns="urn:vim25">${target}${inside}</${method}>`
  return {
    method: 'POST',
    origin,
    path: path.slice(0, path.indexOf('/vim25/')),
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: `urn:vim25/${version}` },
    body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${NAMESPACES}><soapenv:Body>${call}</soapenv:Body></soapenv:Envelope>`,
  }
}

const NAMESPACES =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'

function fieldsOf(
  { body }: HttpRequest,
  { operationId, body: described }: Pick<OpenapiOperation, 'operationId' | 'body'>,
): string {
  const given: unknown = body === undefined ? {} : JSON.parse(body)
  if (!isObject(given) || !described) return ''
  try {
    const { schema } = described
    const properties: JsonObject = isObject(schema.properties) ? schema.properties : {}
    return inOrder(given, schema)
      .map((name) => toXml(name, given[name], isObject(properties[name]) ? properties[name] : {}))
      .join('')
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const message = `${operationId}: the call ${error.message}`
    throw new ActionFailure({ type: 'inputInvalid', message, retryable: false, applied: 'no' }, { cause: error })
  }
}

const propertyOf = (type: string, id: string, property: string): string =>
  `<specSet><propSet><type>${escapeXml(type)}</type><pathSet>${escapeXml(property)}</pathSet></propSet>` +
  `<objectSet>${toXml('obj', { type, value: id })}</objectSet></specSet><options/>`

// ---- answers ------------------------------------------------------------------------------------------------------

/** What the VI JSON binding would have answered. */
export function jsonAnswer(answer: HttpAnswer, operation: Pick<OpenapiOperation, 'method' | 'responses'>): HttpAnswer {
  const said = responseIn(answer)
  // No SOAP: something in front of the server has answered.
  if (!said) return answer
  if (said.name === 'Fault') return told(answer, 500, faultOf(said))
  const schema = operation.responses['200']?.schema ?? {}
  const { found, fault } = operation.method === 'GET' ? collected(said) : returned(said)
  if (fault) return told(answer, 500, fault)
  const [first] = found
  if (!first) return nothing(answer)
  if (operation.method === 'GET' || schema.type !== 'array') return told(answer, 200, fromXml(first, schema))
  const items = isObject(schema.items) ? schema.items : {}
  return told(
    answer,
    200,
    found.map((each) => fromXml(each, items)),
  )
}

interface Found {
  readonly found: readonly Element[]
  readonly fault?: Json
}

/** The property's value, none where it is unset, or the fault that stands in the list of what could not be read. */
function collected(response: Element): Found {
  const objects = childrenNamed(response, 'returnval').flatMap((value) => childrenNamed(value, 'objects'))
  const properties = objects.flatMap((each) => childrenNamed(each, 'propSet'))
  return { found: properties.flatMap((each) => childrenNamed(each, 'val')), ...missingFrom(objects) }
}

/** What a method answers; the objects of the property collector among it may lack something, too. */
function returned(response: Element): Found {
  const found = childrenNamed(response, 'returnval')
  return { found, ...missingFrom(found) }
}

/** A dead session is told so, and with status 200. */
function missingFrom(objects: readonly Element[]): Pick<Found, 'fault'> {
  const [missing] = objects.flatMap((each) => childrenNamed(each, 'missingSet'))
  const fault = missing && childNamed(missing, 'fault')
  return fault ? { fault: fromXml(fault) } : {}
}

const childrenNamed = ({ children }: Element, name: string): readonly Element[] => children.filter((child) => child.name === name)

/** What is inside the body of the envelope; nothing where the answer is none. */
function responseIn({ headers, body }: HttpAnswer): Element | undefined {
  if (!/\bxml\b/i.test(headers['content-type'] ?? '')) return undefined
  try {
    const envelope = parseXml(new TextDecoder().decode(body))
    return childNamed(envelope, 'Body')?.children[0]
  } catch {
    return undefined
  }
}

/** `<detail><XFault xsi:type="X">…` is the fault; its text stands beside it. */
function faultOf(fault: Element): JsonObject {
  const faultstring = childNamed(fault, 'faultstring')?.text ?? ''
  const detail = childNamed(fault, 'detail')?.children[0]
  if (!detail) return { _typeName: 'RuntimeFault', faultstring }
  const fields = fromXml(detail, { type: 'object' })
  const name = detail.xsiType ?? detail.name.replace(/Fault$/, '')
  return { ...(isObject(fields) ? fields : {}), _typeName: name, faultstring }
}

const told = ({ headers }: HttpAnswer, status: number, value: Json): HttpAnswer => ({
  status,
  headers: { ...headers, 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
})

const nothing = ({ headers }: HttpAnswer): HttpAnswer => ({ status: 204, headers, body: new Uint8Array() })
