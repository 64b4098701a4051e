// What ships is free of findings, and so are complete runbooks of other platforms whose schemas say nothing.
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type CatalogueView, checkRunbook, parseRunbook } from '../../src/language/index.ts'
import { createCatalogue, loadPack } from '../../src/packs/index.ts'

const root = join(import.meta.dirname, '../..')
const directories = globSync('runbooks/*/pack.yaml', { cwd: root }).map((file) => dirname(join(root, file)))
const packs = (await Promise.all(directories.map((directory) => loadPack(directory)))).flatMap(({ pack }) => pack ?? [])

function found(path: string, catalogue: CatalogueView) {
  const { runbook, diagnostics } = parseRunbook(readFileSync(path, 'utf8'), path)
  return [...diagnostics, ...(runbook ? checkRunbook(runbook, catalogue) : [])].map(({ code, message }) => `${code}: ${message}`)
}

test.each(globSync('runbooks/*/*.runbook.yaml', { cwd: root }))('%s draws nothing', (file) => {
  expect(found(join(root, file), createCatalogue(packs))).toEqual([])
})

/** Actions that take and yield anything; those that open something acquire it. */
const anything: CatalogueView = {
  packs: new Proxy(
    {},
    { has: () => true, getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: { version: '1.0.0' } }) },
  ),
  action: (name) => ({
    effect: /create|export|mount|preFreeze|quiesce/.test(name) ? 'acquire' : 'read',
    input: { type: 'object' },
    output: { type: 'object' },
    idempotent: true,
    resumable: false,
    timeoutMs: 1000,
  }),
  actionsOf: () => [],
  connection: () => ({}),
  resource: () => ({ childOf: [], release: { timeoutMs: 1000 }, critical: false }),
  runbook: () => undefined,
  runbookNames: () => [],
}

const EXAMPLES = join(import.meta.dirname, 'examples')
test.each(readdirSync(EXAMPLES))('%s draws nothing where nothing is known of its packs', (file) => {
  expect(found(join(EXAMPLES, file), anything)).toEqual([])
})
