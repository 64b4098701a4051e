// The SOAP side of the simulated server: an envelope in, the operation that it means, and its answer or fault as an envelope again.
import type { OpenapiOperation } from '../../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { childNamed, type Element, escapeXml, fromXml, parseXml, toXml } from '../soap/index.ts'
import type { Answer } from './answering.ts'

export interface SoapCall {
  readonly operation: OpenapiOperation
  readonly id: string
  readonly body: JsonObject
  /** Writes the answer. */
  answer(answer: Answer): { readonly status: number; readonly text: string }
}

/** Nothing where the API has no such call. */
export function readCall(text: string, operations: readonly OpenapiOperation[]): SoapCall | undefined {
  const call = childNamed(parseXml(text), 'Body')?.children[0]
  const target = call && childNamed(call, '_this')
  if (!call || !target) return undefined
  if (call.name === 'RetrievePropertiesEx') return readProperty(call, operations)
  const operation = operationAt(operations, 'POST', target.referenceType ?? '', call.name)
  if (!operation) return undefined
  const read = fromXml(withoutThis(call), { type: 'object', ...operation.body?.schema })
  return {
    operation,
    id: target.text,
    body: isObject(read) ? read : {},
    answer: (answer) =>
      answer.status === 500
        ? faultEnvelope(answer.body)
        : envelope(200, `<${call.name}Response xmlns="urn:vim25">${returned(answer, operation)}</${call.name}Response>`),
  }
}

const withoutThis = (call: Element): Element => ({ ...call, children: call.children.filter(({ name }) => name !== '_this') })

function returned({ body }: Answer, { responses }: OpenapiOperation): string {
  return toXml('returnval', wrapped(body ?? null), responses['200']?.schema)
}

/** One property of one object: that is how Holdfast asks. */
function readProperty(call: Element, operations: readonly OpenapiOperation[]): SoapCall | undefined {
  const spec = childNamed(call, 'specSet')
  const propSet = spec && childNamed(spec, 'propSet')
  const object = spec && childNamed(spec, 'objectSet')
  const subject = object && childNamed(object, 'obj')
  const property = propSet && childNamed(propSet, 'pathSet')?.text
  if (!subject || !property) return undefined
  const operation = operationAt(operations, 'GET', subject.referenceType ?? '', property)
  if (!operation) return undefined
  const obj = toXml('obj', { type: subject.referenceType ?? '', value: subject.text })
  return {
    operation,
    id: subject.text,
    body: {},
    answer: ({ status, body }) => {
      if (status === 500 && isObject(body) && body._typeName === 'ManagedObjectNotFound') return faultEnvelope(body)
      // A dead session is told inside an answer with status 200. [W2]
      const found =
        status === 500
          ? `<missingSet><path>${property}</path><fault>${faultXml('fault', body)}<localizedMessage/></fault></missingSet>`
          : propertyXml(property, body, operation)
      const objects = `<returnval><objects>${obj}${found}</objects></returnval>`
      return envelope(200, `<RetrievePropertiesExResponse xmlns="urn:vim25">${objects}</RetrievePropertiesExResponse>`)
    },
  }
}

function propertyXml(property: string, body: Json | undefined, { responses }: OpenapiOperation): string {
  if (body === undefined) return ''
  return `<propSet><name>${property}</name>${toXml('val', wrapped(body), responses['200']?.schema)}</propSet>`
}

function operationAt(
  operations: readonly OpenapiOperation[],
  method: string,
  type: string,
  member: string,
): OpenapiOperation | undefined {
  const [property] = operations.filter(
    (operation) =>
      operation.method === method && operation.path.split('/').at(-3) === type && operation.path.endsWith(`/${member}`),
  )
  return property
}

/** A task's fault stands in SOAP beside its text. */
function wrapped(value: Json): Json {
  if (!isObject(value) || value._typeName !== 'TaskInfo' || !isObject(value.error)) return value
  const { faultstring, ...fault } = value.error
  return { ...value, error: { _typeName: 'LocalizedMethodFault', fault, localizedMessage: faultstring ?? '' } }
}

function faultXml(name: string, body: Json | undefined): string {
  const { faultstring: _, ...fault } = isObject(body) ? body : {}
  return toXml(name, fault)
}

function faultEnvelope(body: Json | undefined) {
  const { _typeName = 'RuntimeFault', faultstring = '' } = isObject(body) ? body : {}
  const detail = `<detail>${faultXml(`${String(_typeName)}Fault`, body)}</detail>`
  return envelope(
    500,
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${escapeXml(String(faultstring))}</faultstring>${detail}</soapenv:Fault>`,
  )
}

const envelope = (status: number, inside: string) => ({
  status,
  text: `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n${inside}\n</soapenv:Body>\n</soapenv:Envelope>`,
})
