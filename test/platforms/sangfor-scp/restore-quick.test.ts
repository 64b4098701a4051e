// Quick restore: a VM that runs from its restore point on NFS while the data is merged into its disks.
import { describe, expect, it } from 'vitest'
import { firstDifference } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { backUp, ids, stage, useTwoGuests, writeEverywhere } from './two-guests.ts'

useTwoGuests()

const ORDER = ['attachNfs', 'createServerFromConfig', 'rebaseBackingFile', 'startServer', 'mergeBackupData', 'detachStorage']

describe('a quick restore', () => {
  it('starts the VM before its data is merged, and detaches the NFS storage only after that', { timeout: 60_000 }, async () => {
    const [serverId = ''] = ids
    await backUp(serverId)
    writeEverywhere()
    const point = await backUp(serverId)
    const { platform } = await stage.vault.point(point.pointId)
    stage.scp.calls.length = 0
    const outcome = await stage.run('vm-restore-quick', { pointId: point.pointId })
    expect(outcome).toMatchObject({ status: 'succeeded', outputs: { name: expect.stringMatching(/^erp-db-run-/) } })
    const seen = stage.scp.calls.map(({ operationId }) => operationId).filter((name) => ORDER.includes(name))
    expect(seen).toEqual(ORDER)
    const restored = String(outcome.outputs?.serverId)
    for (const disk of ['ide0', 'ide1']) {
      const held = stage.scp.snapshotDisk(String((platform as { snapshotId: string }).snapshotId), serverId, disk)
      if (!held) throw new Error('the simulator does not know the snapshot any more')
      expect(firstDifference(stage.scp.disk(restored, disk), held)).toBeUndefined()
    }
  })

  it('deletes the VM, detaches the storage and deletes the files when the VM does not start', { timeout: 60_000 }, async () => {
    const { pointId } = await backUp(ids[0] ?? '')
    stage.scp.faults.add({ operation: 'startServer', does: 'failTask' })
    expect(await stage.run('vm-restore-quick', { pointId })).toMatchObject({ status: 'failed', owed: [] })
    expect(stage.scp.state().vms).toHaveLength(2)
  })

  it('P2: owes the storage and its files, and keeps the VM that runs from them, for as long as merging fails', {
    timeout: 60_000,
  }, async () => {
    const { pointId } = await backUp(ids[0] ?? '')
    stage.scp.faults.add({ operation: 'mergeBackupData', does: 'failTask', times: 100 })
    const outcome = await stage.run('vm-restore-quick', { pointId })
    expect(outcome.status).toBe('failed')
    expect(stage.owed().map(({ type }) => type)).toEqual([
      'sangfor-scp/NfsImages',
      'sangfor-scp/NfsStorage',
      'sangfor-scp/InstantDisks',
    ])
    expect(stage.scp.leaks()).toHaveLength(3)
    expect(stage.scp.state().vms).toHaveLength(3)
    stage.scp.faults.clear()
    await stage.reap()
    expect(stage.owed()).toEqual([])
  })

  it('says what the target lacks when it has no NFS folder', async () => {
    const { pointId } = await backUp(ids[0] ?? '')
    stage.bind({ nfs: {} })
    expect(await stage.run('vm-restore-quick', { pointId })).toMatchObject({
      status: 'failed',
      failure: { type: 'nfsUnusable', message: expect.stringContaining('no nfs setting') },
    })
  })
})
