// A disk of 10 TiB that is nearly empty is planned, stored, changed, restored and verified in bounded memory. The whole of it: npm run bench:scale.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { byEffort } from '../faults/kill/kill.ts'
import { peer } from './peer.ts'

const run = promisify(execFile)
/** All of it in continuous integration. */
const DISK = byEffort({ desk: '1TiB', ci: '10TiB' })
const SCRIPT = join(import.meta.dirname, '../../scripts/bench-scale.ts')

test.skipIf(!peer('nbdkit', 'nbdkit'))(
  'a sparse disk of TiBs goes into a vault and back within 500 MiB of memory',
  { timeout: 3_600_000 },
  async () => {
    const { stdout } = await run(process.execPath, [SCRIPT, '--disk', DISK, '--data', '64MiB', '--limit', '500MiB'])
    expect(stdout).toContain('80 places came back as they were')
    console.info(stdout)
  },
)
