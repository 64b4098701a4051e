// A disk that fails under a vault, for a real process: one of its system calls fails or writes less than it was given, each in its turn. strace(1)
// answers in the kernel's place.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { peer } from '../peers/peer.ts'
import { createFolder } from '../vault/world.ts'
import { byEffort } from './kill/kill.ts'
import { expectIntact } from './vault-intact.ts'
import { copyOf, prepare } from './vault-interrupted.ts'

const PROGRAM = join(import.meta.dirname, 'vault-interrupted.ts')

/** What is answered, at which call of each thread; what the process says of it. */
const INJECTIONS = [
  ['writev', 'error=ENOSPC', /ENOSPC/],
  // A write that did less is gone on with below Node; one that does nothing ends it.
  ['writev', 'retval=0', /only 0 of \d+ bytes of .* were written/],
  ['fsync', 'error=EIO', /EIO/],
  ['rename', 'error=EIO', /EIO/],
  ['unlink', 'error=EIO', /EIO/],
] as const
const STRIDE = byEffort({ desk: 6, ci: 3, all: 1 })

test.skipIf(!peer('strace', 'strace')).each(INJECTIONS)(
  'P7: a backup that meets %s: %s at any call says so or goes through, leaves earlier points whole, and can be repeated',
  { timeout: 3_600_000 },
  async (call, what, says) => {
    await using folder = await createFolder()
    const { template, first } = await prepare(folder.path)
    const counts = { failed: 0, wentThrough: 0 }
    for (let count = 1; ; count += STRIDE) {
      const directory = folder.file(`${call}-${count}`)
      await copyOf(template, directory)
      const trace = folder.file('strace')
      const inject = [
        '--follow-forks',
        '--seccomp-bpf',
        '-qq',
        '-o',
        trace,
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:${what}:when=${count}`,
      ]
      const child = spawn('strace', [...inject, process.execPath, PROGRAM, directory, folder.path, first.id, 'never'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
      if (!(await readFile(trace, 'utf8')).includes('INJECTED')) break
      if (code === 0) counts.wentThrough += 1
      else {
        expect(errors, `${call} ${count}`).toMatch(says)
        counts.failed += 1
      }
      await expectIntact(directory, folder.path, first.id)
    }
    console.info(`a backup whose ${call} met ${what}, each in its turn:`, counts)
    expect(counts.failed + counts.wentThrough).toBeGreaterThan(0)
  },
)
