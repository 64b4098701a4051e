// The list of failures that any step can end in, against the code that raises them.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ENGINE_FAILURES } from '../../src/language/index.ts'

const root = join(import.meta.dirname, '../..')
const sources = globSync('src/{kernel,engine}/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'))

/** Noted beside what is owed; no step ends in it. */
const OF_NO_STEP = ['blockedByChild']

test('a catch may name every failure that kernel and engine raise', () => {
  const raised = new Set(sources.flatMap((text) => [...text.matchAll(/\bfailure\(\s*'(\w+)'/g)].map(([, type]) => type ?? '')))
  expect(raised.size).toBeGreaterThan(10)
  const listed: readonly string[] = [...ENGINE_FAILURES, ...OF_NO_STEP]
  expect([...raised].filter((type) => !listed.includes(type))).toEqual([])
})
