// One vocabulary for all packs: what the vault, plans and a restore elsewhere read of any platform has one shape.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPack, type Pack } from '../../src/packs/index.ts'
import { isObject, type Json } from '../../src/values/index.ts'

const root = join(import.meta.dirname, '../..')
const packs: Pack[] = []
for (const file of globSync('runbooks/*/pack.yaml', { cwd: root }).toSorted()) {
  const { pack } = await loadPack(join(root, file, '..'))
  if (pack) packs.push(pack)
}

/** Every schema of a property of this name below this one, with where it stands. */
function schemasOf(name: string, schema: Json | undefined, at: string): readonly (readonly [string, Json])[] {
  if (Array.isArray(schema)) return schema.flatMap((each, index) => schemasOf(name, each, `${at}/${index}`))
  if (!isObject(schema)) return []
  const { properties } = schema
  const here = isObject(properties) && properties[name] !== undefined ? [[`${at}/${name}`, properties[name]] as const] : []
  return [...here, ...Object.entries(schema).flatMap(([key, value]) => schemasOf(name, value, `${at}/${key}`))]
}

const inActions = (property: string, from: readonly Pack[]) =>
  from.flatMap(({ name, actions }) =>
    Object.entries(actions).flatMap(([action, { input, output }]) => [
      ...schemasOf(property, input, `${name}/${action} input`),
      ...schemasOf(property, output, `${name}/${action} output`),
    ]),
  )

/** What people and plans read of a schema says nothing about its shape. */
function shapeOf(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(shapeOf)
  if (!isObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => (key !== 'description' && key !== 'x-means') || isObject(value))
      .map(([key, value]) => [key, shapeOf(value)]),
  )
}

describe('the vocabulary of packs', () => {
  test('a machine has the shape that block-transfer gives it, in every pack', () => {
    const machines = inActions('machine', packs).filter(([, schema]) => isObject(schema) && schema['x-means'] === 'machine')
    const [, ours = {}] = machines.find(([at]) => at.startsWith('block-transfer/')) ?? []
    expect(machines.length).toBeGreaterThan(2)
    for (const [at, schema] of machines) expect({ at, shape: shapeOf(schema) }).toEqual({ at, shape: shapeOf(ours) })
  })

  test('no pack writes a machine or a list of extents in words of its own', () => {
    const words = globSync('runbooks/*/pack.yaml', { cwd: root }).flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter((line) => /x-means: (?:machine|extents)\b/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
    expect(words).toEqual([])
  })

  test('whatever is told the address of a disk is told which disk it is, so that a plan shows what a call opens', () => {
    const parent = (at: string): string => at.slice(0, at.lastIndexOf('/'))
    const addressed = new Set(inActions('address', packs).map(([at]) => parent(at)))
    const disks = inActions('disk', packs).filter(([at]) => addressed.has(parent(at)))
    expect(disks.length).toBeGreaterThan(5)
    expect(disks.filter(([, schema]) => !isObject(schema) || schema['x-means'] !== 'disk').map(([at]) => at)).toEqual([])
  })

  test('every shipped backup that makes a restore point describes its VM in words of no platform', () => {
    const without = globSync('runbooks/*/*.runbook.yaml', { cwd: root })
      .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
      .filter(({ text }) => /uses: \w+\/point\.commit$/m.test(text) && !/^\s+machine: /m.test(text))
    expect(without.map(({ file }) => file)).toEqual([])
  })

  test('a schema of another shape is seen', () => {
    expect(shapeOf({ type: 'object', description: 'one', required: ['cpus'] })).not.toEqual(
      shapeOf({ type: 'object', description: 'two', required: [] }),
    )
    expect(schemasOf('machine', { a: [{ properties: { machine: { type: 'object' } } }] }, '')).toEqual([
      ['/a/0/machine', { type: 'object' }],
    ])
  })
})
