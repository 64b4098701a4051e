// Whether there are colours: one rule for all that is printed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wantsColour } from '../../src/cli/host.ts'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

const terminal = {} as NodeJS.WriteStream
const screen = { write: () => {}, terminal }
const file = { write: () => {} }

test.each([
  [{}, screen, true],
  [{}, file, false],
  [{ TERM: 'dumb' }, screen, false],
  [{ NO_COLOR: '1' }, screen, false],
  [{ NO_COLOR: '' }, screen, true],
  [{ FORCE_COLOR: '1' }, file, true],
  [{ FORCE_COLOR: '0' }, screen, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, file, true],
])('with %j there are colours where they are expected', (env, output, expected) => {
  expect(wantsColour({ env }, output)).toBe(expected)
  expect(wantsColour({ env, colour: true }, output)).toBe(true)
  expect(wantsColour({ env, colour: false }, output)).toBe(false)
})

const ESCAPE = '\u001b['

test.each([
  [['check', '--color'], {}, true],
  [['--color', 'check'], {}, true],
  [['check'], {}, false],
  [['check'], { FORCE_COLOR: '1' }, true],
  [['check', '--no-color'], { FORCE_COLOR: '1' }, false],
  [['run', 'nothing', '--color'], {}, true],
  [['check', '--color', '--format', 'json'], {}, false],
])('%j with %j prints colours as it was asked to', async (args, env, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'colour-'))
  try {
    writeFileSync(join(folder, 'broken.runbook.yaml'), 'runbook: 1\n')
    const { host, printed } = createTestHost(folder, env)
    await runCli(args, host)
    expect(printed.stdout + printed.stderr).not.toBe('')
    expect((printed.stdout + printed.stderr).includes(ESCAPE)).toBe(expected)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
