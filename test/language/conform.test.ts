import { describe, expect, test } from 'vitest'
import { conform } from '../../src/language/index.ts'
import { type Json, type JsonSchema, unknown } from '../../src/values/index.ts'

const schema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['disks'],
  properties: {
    disks: {
      type: 'array',
      items: { type: 'object', required: ['parts'], properties: { parts: { type: 'array', items: { type: 'string' } } } },
    },
    tags: { type: 'array', items: { type: 'string' } },
    level: { enum: ['full', 'incremental'], default: 'full' },
    size: { type: 'integer', minimum: 1 },
    either: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'integer' } }] },
  },
}

describe('a value is made to fit', () => {
  test.each<[string, Json, Json]>([
    ['nothing becomes an empty list where one is required', {}, { disks: [], level: 'full' }],
    ['one thing becomes a list of it', { disks: { parts: 'a' } }, { disks: [{ parts: ['a'] }], level: 'full' }],
    [
      'a list stays one',
      { disks: [{ parts: ['a', 'b'] }, {}] },
      { disks: [{ parts: ['a', 'b'] }, { parts: [] }], level: 'full' },
    ],
    ['an optional list may be absent', { disks: [], level: 'incremental' }, { disks: [], level: 'incremental' }],
    ['an unknown stays unknown', { disks: unknown('steps.a') }, { disks: unknown('steps.a'), level: 'full' }],
    [
      'a list may hold unknowns',
      { disks: [unknown('x')], tags: ['a', unknown('y')] },
      { disks: [unknown('x')], tags: ['a', unknown('y')], level: 'full' },
    ],
    [
      'a choice with an unknown inside is left open',
      { disks: [], either: [unknown('x')] },
      { disks: [], either: [unknown('x')], level: 'full' },
    ],
  ])('%s', (_, value, fitting) => expect(conform(schema, value)).toEqual({ value: fitting, problems: [] }))

  test('what does not fit is told, beside what is unknown', () => {
    const { problems } = conform(schema, { disks: unknown('x'), size: 0, colour: 'red' })
    expect(problems.map(({ path, keyword }) => [path.join('.'), keyword])).toEqual([
      ['', 'additionalProperties'],
      ['size', 'minimum'],
    ])
  })

  test('defaults are not filled into an unknown object', () => {
    const nested: JsonSchema = {
      type: 'object',
      properties: { options: { type: 'object', properties: { fast: { default: true } } } },
    }
    expect(conform(nested, { options: unknown('x') }).value).toEqual({ options: { $unknown: 'x' } })
  })

  test('the value that was given is left as it was', () => {
    const given = { disks: { parts: 'a' } }
    conform(schema, given)
    expect(given).toEqual({ disks: { parts: 'a' } })
  })
})
