// The operator guide is true: every command in it is run, in its order, in one shell, as its reader would.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FROM_SOURCE, startHoldfast } from './holdfast.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/operators.md'), 'utf8')
const blocks = [...guide.matchAll(/^```bash(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({
  info: info.trim(),
  text,
}))

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-guide-'))
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'work'))
  const program = FROM_SOURCE.map((word) => `'${word}'`).join(' ')
  writeFileSync(join(folder, 'bin/holdfast'), `#!/bin/sh\nexec ${program} "$@"\n`)
  chmodSync(join(folder, 'bin/holdfast'), 0o755)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function bash(script: string): Promise<{ exitCode: number | null; printed: string }> {
  const PATH = `${join(folder, 'bin')}${delimiter}${process.env.PATH}`
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: join(folder, 'work'), env: { ...env, PATH } })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
  }
  return new Promise((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, printed }))
  })
}

test('every command of the operator guide works, in its order', { timeout: 600_000 }, async () => {
  const [second, ...first] = blocks
  expect(second?.info).toBe('second-terminal')
  const [, ...simulate] = second?.text.trim().split(' ') ?? []
  const simulator = startHoldfast({ cwd: join(folder, 'work') }, ...simulate, '--port', '0', '--rate', '4')
  try {
    const group = /consistency group erp +(\S+)/.exec(await simulator.says('Ctrl-C ends it'))?.[1] ?? ''
    const script = first.map(({ text }) => text).join('\n')
    const { exitCode, printed } = await bash(
      script.replaceAll('GROUP', group).replaceAll(' RUN\n', ' "$(holdfast runs --limit 1 | sed -n 2p | cut -d" " -f1)"\n'),
    )
    expect(printed).toContain('created a vault in vault')
    expect(printed).toContain('0 errors, 0 warnings')
    expect(printed.match(/^.* run \S+ succeeded$/gm)).toHaveLength(5)
    expect(printed).toMatch(/^\d+ calls, all of them in the plan$/m)
    expect(printed).toContain('every restore point can be restored')
    expect(printed).toContain('nothing is held on any platform')
    expect(exitCode, printed).toBe(0)
  } finally {
    simulator.child.kill('SIGINT')
    await simulator.ended
  }
})
