// What a sweep lists on vSphere: snapshots and VMs that runs of this pack make there and could leave, by the names that they chose.
import { expect, it } from 'vitest'
import { listedBySweep } from '../sweeps.ts'
import { MIB, runbooks, startStage } from './stage.ts'

it.each(['vi-json', 'soap'])(
  'P2: over %s, a sweep finds snapshots and VMs that no ledger knows, and only reads',
  async (binding) => {
    await using stage = await startStage({ settings: { binding } })
    const { vsphere } = stage
    const left = vsphere.addVm({ name: 'holdfast-run-7', sizesBytes: [MIB] })
    const kept = vsphere.addVm({ name: 'erp-db', sizesBytes: [MIB, MIB] })
    for (const name of ['before the update', 'holdfast-run-7']) await vsphere.takeSnapshot(kept.id, name)
    const swept = await listedBySweep(stage, runbooks, 'vc', 'Connection')
    expect(swept).toEqual(
      [
        `RestoredVm ${left.folderId} holdfast-run-7`,
        `RestoredVm ${kept.folderId} erp-db`,
        `Snapshot ${kept.id} before the update`,
        `Snapshot ${kept.id} holdfast-run-7`,
      ].sort(),
    )
    expect(vsphere.violations).toEqual([])
    expect(vsphere.calls.map(({ operationId }) => operationId).filter((name) => !/^(get|retrieve|log)/.test(name))).toEqual([])
  },
)
