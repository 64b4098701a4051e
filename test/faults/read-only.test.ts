// A disk that failed and came back so that it can only be read, with the journal on it: a file system of this test's own, in a namespace.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const node = [process.execPath, '--conditions=source', '--disable-warning=ExperimentalWarning']

/** What `commands` print, in a shell whose folder `$1` is a file system that was written to and can only be read then. */
function onReadOnlyDisk(folder: string, commands: string) {
  const script = `
    mount -t tmpfs -o size=16m none "$1" || exit 99
    "$2" "$3" "$4" "$5" "$1" || exit 98
    mount -o remount,ro "$1" || exit 99
    cd "$1"
    ${commands}`
  const args = [folder, ...node, join(import.meta.dirname, 'read-only-child.ts')]
  return spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', ...args], { encoding: 'utf8' })
}

it('P2: what is held on the platforms is told all the same, and nothing can be recorded', async (test) => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-read-only-'))
  try {
    const holdfast = `${node.join(' ')} ${join(root, 'bin/holdfast.js')}`
    const { status, stdout, stderr } = onReadOnlyDisk(folder, `${holdfast} obligations; echo "$?"; ${holdfast} cancel run-1`)
    if (status === null || status === 99) return test.skip('this user may not mount a file system in a namespace')
    expect(stdout).toMatch(/^CRITICAL: lab\/Freeze guest db-1 on west is held for 10m.*holdfast resume run-1$/m)
    expect(stdout).toMatch(/^5$/m)
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/JOURNAL_UNUSABLE.*cannot be written/s) })
  } finally {
    await rm(folder, { recursive: true })
  }
})
