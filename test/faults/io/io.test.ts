// A disk that fails under the journal of a real process: one of its system calls answers EIO, each in its turn. strace(1) answers in the kernel's
// place, so that it needs no rights, and nothing in the process knows of it.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openJournal } from '../../../src/journal/index.ts'
import { peer } from '../../peers/peer.ts'
import { judgeThings } from '../kill/judge-things.ts'
import { byEffort, child } from '../kill/kill.ts'

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-io-'))
})
afterAll(() => rm(root, { recursive: true }))

const NEVER = '1000000'
/** There are about 25 of the first, and 220 of the second. */
const CALLS = [
  ['fsync', byEffort({ desk: 9, ci: 4, all: 1 })],
  ['pwrite64', byEffort({ desk: 90, ci: 40, all: 4 })],
] as const

it.skipIf(!peer('strace', 'strace')).each(CALLS)(
  'a run whose journal meets an input or output error at any %s stops and says so, and leaves nothing once it is resumed (P1, P2, P3)',
  async (call, stride) => {
    const counts = { stopped: 0, wentThrough: 0, held: 0 }
    for (let count = 1; ; count += stride) {
      const folder = join(root, `${call}-${count}`)
      await mkdir(folder)
      const { code, errors } = await child('child.ts', ['record', NEVER, folder], failing(folder, call, count))
      if (!(await readFile(join(folder, 'strace'), 'utf8')).includes('INJECTED')) break
      const label = `EIO at ${call} ${count}`
      if (code === 0) counts.wentThrough += 1
      else {
        expect(errors, label).toMatch(/journal\.sqlite (cannot be (written|used as a journal)|is damaged)/)
        counts.stopped += 1
      }
      expect(await child('child.ts', ['resume', '0', folder]), label).toMatchObject({ code: 0, errors: '' })
      if (await isBegun(folder)) counts.held += await judgeThings(folder, label)
    }
    console.log(`EIO at one of every ${stride} calls of ${call}:`, counts)
    expect(counts.stopped).toBeGreaterThan(1)
  },
  600_000,
)

/** The n-th such call on the journal or its log fails. */
function failing(folder: string, call: string, count: number): readonly string[] {
  const files = ['journal.sqlite', 'journal.sqlite-wal'].flatMap((name) => ['-P', join(folder, name)])
  const what = ['-e', `trace=${call}`, '-e', `inject=${call}:error=EIO:when=${count}`]
  return ['strace', '--follow-forks', '--seccomp-bpf', '-qq', '-o', join(folder, 'strace'), ...what, ...files]
}

async function isBegun(folder: string): Promise<boolean> {
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  return (await journal.runs()).length > 0
}
