// A file system that is full, for real: a small one in memory, mounted where only the process that uses it sees it.
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { peer } from '../peers/peer.ts'
import { createFolder } from '../vault/world.ts'
import type { Try } from './vault-full-child.ts'

const run = promisify(execFile)
const PROGRAM = join(import.meta.dirname, 'vault-full-child.ts')
/** A user's own mounts; in them 16 MiB, and the program. */
const MOUNTED = [
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-ec',
  'mount -t tmpfs -o size=16m none "$1"; shift; exec "$@"',
  'sh',
]

/** Some containers keep users from mounting anything. */
function mayMount(): boolean {
  const { status, stderr } = spawnSync('unshare', [...MOUNTED, '/mnt', 'true'], { encoding: 'utf8' })
  if (status !== 0) console.warn(`skipped: nothing can be mounted here: ${stderr.trim()}`)
  return status === 0
}

const CODES: Readonly<Record<string, RegExp>> = {
  backup: /^VAULT_WRITE_FAILED$/,
  'backup of files': /^VAULT_WRITE_FAILED$/,
  prune: /^VAULT_WRITE_FAILED$/,
  // Without room for a lock, the vault it is.
  'restore of a disk': /^(?:TARGET_FAILED|VAULT_WRITE_FAILED)$/,
  // Or it is seen beforehand.
  'restore of files': /^(?:TARGET_FAILED|TARGET_TOO_SMALL|VAULT_WRITE_FAILED)$/,
}

test.skipIf(!peer('unshare', 'util-linux') || !mayMount())(
  'P7: on a full disk, backups, prunes and restores fail by their codes, harm no earlier point, and go through once there is room',
  { timeout: 3_600_000 },
  async () => {
    await using folder = await createFolder()
    const { stdout } = await run('unshare', [...MOUNTED, folder.path, process.execPath, PROGRAM, folder.path])
    const tries = stdout
      .trim()
      .split('\n')
      .map((line): Try => JSON.parse(line))
    expect(new Set(tries.map(({ operation }) => operation))).toEqual(new Set(Object.keys(CODES)))
    for (const { operation, roomKib, code, message, harm } of tries) {
      const where = `${operation} with ${roomKib} KiB: ${message}`
      expect(harm, where).toEqual([])
      if (roomKib > 1024) expect(code, where).toBeUndefined()
      else {
        expect(code, where).toMatch(CODES[operation] ?? /never/)
        expect(message, where).toMatch(code === 'TARGET_TOO_SMALL' ? /are free there$/ : /ENOSPC/)
      }
    }
  },
)
