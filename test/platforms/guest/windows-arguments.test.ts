import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandLine } from '../../../src/platforms/guest/winrm/command-line.ts'
import { pythonPeer } from '../../peers/peer.ts'
import { splitCommandLine } from './windows-arguments.ts'

const argument = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('\\', '"', ' ', '\t', '\n', 'a', "'", '%', '&', 'ä') }),
    fc.string({ unit: 'grapheme' }),
  )
  .map((text) => text.toWellFormed())
  .filter((text) => !text.includes('\0'))

test('a Windows program takes a command line apart into exactly the arguments that it was made of', () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 8 }), (args) => {
      const { program, rest } = commandLine(['C:\\Program Files\\a.exe', ...args])
      expect(splitCommandLine(`${program} ${rest}`)).toEqual(['C:\\Program Files\\a.exe', ...args])
    }),
  )
})

test.each([
  // Of Microsoft's own table of examples.
  ['"a b c" d e', ['a b c', 'd', 'e']],
  ['"ab\\"c" "\\\\" d', ['ab"c', '\\', 'd']],
  ['a\\\\\\b d"e f"g h', ['a\\\\\\b', 'de fg', 'h']],
  ['a\\\\\\"b c d', ['a\\"b', 'c', 'd']],
  ['a\\\\\\\\"b c" d e', ['a\\\\b c', 'd', 'e']],
  ['a"b"" c d', ['ab" c d']],
])('the test takes %s apart as Windows does', (line, args) => {
  expect(splitCommandLine(`program ${line}`)).toEqual(['program', ...args])
})

test.skipIf(!pythonPeer('subprocess', 'python3'))('the test takes apart what another author quoted', () => {
  const rows = fc.sample(fc.array(argument, { minLength: 1, maxLength: 8 }), 300)
  const script = 'import json, subprocess, sys; print(json.dumps([subprocess.list2cmdline(row) for row in json.load(sys.stdin)]))'
  const lines = JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', script], { input: JSON.stringify(rows), encoding: 'utf8' }),
  ) as string[]
  // It quotes for spaces and tabs alone, which is what Windows goes by.
  expect(lines.map((line) => splitCommandLine(`program ${line}`).slice(1))).toEqual(rows)
})
