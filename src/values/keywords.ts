// The keywords of JSON Schema 2020-12, and where in each another schema stands. A validator passes over a keyword that it does
// not know; a person who misspelt one wants to hear of it.
import { isObject, type Json } from './json.ts'
import type { SchemaProblem } from './schema-problem.ts'

const ONE_SCHEMA = [
  'items',
  'additionalProperties',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
]
const SCHEMAS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const NAMED_SCHEMAS = ['properties', 'patternProperties', 'dependentSchemas', '$defs']
const OTHERS = (
  '$schema $id $ref $anchor $comment $dynamicRef $dynamicAnchor $vocabulary type enum const title description default examples ' +
  'deprecated readOnly writeOnly format pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf ' +
  'required dependentRequired minProperties maxProperties minItems maxItems uniqueItems minContains maxContains ' +
  'contentEncoding contentMediaType contentSchema'
).split(' ')
const KNOWN: ReadonlySet<string> = new Set([...ONE_SCHEMA, ...SCHEMAS, ...NAMED_SCHEMAS, ...OTHERS])

/** Keywords that JSON Schema does not have; those that begin with `x-` are anyone's own. */
export function unknownKeywords(schema: Json | undefined, path: readonly string[] = []): readonly SchemaProblem[] {
  if (!isObject(schema)) return []
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const inside = [...path, keyword]
    if (ONE_SCHEMA.includes(keyword)) return unknownKeywords(value, inside)
    if (SCHEMAS.includes(keyword) || NAMED_SCHEMAS.includes(keyword)) {
      return Object.entries(value ?? {}).flatMap(([name, each]) => unknownKeywords(each as Json, [...inside, name]))
    }
    if (KNOWN.has(keyword) || keyword.startsWith('x-')) return []
    return [
      {
        path,
        keyword: 'additionalProperties',
        property: keyword,
        message: `has the unknown keyword ${JSON.stringify(keyword)}`,
        known: [...KNOWN],
      },
    ]
  })
}
