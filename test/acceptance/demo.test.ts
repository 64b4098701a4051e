// `npm run demo` is the first thing that people try; it must do what it says, to the last byte.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

test('the demonstration backs up, restores and compares every byte, and leaves nothing behind', {
  timeout: 180_000,
}, async () => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn('npm', ['run', '--silent', 'demo'], { cwd: root, env })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
  }
  const exitCode = await new Promise((resolve) => child.on('close', resolve))
  expect(printed.match(/every byte of the restored disk equals the snapshot's/g)).toHaveLength(6)
  expect(printed).toContain('the platform holds no snapshot, backup resource or hot-added disk')
  expect(printed).toMatch(/incremental +read [\d.]+ MiB of .*\(3 VMs, incremental\)/)
  expect(printed).not.toContain('PROBLEM')
  expect(exitCode, printed).toBe(0)
})
