// The runbooks as they ship, and what a bad day does to them. recover-site is in site.test.ts, for it wants a site that is lost.
import { describe, expect, it } from 'vitest'
import { platforms } from '../../../src/platforms/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
import { sceneOf, zstackRunbooks } from './harness.ts'

describe('the shipped runbooks', () => {
  it.each(zstackRunbooks)('%s parses and checks without a complaint', (file) => {
    expect(() => sceneOf(file.replace('.runbook.yaml', ''))).not.toThrow()
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
})
