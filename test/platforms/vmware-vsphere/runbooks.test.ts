// The runbooks as they ship, over both bindings, and what a bad day does to them.
import { describe, expect, it } from 'vitest'
import { platforms } from '../../../src/platforms/index.ts'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
import { MIB, readRunbook, sceneOf, startStage, vsphereRunbooks } from './stage.ts'

describe('the shipped runbooks', () => {
  it.each(vsphereRunbooks)('%s parses and checks without a complaint', (file) => {
    expect(readRunbook(file).diagnostics).toEqual([])
  })

  it.each([
    ['vm-backup', []],
    ['vm-backup', ['vm-backup']],
  ] as const)('%s after %j leaves nothing behind, whatever goes wrong [P2, P3]', async (name, before) => {
    const scenes = before.map((each) => sceneOf(each))
    const report = await rehearse({ platforms, seed: 'test', before: scenes, scene: sceneOf(name), runs: 5, faults: 3 })
    expect(report.found).toEqual([])
    expect(report.byStatus.succeeded).toBeGreaterThan(0)
  })
})

describe.each(['vi-json', 'soap'])('over %s', (binding) => {
  it('a VM is backed up whole, then only what changed, and its session is ended', async () => {
    await using stage = await startStage({ settings: { binding } })
    const { vsphere, vault } = stage
    const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: [4 * MIB, 2 * MIB], tracked: true })
    vsphere.write(id, 12)
    const full = await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    vsphere.write(id, 2)
    const incremental = await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    expect([full.level, incremental.level]).toEqual(['full', 'incremental'])
    expect(Number(incremental.bytesRead)).toBeLessThan(Number(full.bytesRead))
    expect(incremental.bytesUnchanged).toBeGreaterThan(0)
    const { disks } = await vault.point(String(incremental.pointId))
    expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual([4 * MIB, 2 * MIB])
    const held = vsphere.snapshotDisks('holdfast-run-2')
    expect(held.map((disk, index) => isEqual(disk, vsphere.disks(id)[index] ?? disk))).toEqual([true, true])
    expect(vsphere.leaks()).toEqual([])
    expect(vsphere.violations).toEqual([])
    await stage.hangUp()
    expect(vsphere.openSessions).toBe(0)
  })
})
