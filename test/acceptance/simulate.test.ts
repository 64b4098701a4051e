// The simulator as a server for people: what it refuses, it refuses and ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdfast } from './holdfast.ts'

test('a simulator that may not overwrite the configuration says so and ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-simulate-'))
  try {
    writeFileSync(join(folder, 'mine.yaml'), 'config: 1\n')
    const refused = await holdfast({ cwd: folder }, 'simulate', 'sangfor-scp', '--port', '0', '--write-config', 'mine.yaml')
    expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(refused.stderr).toContain('error[FILE_EXISTS]: mine.yaml is there already')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
