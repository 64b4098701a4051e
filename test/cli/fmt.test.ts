// What `holdfast fmt` does to files; how a text is laid out is test/language/format.test.ts.
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

const WILD = 'steps: []\nrunbook: 1 # one\nversion:   1.0.0\nname: team/wild\n'
const NEAT = 'runbook: 1 # one\nname: team/wild\nversion: 1.0.0\n\nsteps: []\n'
const BROKEN = 'runbook: 1\nname: team/broken\nversoin: 1.0.0\nsteps: []\n'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-fmt-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string): string => join(folder, name)

async function fmt(args: readonly string[], input = '') {
  const { host, printed } = createTestHost(folder)
  return { exitCode: await runCli(['fmt', ...args], { ...host, readInput: async () => input }), ...printed }
}

test('lays out every runbook and manifest of a folder and names those that changed', async () => {
  writeFileSync(file('wild.runbook.yaml'), WILD)
  writeFileSync(file('neat.runbook.yaml'), NEAT)
  writeFileSync(file('pack.yaml'), 'version: 1.0.0\npack: 1\nname: lab\ntitle: Lab\nactions: {}\n')
  writeFileSync(file('notes.yaml'), WILD)
  expect(await fmt([])).toEqual({ exitCode: 0, stdout: 'pack.yaml\nwild.runbook.yaml\n', stderr: '' })
  expect(readFileSync(file('wild.runbook.yaml'), 'utf8')).toBe(NEAT)
  expect(readFileSync(file('pack.yaml'), 'utf8')).toBe('pack: 1\nname: lab\nversion: 1.0.0\ntitle: Lab\n\nactions: {}\n')
  expect(readFileSync(file('notes.yaml'), 'utf8')).toBe(WILD)
  expect(await fmt([])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
})

test('--check changes nothing, names what would change and ends with 3', async () => {
  writeFileSync(file('wild.runbook.yaml'), WILD)
  expect(await fmt(['--check', 'wild.runbook.yaml'])).toEqual({ exitCode: 3, stdout: 'wild.runbook.yaml\n', stderr: '' })
  expect(readFileSync(file('wild.runbook.yaml'), 'utf8')).toBe(WILD)
  writeFileSync(file('wild.runbook.yaml'), NEAT)
  expect(await fmt(['--check'])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
})

test('P12: a file with problems is left alone and they are told, while others are laid out', async () => {
  writeFileSync(file('broken.runbook.yaml'), BROKEN)
  writeFileSync(file('wild.runbook.yaml'), WILD)
  const { exitCode, stdout, stderr } = await fmt([])
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'wild.runbook.yaml\n' })
  expect(stderr).toContain('error[KEY_UNKNOWN]')
  expect(stderr).toContain('--> broken.runbook.yaml:3:1')
  expect(readFileSync(file('broken.runbook.yaml'), 'utf8')).toBe(BROKEN)
})

test('P12: a file in another encoding is left as it is, byte for byte', async () => {
  for (const encoding of ['latin1', 'utf16le'] as const) {
    const bytes = Buffer.from(`\uFEFF${WILD}# für später\n`.slice(encoding === 'latin1' ? 1 : 0), encoding)
    writeFileSync(file('strange.runbook.yaml'), bytes)
    const { exitCode, stdout, stderr } = await fmt(['strange.runbook.yaml'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(stderr).toContain('error[YAML_INVALID]: not valid YAML: here stands what is not UTF-8')
    expect(readFileSync(file('strange.runbook.yaml')).equals(bytes)).toBe(true)
  }
})

test('- reads the standard input and prints it laid out', async () => {
  expect(await fmt(['-'], WILD)).toEqual({ exitCode: 0, stdout: NEAT, stderr: '' })
  expect(await fmt(['-', '--check'], WILD)).toEqual({ exitCode: 3, stdout: '-\n', stderr: '' })
  expect(await fmt(['-'], BROKEN)).toMatchObject({ exitCode: 3, stdout: '' })
})

test('a file keeps its mode, a link stays a link, and nothing else is left in the folder', async () => {
  writeFileSync(file('wild.runbook.yaml'), WILD)
  chmodSync(file('wild.runbook.yaml'), 0o640)
  symlinkSync('wild.runbook.yaml', file('link.runbook.yaml'))
  await fmt(['link.runbook.yaml'])
  expect(readFileSync(file('wild.runbook.yaml'), 'utf8')).toBe(NEAT)
  expect(statSync(file('wild.runbook.yaml')).mode & 0o777).toBe(0o640)
  expect(lstatSync(file('link.runbook.yaml')).isSymbolicLink()).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['link.runbook.yaml', 'wild.runbook.yaml'])
})
