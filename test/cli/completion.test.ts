// Completion scripts come from the tree of commands; the one for bash is tried in a real bash.
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { completionScript } from '../../src/cli/program/completion.ts'
import { createProgram } from '../../src/cli/program/program.ts'
import { peer } from '../peers/peer.ts'
import { createTestHost } from './test-host.ts'

const program = createProgram(createTestHost('/').host, () => undefined)

/** What bash offers after these words. */
function offered(...words: string[]): readonly string[] {
  const script = `${completionScript(program, 'bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'holdfast', ...words], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter(Boolean)
}

describe.skipIf(!peer('bash', 'bash'))('in bash', () => {
  test('commands, their subcommands and options complete', () => {
    expect(offered('re')).toEqual(['rehearse', 'resume', 'reap'])
    expect(offered('vault', '')).toContain('verify')
    expect(offered('run', '--in')).toEqual(['--input', '--inputs'])
    expect(offered('--config', 'x', 'vault', 'list', '--v')).toEqual(['--vm'])
  })

  test('values of options and arguments complete where they are a choice', () => {
    expect(offered('fm')).toEqual(['fmt'])
    expect(offered('check', '--w')).toEqual(['--watch'])
    expect(offered('check', '--format', '')).toEqual(['text', 'json', 'sarif'])
    expect(offered('schema', 'c')).toEqual(['config'])
  })

  test('files are left to the shell', () => {
    expect(offered('run', '--inputs', '')).toEqual([])
  })
})

test.each(['bash', 'zsh', 'fish'] as const)('the script for %s names every command and every long option', (shell) => {
  const script = completionScript(program, shell)
  for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) {
    expect(script).toContain(command.name())
    for (const { long } of command.options) expect(script).toContain(long?.replace('--', shell === 'fish' ? '-l ' : '--'))
  }
})
