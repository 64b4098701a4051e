// What a sweep lists on CloudTower: snapshots, volumes and VMs that runs of this pack make there and could leave.
import { expect, it } from 'vitest'
import { listedBySweep } from '../sweeps.ts'
import { MIB, runbooks, startStage } from './stage.ts'

it('P2: a sweep finds snapshots, volumes and VMs that no ledger knows, and only reads', async () => {
  await using stage = await startStage()
  const { tower } = stage
  const { id } = tower.addVm({ name: 'erp-db', sizesBytes: [2 * MIB] })
  await stage.succeed('vm-backup', { where: { name: 'erp-db' } })
  const before = tower.calls.length
  const swept = await listedBySweep(stage, runbooks, 'cloud', 'Connection')
  expect(swept).toContain(`RestoredVm ${tower.clusterId} erp-db`)
  expect(swept.filter((each) => each.startsWith(`Snapshot ${id} holdfast-run-1`))).toHaveLength(1)
  expect(swept.filter((each) => each.startsWith(`Volume ${tower.clusterId} `))).toHaveLength(1)
  expect(tower.violations).toEqual([])
  expect(
    tower.calls
      .slice(before)
      .map(({ operationId }) => operationId)
      .filter((name) => !/^(get|login)/.test(name)),
  ).toEqual([])
})
