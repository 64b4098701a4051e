// `holdfast runs prune`: only what ended long ago and owes nothing goes.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { openJournal, processOwner } from '../../src/journal/index.ts'
import { createVirtualClock } from '../engine/virtual-clock.ts'
import { writeLedger } from './ledger.ts'
import { createTestHost } from './test-host.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-21T03:00:00Z')

describe('pruning', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-prune-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function prune(...args: string[]) {
    const { host, printed } = createTestHost(folder)
    const exitCode = await runCli(['runs', 'prune', ...args], { ...host, clock: async () => createVirtualClock(NOW) })
    return { exitCode, ...printed }
  }

  async function past(): Promise<void> {
    const old = NOW - 100 * DAY_MS
    const snap = { step: 'snap', target: 'east', since: old } as const
    await writeLedger(folder, [
      { id: 'run-old', status: 'succeeded', createdAt: old, holds: [{ ...snap, state: 'released' }] },
      { id: 'run-failed', status: 'failed', createdAt: old + 1, holds: [] },
      { id: 'run-young', status: 'succeeded', createdAt: NOW - 80 * DAY_MS, holds: [] },
      { id: 'run-owing', status: 'failed', createdAt: old, holds: [{ ...snap, state: 'owed' }] },
      { id: 'run-interrupted', createdAt: old, holds: [{ ...snap, state: 'held' }] },
      { id: 'run-living', owner: processOwner(), createdAt: old, holds: [] },
    ])
  }

  async function left(): Promise<readonly string[]> {
    await using journal = openJournal(join(folder, '.holdfast/journal.sqlite'))
    return (await journal.runs()).map(({ id }) => id).toSorted()
  }

  it('removes what ended long ago and owes nothing, and nothing else (P2)', async () => {
    await past()
    const { exitCode, stdout } = await prune('--older-than', '90d')
    expect(stdout).toBe(`RUN         STATUS     ENDED                 RUNBOOK
run-failed  failed     2026-08-13T03:00:00Z  lab/hold@1.0.0
run-old     succeeded  2026-08-13T03:00:00Z  lab/hold@1.0.0

2 runs removed
`)
    expect(exitCode).toBe(0)
    expect(await left()).toEqual(['run-interrupted', 'run-living', 'run-owing', 'run-young'])
  })

  it('takes the texts of the last run that used them along', async () => {
    await writeLedger(folder, [{ id: 'run-old', status: 'succeeded', createdAt: NOW - 100 * DAY_MS, holds: [] }])
    expect((await prune('--older-than', '90d')).stdout).toMatch(
      /\n1 run removed, with 2 documents that nothing refers to any more\n$/,
    )
  })

  it('only lists where that is asked for, and makes no journal where there is none', async () => {
    expect(await prune('--older-than', '90d')).toMatchObject({ exitCode: 0, stdout: '0 runs removed\n' })
    expect(existsSync(join(folder, '.holdfast'))).toBe(false)
    await past()
    expect((await prune('--older-than', '90d', '--dry-run')).stdout).toMatch(/2 runs would be removed\n$/)
    expect(await left()).toHaveLength(6)
  })

  it('takes the age from the configuration', async () => {
    await past()
    writeFileSync(join(folder, 'holdfast.config.yaml'), 'config: 1\nretention: 70d\n')
    const { stdout } = await prune('--format', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, runs: ['run-young', 'run-failed', 'run-old'] })
  })
})
