import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { actionsContract } from './actions.contract.ts'

const RUNBOOKS = join(import.meta.dirname, '../../runbooks')
const folders = readdirSync(RUNBOOKS, { withFileTypes: true }).filter((entry) => entry.isDirectory())

for (const { name } of folders) await actionsContract(join(RUNBOOKS, name))

test('every folder of runbooks is under the contract', () => {
  expect(folders.map(({ name }) => name)).toContain('core')
})
