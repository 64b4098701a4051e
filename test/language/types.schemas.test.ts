// What schemas and conditions tell of types, each with what a reader would say of the outcome.
import { describe, expect, test } from 'vitest'
import { factsOfSource, fromSchema, narrowedWithin, typeText } from '../../src/language/types/index.ts'
import { inferSource } from '../../src/language/types/infer.ts'
import type { JsonSchema } from '../../src/values/index.ts'

const text = { type: 'string' }
const page: JsonSchema = { type: 'object', required: ['data'], properties: { data: { type: 'array' }, next: text } }

describe('allOf', () => {
  test.each<[says: string, schema: JsonSchema, type: string]>([
    [
      'one part names what another describes',
      { allOf: [page, { properties: { data: { items: { type: 'object', required: ['id'], properties: { id: text } } } } }] },
      '{ data: list of { id: text }, next?: text }',
    ],
    ['what any part requires is required', { allOf: [page, { required: ['next'] }] }, '{ data: list of anything, next: text }'],
    [
      'it goes on inside',
      { allOf: [{ allOf: [{ type: 'object' }, { properties: { a: text } }] }, { required: ['a'] }] },
      '{ a: text }',
    ],
    ['of kinds the common ones remain', { allOf: [{ type: ['string', 'null'] }, { type: 'string' }] }, 'text'],
    ['of numbers the whole ones', { allOf: [{ type: 'number' }, { type: 'integer' }] }, 'whole number'],
    ['an enum beside it counts', { type: 'string', allOf: [{ enum: ['a', 'b'] }] }, '"a" or "b"'],
    [
      'references are followed',
      { $defs: { a: page }, allOf: [{ $ref: '#/$defs/a' }] },
      '{ data: list of anything, next?: text }',
    ],
    ['what cannot be followed may be anything', { allOf: [{ $ref: 'elsewhere.json' }] }, 'anything'],
  ])('%s', (_, schema, type) => {
    expect(typeText(fromSchema(schema))).toBe(type)
  })
})

const output = fromSchema({
  type: 'object',
  required: ['found'],
  properties: { found: { type: 'boolean' }, at: { type: 'object', properties: { host: text, port: { type: 'integer' } } } },
})

describe('a condition that was waited for', () => {
  test.each<[until: string, type: string]>([
    ['result.found', '{ found: true or false, at?: { host?: text, port?: whole number } }'],
    ['$exists(result.at)', '{ found: true or false, at: { host?: text, port?: whole number } }'],
    ['result.found and result.at.port > 0', '{ found: true or false, at: { host?: text, port: whole number } }'],
    ['$exists(result.at) or result.found', '{ found: true or false, at?: { host?: text, port?: whole number } }'],
  ])('%s tells what the output has', (until, type) => {
    expect(typeText(narrowedWithin(output, 'result', factsOfSource(until)))).toBe(type)
  })
})

describe('$merge of objects that are written out', () => {
  const root = fromSchema({
    type: 'object',
    required: ['a', 'any'],
    properties: {
      a: { type: 'object', required: ['x'], properties: { x: text, y: text } },
      b: { type: 'object', properties: { x: { type: 'integer' } } },
      any: { type: 'object' },
    },
  })
  test.each<[source: string, type: string]>([
    ['$merge([a, {"z": 1}])', '{ x: text, y?: text, z: whole number }'],
    ['$merge([a, {"x": 1}])', '{ x: whole number, y?: text }'],
    ['$merge([{"x": true}, b])', '{ x: true or false or whole number }'],
    ['$merge([a, b])', '{ x: whole number or text, y?: text }'],
    ['$merge([{"x": "u"}, any])', '{ x: anything }'],
    ['$merge([any, {"x": "u"}])', '{ x: "u" }'],
    ['$merge([a, $exists(b) ? {"z": 1} : {}])', '{ x: text, y?: text, z?: whole number }'],
  ])('%s', (source, type) => {
    expect(typeText(inferSource(source, { root }).type)).toBe(type)
  })
})
