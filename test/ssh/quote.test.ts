import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandLine } from '../../src/ssh/index.ts'

const argument = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '!', '*', ';', '&', '(', '#', '~', '=', '-', 'a') }),
  )
  .map((text) => text.toWellFormed())
  .filter((text) => !text.includes('\0'))

test('a POSIX shell takes a command line apart into exactly the arguments that it was made of', () => {
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 12 }), (args) => {
      const { stdout, status } = spawnSync('/bin/sh', ['-c', commandLine(['printf', '%s\\0', ...args])], { encoding: 'utf8' })
      expect([status, stdout.split('\0').slice(0, -1)]).toEqual([0, args])
    }),
    { numRuns: 150 },
  )
})

test('words of the shell are the names of programs', () => {
  for (const word of ['if', 'a=b', '!', '{', '~']) {
    const { status } = spawnSync('/bin/sh', ['-c', commandLine([word])], { encoding: 'utf8' })
    expect([word, status]).toEqual([word, 127])
  }
})

test('no argument can hold what ends one', () => {
  expect(() => commandLine(['echo', 'a\0b'])).toThrow('NUL')
})
