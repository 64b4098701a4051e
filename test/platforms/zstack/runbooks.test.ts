// The runbooks as they ship, and what a bad day does to them.
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { runCli } from '../../../src/cli/index.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
import { createTestHost } from '../../cli/test-host.ts'
import { runbooks, sceneOf } from './harness.ts'

describe('the shipped runbooks', () => {
  it.each(runbooks.files)('%s parses and checks without a complaint', (file) => {
    expect(runbooks.read(file).diagnostics).toEqual([])
  })

  it.each([
    'vm-backup',
    'retention',
    'vm-rollback',
    'volume-rollback',
    'recover-vm',
    'scheduler-job-change',
    'scheduler-job-remove',
  ])('%s leaves nothing behind, no VM stopped and no backup damaged, whatever goes wrong [P2, P3]', async (name) => {
    const report = await rehearse({ platforms, seed: 'test', before: [], scene: sceneOf(name), runs: 3, faults: 3 })
    expect(report.found).toEqual([])
    expect(report.byStatus.succeeded).toBeGreaterThan(0)
  })

  it('recover-site leaves nothing behind, whatever goes wrong, on a new node after the site is lost [P2, P3]', async () => {
    const { host, printed } = createTestHost(tmpdir())
    expect(await runCli(['rehearse', 'zstack/recover-site', '--runs', '3', '--format', 'json'], host)).toBe(0)
    const report = JSON.parse(printed.stdout)
    expect(report).toMatchObject({ disaster: 'the site is lost', found: [] })
    expect(report.byStatus.succeeded).toBeGreaterThan(0)
  })
})
