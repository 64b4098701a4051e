// The committed schemas are what editors judge by: they must take what Holdfast takes.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readYaml, toJson } from '../../src/language/index.ts'
import { type Json, type JsonSchema, validator } from '../../src/values/index.ts'

const root = join(import.meta.dirname, '../..')
const schema = (of: string): JsonSchema => JSON.parse(readFileSync(join(root, `schemas/${of}.schema.json`), 'utf8')) as JsonSchema

function read(file: string): Json {
  const { root: node } = readYaml(readFileSync(join(root, file), 'utf8'), file)
  if (!node) throw new Error(`${file} is empty`)
  return toJson(node)
}

const shipped = {
  runbook: globSync('runbooks/*/*.runbook.yaml', { cwd: root }),
  pack: globSync('runbooks/*/pack.yaml', { cwd: root }),
  config: ['test/cases/configs/fine-configuration-draws-nothing/holdfast.config.yaml'],
}

describe.each(Object.entries(shipped))('schemas/%s.schema.json', (of, files) => {
  test('takes what is shipped', () => {
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect(validator(schema(of)).problems(read(file)), file).toEqual([])
  })

  test('refuses a key that does not exist', () => {
    for (const file of files)
      expect(validator(schema(of)).problems({ ...(read(file) as object), colour: 'red' }), file).not.toEqual([])
  })
})

test('shipped runbooks and packs name their schema for editors', () => {
  for (const [of, files] of Object.entries(shipped)) {
    if (of === 'config') continue
    for (const file of files)
      expect(readFileSync(join(root, file), 'utf8').split('\n')[0], file).toBe(
        `# yaml-language-server: $schema=../../schemas/${of}.schema.json`,
      )
  }
})

test('the schema of the configuration refuses a secret that stands in it, and a setting that a connection type lacks', () => {
  const target = { connection: 'sangfor-scp/Connection', url: 'http://127.0.0.1', accessKey: 'a' }
  const problems = (cloud: Json) => validator(schema('config')).problems({ config: 1, targets: { cloud } })
  expect(problems({ ...target, secretKey: { env: 'KEY' } })).toEqual([])
  expect(problems({ ...target, secretKey: 'hunter2' })).not.toEqual([])
  expect(problems({ ...target, colour: 'red' })).not.toEqual([])
})
