// `holdfast migrate` with the formats that there are; how a document goes from format to format is test/language/versions.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

test('P12: files in the newest format stay as they are, those of a newer one are refused, and nothing is touched', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-migrate-'))
  try {
    const texts = { 'a.runbook.yaml': 'runbook:   1\nsteps: []\n', 'pack.yaml': 'pack: 1\n', 'b.runbook.yaml': 'runbook: 2\n' }
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
    const { host, printed } = createTestHost(folder)
    expect(await runCli(['migrate', ...Object.keys(texts)], host)).toBe(3)
    expect(printed.stdout).toBe(
      'a.runbook.yaml is in the newest format, runbook: 1\npack.yaml is in the newest format, pack: 1\n',
    )
    expect(printed.stderr).toContain('error[FORMAT_UNKNOWN]: runbook: 2 is newer than what this Holdfast reads')
    for (const [name, text] of Object.entries(texts)) expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
