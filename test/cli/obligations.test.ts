// `holdfast obligations`: the most pressing first, filters, and an exit code that says whether something is owed.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { processOwner } from '../../src/journal/index.ts'
import { createVirtualClock } from '../engine/virtual-clock.ts'
import { type PastRun, writeLedger } from './ledger.ts'
import { createTestHost } from './test-host.ts'

const NOW = Date.parse('2026-11-21T03:00:00Z')
const MINUTE_MS = 60_000
const broken = { type: 'broken', message: 'the platform is down', retryable: true, applied: 'no' } as const

const OWING: PastRun = {
  id: 'run-owing',
  status: 'failed',
  holds: [{ step: 'snap', state: 'owed', target: 'east', since: NOW - 300 * MINUTE_MS, lastFailure: broken }],
}
const INTERRUPTED: PastRun = {
  id: 'run-interrupted',
  holds: [
    { step: 'snap', state: 'held', target: 'east', since: NOW - 5 * MINUTE_MS },
    { step: 'freeze', state: 'held', target: 'west', since: NOW - 4 * MINUTE_MS },
  ],
}
const LIVING: PastRun = {
  id: 'run-living',
  owner: processOwner(),
  holds: [{ step: 'snap', state: 'held', target: 'west', since: NOW - 120 * MINUTE_MS }],
}

describe('P2: the list of what is held', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-obligations-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function list(runs: readonly PastRun[], ...args: string[]) {
    await writeLedger(folder, runs)
    const { host, printed } = createTestHost(folder)
    const exitCode = await runCli(['obligations', ...args], { ...host, clock: async () => createVirtualClock(NOW) })
    return { exitCode, ...printed }
  }

  it('cries out what is critical and owed, then lists the rest by age, with targets', async () => {
    const { exitCode, stdout } = await list([OWING, INTERRUPTED, LIVING])
    expect(stdout).toBe(
      `CRITICAL: lab/Freeze guest db-1 on west is held for 4m. Let go of it now: holdfast resume run-interrupted

AGE  RUN              STATE                        TARGET  TYPE          IDENTITY    STEP    LAST FAILURE
4m   run-interrupted  CRITICAL, held, interrupted  west    lab/Freeze    guest db-1  freeze
5h   run-owing        owed                         east    lab/Snapshot  name one    snap    broken: the platform is down
2h   run-living       held                         west    lab/Snapshot  name one    snap
5m   run-interrupted  held, interrupted            east    lab/Snapshot  name one    snap

holdfast resume RUN goes on with a run that was interrupted; holdfast reap settles what finished runs owe.
`,
    )
    expect(exitCode).toBe(5)
  })

  it('does not say that nothing is held where it cannot look', async () => {
    // As a folder of another user's: the system answers neither that it is there nor that it is not.
    symlinkSync('.holdfast', join(folder, '.holdfast'))
    const { host, printed } = createTestHost(folder)
    expect(await runCli(['obligations'], host)).toBe(2)
    expect(printed).toMatchObject({ stdout: '', stderr: expect.stringContaining('JOURNAL_UNUSABLE') })
  })

  it('leaves the mode of a folder that was there before as it is, while what lies in it is for its owner alone', async () => {
    const shared = join(folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o2775)
    writeFileSync(join(folder, 'holdfast.config.yaml'), 'config: 1\nstateDirectory: shared\n')
    const { host } = createTestHost(folder)
    expect(await runCli(['runs'], host)).toBe(0)
    expect(statSync(shared).mode & 0o7777).toBe(0o2775)
    for (const name of readdirSync(shared)) expect(statSync(join(shared, name)).mode & 0o777, name).toBe(0o600)
    expect(readdirSync(shared)).toContain('journal.sqlite')
  })

  it('ends with 0 while living runs are going to release all of it', async () => {
    expect(await list([LIVING])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('run-living') })
  })

  it('keeps to what is older, and to one target', async () => {
    const all = [OWING, INTERRUPTED, LIVING]
    const { exitCode, stdout } = await list(all, '--older-than', '1h', '--target', 'west', '--format', 'json')
    expect(JSON.parse(stdout)).toEqual([
      {
        run: 'run-living',
        path: 'snap',
        resource: 'lab/Snapshot',
        identity: { name: 'one' },
        state: 'held',
        targets: ['west'],
        since: '2026-11-21T01:00:00.000Z',
        ageMs: 120 * MINUTE_MS,
        critical: false,
        owed: false,
        command: 'holdfast cancel run-living',
      },
    ])
    expect(exitCode).toBe(0)
  })

  it('says so where a filter leaves nothing, and refuses what is no duration', async () => {
    expect(await list([OWING], '--older-than', '6h')).toMatchObject({ exitCode: 0, stdout: 'nothing of that kind is held\n' })
    const { host } = createTestHost(folder)
    expect(await runCli(['obligations', '--older-than', 'long'], host)).toBe(2)
  })
})
