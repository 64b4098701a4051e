// `holdfast check --watch`: what it prints after each change. The changes are made by the test, in turn; nothing waits for time to pass.
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli, watchFolders } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

const runbook = (that: string): string => `runbook: 1
name: team/example
version: 1.0.0
steps:
  - id: fit
    uses: core/assert
    with: { that: ${that}, message: it does not fit }
`
const pack = (type: string): string => `pack: 1
name: lab
version: 1.0.0
title: Lab
actions:
  read:
    title: Reads
    source: none
    effect: read
    input: { required: [id], properties: { id: { type: ${type} } } }
    output: {}
    handler: true
`
const READS =
  'runbook: 1\nname: team/reads\nversion: 1.0.0\nuse: { lab: lab@^1.0.0 }\nsteps: [{ id: it, uses: lab/read, with: { id: a } }]\n'

let folder = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-watch-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string): string => join(folder, name)
const write = (name: string, text: string) => (): string => {
  writeFileSync(file(name), text)
  return file(name)
}
const remove = (name: string) => (): string => {
  rmSync(file(name))
  return file(name)
}

/** Each change is made when the command has told how things stand and waits; after the last one Ctrl-C is pressed. */
async function watching(args: readonly string[], changes: readonly (() => string)[], terminal = false) {
  const { host, printed, interrupt } = createTestHost(folder)
  const todo = [...changes]
  const watched: (readonly string[])[] = []
  const rounds: string[] = []
  const exitCode = await runCli(['check', '--watch', ...args], {
    ...host,
    stdout: terminal ? { ...host.stdout, terminal: process.stdout } : host.stdout,
    env: { NO_COLOR: '1' },
    clock: async () => ({ now: () => Date.parse('2026-11-21T12:00:00Z'), sleep: async () => undefined }),
    watch: (folders) => {
      watched.push(folders)
      return {
        async *[Symbol.asyncIterator]() {
          rounds.push(printed.stdout + printed.stderr)
          printed.stdout = ''
          printed.stderr = ''
          for (let change = todo.shift(); change; change = todo.shift()) yield [change()]
          interrupt()
          await new Promise(() => undefined)
        },
        [Symbol.dispose]: () => undefined,
      }
    },
  })
  return { exitCode, rounds, watched }
}

const WAITING = '\n2026-11-21T12:00:00Z waiting for changes, Ctrl-C ends\n'
const FINE = `1 file checked, 0 errors, 0 warnings\n${WAITING}`

test('tells how things stand after each change, and ends on Ctrl-C as the last check did', async () => {
  write('a.runbook.yaml', runbook('true'))()
  const { exitCode, rounds } = await watching(
    ['a.runbook.yaml'],
    [write('a.runbook.yaml', runbook('1')), write('a.runbook.yaml', runbook('true')), write('a.runbook.yaml', runbook('yes'))],
  )
  expect(rounds).toEqual([FINE, expect.stringContaining('error[ARGUMENT_INVALID]'), FINE, expect.stringContaining('1 error')])
  expect(exitCode).toBe(3)
})

test('finds files that come, and tells of those that go', async () => {
  write('a.runbook.yaml', runbook('true'))()
  const { exitCode, rounds } = await watching(
    [],
    [write('b.runbook.yaml', runbook('true')), remove('a.runbook.yaml'), remove('b.runbook.yaml')],
  )
  expect(rounds.slice(0, 3)).toEqual([
    FINE,
    `2 files checked, 0 errors, 0 warnings\n${WAITING}`,
    `a.runbook.yaml is no more\n\n${FINE}`,
  ])
  expect(rounds[3]).toContain('error[NOTHING_TO_CHECK]')
  expect(exitCode).toBe(2)
})

test('a pack that changes is read again, and so is the configuration', async () => {
  mkdirSync(file('lab'))
  write('lab/pack.yaml', pack('string'))()
  write('holdfast.config.yaml', 'config: 1\npacks: [lab]\n')()
  write('a.runbook.yaml', READS)()
  const { rounds, watched } = await watching(
    ['a.runbook.yaml'],
    [
      write('lab/pack.yaml', pack('integer')),
      write('lab/pack.yaml', pack('string')),
      write('holdfast.config.yaml', 'config: 1\n'),
      write('holdfast.config.yaml', 'config: one\n'),
    ],
  )
  expect(rounds[0]).toBe(FINE)
  expect(rounds[1]).toContain('error[ARGUMENT_INVALID]')
  expect(rounds[2]).toBe(FINE)
  expect(rounds[3]).toContain('error[PACK_UNKNOWN]')
  expect(rounds[4]).toContain('error[CONFIG_INVALID]')
  expect(watched[0]).toEqual(expect.arrayContaining([folder, file('lab')]))
})

test('clears the screen where a person looks on, and nowhere else', async () => {
  write('a.runbook.yaml', runbook('true'))()
  expect((await watching([], [], true)).rounds).toEqual([`\u001b[2J\u001b[3J\u001b[H${FINE}`])
  expect((await watching([], [])).rounds).toEqual([FINE])
  expect((await watching(['--format', 'json'], [], true)).rounds).toEqual(['[]\n'])
})

test('the operating system tells of a file that is written by renaming another over it', async () => {
  write('a.runbook.yaml', runbook('true'))()
  using changes = watchFolders([folder, file('nowhere')])
  write('.draft', runbook('1'))()
  renameSync(file('.draft'), file('a.runbook.yaml'))
  for await (const changed of changes) {
    expect(changed).toContain(file('a.runbook.yaml'))
    break
  }
})

test('a log that grows in the folder, such as its own output, makes it look again at nothing', async () => {
  write('a.runbook.yaml', runbook('true'))()
  const { rounds } = await watching(
    [],
    [write('watch.log', 'a'), write('watch.log', 'ab'), write('a.runbook.yaml', runbook('1')), write('watch.log', 'abc')],
  )
  expect(rounds).toEqual([FINE, expect.stringContaining('error[ARGUMENT_INVALID]')])
})
