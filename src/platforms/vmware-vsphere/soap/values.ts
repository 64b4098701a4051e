// Values of the vSphere data model between JSON, as the VI JSON binding writes it, and XML, as SOAP does. What JSON types a text is of,
// what is a list and in which order elements stand, the schemas of the OpenAPI slice say.
import { isObject, type Json, type JsonObject, type JsonSchema } from '../../../values/index.ts'
import { type Element, escapeXml } from '../../xml.ts'

// ---- XML → JSON ---------------------------------------------------------------------------------------------------

/** `enclosing` is the schema of the list's items that the value stands in, for trees that contain themselves. */
export function fromXml(element: Element, schema: JsonSchema = {}, enclosing: JsonSchema = {}): Json {
  const { referenceType, xsiType, children, text } = element
  if (referenceType !== undefined) return { _typeName: 'ManagedObjectReference', type: referenceType, value: text }
  if (xsiType?.startsWith('ArrayOf')) return children.map((child) => fromXml(child, itemsOf(schema, enclosing)))
  if (children.length === 0 && !isObjectSchema(schema) && (xsiType === undefined || isPrimitive(xsiType) || isEnum(schema))) {
    return scalarOf(text, schema, xsiType)
  }
  return objectOf(element, schema)
}

function objectOf({ xsiType, children }: Element, schema: JsonSchema): JsonObject {
  const fields: [string, Json][] = xsiType === undefined ? [] : [['_typeName', xsiType]]
  for (const name of new Set(children.map((child) => child.name))) {
    const same = children.filter((child) => child.name === name)
    const [first] = same
    const property = propertyOf(schema, name)
    const items = itemsOf(property, schema)
    if (property.type === 'array' || same.length > 1) fields.push([name, same.map((each) => fromXml(each, items, schema))])
    else if (first) fields.push([name, fromXml(first, property, schema)])
  }
  return asFault(Object.fromEntries(fields))
}

/** In a task SOAP wraps a fault together with its text; VI JSON has the fault itself. */
function asFault(value: JsonObject): JsonObject {
  const { fault, localizedMessage } = value
  if (!isObject(fault) || typeof localizedMessage !== 'string' || typeof fault._typeName !== 'string') return value
  return { ...fault, faultstring: localizedMessage }
}

const PRIMITIVES = ['string', 'boolean', 'int', 'long', 'short', 'byte', 'float', 'double', 'dateTime', 'anyURI', 'base64Binary']
const isPrimitive = (xsiType: string): boolean => PRIMITIVES.includes(xsiType)
const NUMBERS = ['int', 'long', 'short', 'byte', 'float', 'double']

function scalarOf(text: string, { type }: JsonSchema, xsiType: string | undefined): Json {
  if (type === 'integer' || type === 'number' || (type === undefined && xsiType !== undefined && NUMBERS.includes(xsiType))) {
    const value = Number(text)
    // As the HTTP floor has it: what a number cannot hold exactly stays the text that it was.
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value
  }
  if (type === 'boolean' || (type === undefined && xsiType === 'boolean')) return text === 'true' || text === '1'
  return text
}

/** Words of a closed list have a type of their own. */
const isEnum = (schema: JsonSchema): boolean => schema.enum !== undefined

const isObjectSchema = ({ type }: JsonSchema): boolean => type === 'object'

function propertyOf({ properties }: JsonSchema, name: string): JsonSchema {
  const property = isObject(properties) ? properties[name] : undefined
  return isObject(property) ? property : {}
}

function itemsOf({ items }: JsonSchema, enclosing: JsonSchema): JsonSchema {
  if (!isObject(items)) return {}
  return items['x-recursive'] === true ? enclosing : items
}

// ---- JSON → XML ---------------------------------------------------------------------------------------------------

/** Lists repeat their element; null and absent values have none. Throws a RangeError for what XML cannot carry. */
export function toXml(name: string, value: Json | undefined, schema: JsonSchema = {}, enclosing: JsonSchema = {}): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) {
    const items = itemsOf(schema, enclosing)
    return value.map((item: Json) => toXml(name, item, items, schema)).join('')
  }
  if (!isObject(value)) return `<${name}>${escapeXml(String(value))}</${name}>`
  // A text where any value may stand.
  if (typeof value._value === 'string')
    return `<${name} xsi:type="xsd:${escapeXml(String(value._typeName))}">${escapeXml(value._value)}</${name}>`
  if (isReference(value)) return `<${name} type="${escapeXml(value.type)}">${escapeXml(value.value)}</${name}>`
  const type = typeof value._typeName === 'string' ? ` xsi:type="${escapeXml(value._typeName)}"` : ''
  const inside = inOrder(value, schema).map((field) => toXml(field, value[field], propertyOf(schema, field), schema))
  return `<${name}${type}>${inside.join('')}</${name}>`
}

/** Elements come in the order of the WSDL, which is that of the schema's properties; others follow as they are. */
export function inOrder(value: JsonObject, { properties }: JsonSchema): readonly string[] {
  const known = isObject(properties) ? Object.keys(properties) : []
  const given = Object.keys(value).filter((name) => name !== '_typeName')
  return [...known.filter((name) => given.includes(name)), ...given.filter((name) => !known.includes(name))]
}

interface Reference extends JsonObject {
  readonly type: string
  readonly value: string
}

const isReference = (value: JsonObject): value is Reference =>
  typeof value.type === 'string' &&
  typeof value.value === 'string' &&
  Object.keys(value).every((key) => key === 'type' || key === 'value' || key === '_typeName')
