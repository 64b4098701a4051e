// Commands that look for files below a folder.
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

/** Folders in folders, until the path of the last is longer than the system takes: nobody can list that one, not even root. */
const NEST = 'for _ in $(seq 16); do mkdir "$1" && cd "$1" || exit 1; done; mkdir "$1"'

it.each(['check', 'fmt', 'test'])('%s says which folder it cannot look into', async (command) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-nested-'))
  try {
    expect(spawnSync('sh', ['-c', NEST, 'sh', 'x'.repeat(250)], { cwd: folder }).status).toBe(0)
    const { host, printed } = createTestHost(folder)
    expect(await runCli([command, '.'], host)).toBe(2)
    expect(printed).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^error\[FILE_UNREADABLE\]: cannot read x.*: ENAMETOOLONG/),
    })
  } finally {
    spawnSync('rm', ['-rf', folder])
  }
})
