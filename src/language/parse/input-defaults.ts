// Defaults of an inputs schema fit the schema that they stand in.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { isObject, type Json, type JsonSchema } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import { problemsOf } from '../conform.ts'
import { wordProblem } from '../schema-diagnostics.ts'
import { closestNode, type YamlNode } from '../syntax/index.ts'

/** One for each default that is wrong, the deepest ones too. */
export function defaultDiagnostics(schema: JsonSchema, node: YamlNode): readonly Diagnostic[] {
  return propertiesOf(schema, []).flatMap(({ property, path }) => {
    // What a reference means can be told from the whole schema only.
    if (property.default === undefined || '$ref' in property) return []
    const [problem] = problemsOf(withoutReferences(property), property.default)
    const name = path.filter((part) => part !== 'properties').join('.')
    return problem ? [codes.defaultInvalid(closestNode(node, [...path, 'default']).span, name, wordProblem(problem))] : []
  })
}

interface Property {
  readonly property: JsonSchema
  readonly path: readonly string[]
}

function propertiesOf({ properties }: JsonSchema, at: readonly string[]): readonly Property[] {
  if (!isObject(properties)) return []
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = [...at, 'properties', name]
    return isObject(property) ? [{ property, path }, ...propertiesOf(property, path)] : []
  })
}

const withoutReferences = (schema: JsonSchema): JsonSchema => mapped(schema) as JsonSchema

function mapped(value: Json): Json {
  if (Array.isArray(value)) return value.map(mapped)
  if (!isObject(value)) return value
  return '$ref' in value ? {} : Object.fromEntries(Object.entries(value).map(([key, field]) => [key, mapped(field)]))
}
