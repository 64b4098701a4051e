import { describe, expect, test } from 'vitest'
import { fillDefaults, holdsUnknown, isUnknown, type Json, schemaProblems, unknown, validator } from '../../src/values/index.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 2 },
    level: { enum: ['full', 'incremental'], default: 'full' },
    'a/b~c': { type: 'object', properties: { when: { type: 'string', format: 'date-time' } } },
    vault: { 'x-connection': 'lab/Vault' },
  },
}

describe('a validator', () => {
  test('tells every problem with its path, not the first alone', () => {
    expect(validator(schema).problems({ nam: 'x', level: 'half', 'a/b~c': { when: 'noon' } })).toEqual([
      expect.objectContaining({ path: [], keyword: 'required', property: 'name' }),
      expect.objectContaining({
        path: [],
        keyword: 'additionalProperties',
        property: 'nam',
        known: ['name', 'level', 'a/b~c', 'vault'],
      }),
      expect.objectContaining({ path: ['level'], keyword: 'enum', allowed: ['full', 'incremental'] }),
      expect.objectContaining({ path: ['a/b~c', 'when'], keyword: 'format' }),
    ])
  })

  test('tells the limit that was missed', () => {
    expect(validator(schema).problems({ name: 'x' })).toEqual([expect.objectContaining({ keyword: 'minLength', limit: 2 })])
  })

  test('finds nothing wrong with what conforms, and judges no keyword of ours', () => {
    expect(validator(schema).problems({ name: 'ab', vault: { $target: 'v', connection: 'lab/Vault' } })).toEqual([])
  })

  test('throws on a schema that is none', () => {
    expect(() => validator({ type: 'text' })).toThrow('type must be')
  })
})

test('defaults are filled into a copy', () => {
  const given = { name: 'ab' }
  expect(fillDefaults(schema, given)).toEqual({ value: { name: 'ab', level: 'full' }, problems: [] })
  expect(given).toEqual({ name: 'ab' })
})

test.each<[Json, boolean]>([
  [unknown('steps.a'), true],
  [{ a: [1, { b: unknown('x') }] }, true],
  [{ a: [1, null] }, false],
  [{ $unknown: 5 }, false],
])('%j holds an unknown: %s', (value, holds) => expect(holdsUnknown(value)).toBe(holds))

test('an unknown survives a journal', () => {
  expect(isUnknown(JSON.parse(JSON.stringify(unknown('steps.a'))))).toBe(true)
})

test.each<[Json, readonly string[]]>([
  [{ type: 'object', properties: { a: { type: 'text' } } }, ['properties', 'a', 'type']],
  [{ required: true }, ['required']],
  [{ $ref: '#/$defs/none' }, []],
  [{ pattern: '(' }, []],
])('tells where the schema %j is wrong', (schema, path) => {
  expect(schemaProblems(schema as never)[0]).toMatchObject({ path })
})

test('finds nothing wrong with a schema that says its draft, or a format that nobody knows', () => {
  expect(schemaProblems({ $schema: 'https://json-schema.org/draft/2020-12/schema', format: 'vm-name' })).toEqual([])
})
