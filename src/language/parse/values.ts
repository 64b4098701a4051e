// Shapes of values inside runbooks: templates, templated scalars, durations.
import { didYouMean } from '../../diagnostics/index.ts'
import { DURATION_PATTERN, isObject, type Json, type JsonSchema, parseDuration, schemaProblems } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import type { Field, MapTemplate, Template } from '../model.ts'
import { wordProblem } from '../schema-diagnostics.ts'
import { closestNode, entryOf, templateOf, toJson } from '../syntax/index.ts'
import { defaultDiagnostics } from './input-defaults.ts'
import { isExpression, type NamedValue, type Shape, scalar } from './shape.ts'

export const EXPRESSION_SCHEMA: JsonSchema = {
  type: 'string',
  pattern: '^\\s*\\$\\{[\\s\\S]*\\}\\s*$',
  description: 'A JSONata expression: ${ … }.',
}

/** Any value; expressions may stand anywhere in it. */
export const template: Shape<Template> = { schema: {}, read: (node, to) => templateOf(node, to.diagnostics) }

/** What `shape` takes, or an expression that will yield it. */
export const templated = <T>(shape: Shape<T>): Shape<Template> => ({
  schema: { anyOf: [shape.schema, EXPRESSION_SCHEMA] },
  read(node, to) {
    if (isExpression(node)) return templateOf(node, to.diagnostics)
    return shape.read(node, to) === undefined ? undefined : templateOf(node, to.diagnostics)
  },
})

/** A condition. Text that looks like a condition but is no expression is the usual mistake. */
export const condition: Shape<Template> = {
  schema: { anyOf: [{ type: 'boolean' }, EXPRESSION_SCHEMA] },
  read(node, to) {
    const fine = isExpression(node) || (node.kind === 'scalar' && typeof node.value === 'boolean')
    if (fine) return templateOf(node, to.diagnostics)
    const hint = node.kind === 'scalar' && typeof node.value === 'string' ? `Write \${ ${node.value} }.` : undefined
    to.diagnostics.push(codes.valueInvalid(node.span, 'a condition', hint))
    return undefined
  },
}

export const message: Shape<Template> = templated(
  scalar({ type: 'string' }, 'text', (value) => (typeof value === 'string' ? value : undefined)),
)

/** One name, a list of them, or an expression that yields either. */
export const names: Shape<Template> = templated<Json>({
  schema: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }] },
  read(node, to) {
    const isName = (each: Json): boolean => typeof each === 'string' && each !== ''
    const value = toJson(node)
    if (Array.isArray(value) ? value.length > 0 && value.every(isName) : isName(value)) return value
    to.diagnostics.push(codes.valueInvalid(node.span, 'a name or a list of names'))
    return undefined
  },
})

export const list: Shape<Template> = templated<Json>({
  schema: { type: 'array' },
  read(node, to) {
    if (node.kind === 'list') return []
    to.diagnostics.push(codes.valueInvalid(node.span, 'a list'))
    return undefined
  },
})

export const callArguments: Shape<MapTemplate> = {
  schema: { type: 'object', additionalProperties: {} },
  read(node, to) {
    const read = templateOf(node, to.diagnostics)
    if (read.kind === 'map') return read
    // Nothing behind `with:` is no arguments; those that are needed are missed by name.
    if (read.kind === 'literal' && read.value === null) return { kind: 'map', entries: [], span: read.span }
    to.diagnostics.push(codes.valueInvalid(node.span, 'a map of arguments'))
    return undefined
  },
}

/** Milliseconds. */
export const duration: Shape<number> = scalar(
  { type: 'string', pattern: DURATION_PATTERN },
  'a duration such as 90s or 1h30m',
  (value) => (typeof value === 'string' ? parseDuration(value) : undefined),
)

export const moment: Shape<string> = scalar(
  { type: 'string', format: 'date-time' },
  'a moment such as 2026-01-31T22:00:00Z',
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value))
      ? value
      : undefined,
)

export const toField = ({ name, nameSpan, value }: NamedValue<Template>): Field => ({ name, nameSpan, value })

/** A JSON Schema of type object. */
export const schema: Shape<JsonSchema> = {
  schema: { type: 'object', required: ['type'], properties: { type: { const: 'object' } } },
  read(node, to) {
    const value = toJson(node)
    if (!isObject(value) || value.type !== 'object') {
      to.diagnostics.push(codes.valueInvalid(node.span, 'a JSON Schema with type: object'))
      return undefined
    }
    // One problem a place: the validator tries the alternatives of a keyword one by one.
    const byPlace = new Map(
      schemaProblems(value)
        .toReversed()
        .map((problem) => [problem.path.join('/'), problem]),
    )
    for (const problem of byPlace.values()) {
      const { property, known = [], allowed = [] } = problem
      const guess =
        property === undefined
          ? didYouMean(String(valueAt(value, problem.path)), allowed.map(String))
          : didYouMean(property, known)
      const place = closestNode(node, problem.path)
      const span = (property !== undefined && place.kind === 'map' ? entryOf(place, property)?.keySpan : undefined) ?? place.span
      to.diagnostics.push(codes.inputsSchemaInvalid(span, problem.path.join('.'), wordProblem(problem), guess))
    }
    if (byPlace.size === 0) to.diagnostics.push(...defaultDiagnostics(value, node))
    return value
  },
}

function valueAt(value: Json, [first, ...rest]: readonly string[]): Json | undefined {
  if (first === undefined) return value
  const next = isObject(value) ? value[first] : undefined
  return next === undefined ? undefined : valueAt(next, rest)
}
