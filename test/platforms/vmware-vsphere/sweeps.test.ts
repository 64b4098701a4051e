// What a sweep lists on vSphere: snapshots and VMs that runs of this pack make there and could leave, by the names that they chose.
import { expect, it } from 'vitest'
import { judge } from '../../../src/cli/obligations/index.ts'
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

it("P2: a VM that a restore of Consolidated Backup made, whose run was lost with its journal, is found at the same server and told as a run's", async () => {
  await using stage = await startStage()
  const run = '261121-093012-4f2a9c'
  // As image-restore names it: the old name, and the run's id.
  stage.vsphere.addVm({ name: `erp-db-${run}`, sizesBytes: [MIB] })
  stage.vsphere.addVm({ name: 'erp-db', sizesBytes: [MIB] })
  const type = runbooks.pack.resources.RestoredVm
  if (!type) throw new Error('the pack has no RestoredVm')
  const swept = await listedBySweep(stage, runbooks, 'vc', 'Connection')
  const verdicts = swept.map((line) => {
    const [, folderId = '', name = ''] = line.split(' ')
    const found = { kind: 'listed', type: type.name, identity: { folderId, name }, facts: {} } as const
    const ledger = { obligations: [], runs: new Set<string>(), target: 'vc', prefix: 'holdfast-', now: 0 }
    return [name, judge(found, type, ledger).verdict, judge(found, type, ledger).run]
  })
  expect(verdicts).toEqual([
    ['erp-db', 'unrelated', undefined],
    [`erp-db-${run}`, 'foreign', run],
  ])
})
