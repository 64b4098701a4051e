// The two short cuts around the schema validator may only say what the validator would have said.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { problemsOf } from '../../src/language/conform.ts'
import { conform } from '../../src/language/index.ts'
import { type Json, type JsonSchema, unknown, validator } from '../../src/values/index.ts'
import { isPlainSchema } from '../../src/values/plain-schema.ts'

const anyValue = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>

const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'schema' },
    fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'null', 'array', 'object', 'text'),
        enum: fc.array(fc.constantFrom('a', 1, null), { maxLength: 2 }),
        const: fc.constantFrom('a', 1, null),
        uniqueItems: fc.constantFrom<Json>(true, false, 1),
        minLength: fc.constantFrom(0, 1, -1, 0.5),
        maxLength: fc.constantFrom(0, 1, 2),
        minimum: fc.constantFrom(-1, 0, 1.5),
        maximum: fc.constantFrom(0, 1, 2.5),
        minItems: fc.constantFrom(0, 1),
        maxItems: fc.constantFrom(0, 1),
        required: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
        default: anyValue,
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'), { maxKeys: 3 }),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
        required: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('array'), items: tie('schema') }, { requiredKeys: ['type'] }),
  ) as fc.Arbitrary<JsonSchema>,
}))

const value = fc.oneof(
  anyValue,
  fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), anyValue, { maxKeys: 3 }) as fc.Arbitrary<Json>,
)

function compiles(of: JsonSchema): boolean {
  try {
    validator(structuredClone(of))
    return true
  } catch {
    return false
  }
}

describe('a schema that is plain', () => {
  it('is one that the validator takes', () => {
    fc.assert(
      fc.property(schema, (each) => !isPlainSchema(each) || compiles(each)),
      { numRuns: 500 },
    )
  })

  it('is not one that says anything wrong', () => {
    const wrong = [{ type: 'text' }, { minLength: -1 }, { enum: [] }, { required: ['a', 'a'] }, { properties: { a: 5 } }]
    expect(wrong.filter(isPlainSchema)).toEqual([])
  })
})

describe('a value that plainly fits', () => {
  it('is one in which the validator finds nothing either', () => {
    fc.assert(
      fc.property(schema.filter(compiles), value, (each, given) => {
        if (problemsOf(each, given).length === 0) expect(validator(each).problems(given)).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  it('is judged by the validator where a schema says more', () => {
    expect(problemsOf({ type: 'object', properties: { a: { type: 'string', minLength: 3 } } }, { a: 'xy' })).toHaveLength(1)
    expect(conform({ type: 'integer' }, 1.5).problems).toHaveLength(1)
  })

  it('is judged by its names also where its fields are not known yet', () => {
    const schema: JsonSchema = { type: 'object', additionalProperties: false, properties: { a: { type: 'string' } } }
    expect(problemsOf(schema, { a: unknown('x') })).toEqual([])
    expect(problemsOf(schema, { b: unknown('x') })).toMatchObject([{ keyword: 'additionalProperties', property: 'b' }])
  })
})
