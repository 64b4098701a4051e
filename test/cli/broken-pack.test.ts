// A pack that is broken is told so at its own file, and the runbooks that use it are not told that there is none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

const PACK =
  'pack: 1\nname: lab\nversion: 1.0.0\ntitle: Lab\nactions:\n  read: { title: Reads, source: none, effect: reed, input: {}, output: {}, handler: true }\n'
const RUNBOOK =
  'runbook: 1\nname: team/reads\nversion: 1.0.0\nuse: { lab: lab@^1.0.0, none: none@^1.0.0 }\nsteps: [{ id: it, uses: lab/read, with: {} }]\n'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-broken-pack-'))
  mkdirSync(join(folder, 'lab'))
  writeFileSync(join(folder, 'lab', 'pack.yaml'), PACK)
  writeFileSync(join(folder, 'a.runbook.yaml'), RUNBOOK)
  writeFileSync(join(folder, 'holdfast.config.yaml'), 'config: 1\npacks: [lab]\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('one message for the broken pack, and one for the pack that is not there', async () => {
  const { host, printed } = createTestHost(folder)
  expect(await runCli(['check', 'a.runbook.yaml', '--format', 'json'], host)).toBe(3)
  const told = JSON.parse(printed.stdout) as readonly { code: string; message: string }[]
  expect(told.map(({ code }) => code)).toEqual(['PACK_INVALID', 'PACK_UNKNOWN'])
  expect(told[1]?.message).toBe('there is no pack none')
})
