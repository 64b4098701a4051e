import { describe, expect, it } from 'vitest'
import { MIB } from './stage.ts'
import { backUpGroup, ids, restoreAndCompare, stage, useTwoGuests, writeEverywhere } from './two-guests.ts'

useTwoGuests()

describe('from the group to restored VMs', () => {
  it('creates the group, backs up full, then only what changed, and restores every byte of the second point', {
    timeout: 90_000,
  }, async () => {
    const made = await stage.run('consistency-group-create', { name: 'erp', serverIds: ids })
    expect(made).toMatchObject({ status: 'succeeded' })
    const groupId = String(made.outputs?.groupId)
    writeEverywhere()
    const full = await backUpGroup(groupId)
    expect(full.map(({ level }) => level)).toEqual(['full', 'full'])
    writeEverywhere()
    const later = await backUpGroup(groupId)
    expect(later.map(({ level }) => level)).toEqual(['incremental', 'incremental'])
    for (const point of later) {
      expect(point.bytesUnchanged).toBeGreaterThan(10 * MIB)
      await restoreAndCompare(point)
    }
    // The earlier point is whole by itself.
    for (const point of full.slice(0, 1)) await restoreAndCompare(point)
  })

  it('takes an existing group of the same members as it is, and refuses one of others', async () => {
    const groupId = stage.scp.addGroup('erp', ids)
    // What the simulator lists beside the members' ids are HCI's ids of the same VMs.
    const again = await stage.run('consistency-group-create', { name: 'erp', serverIds: ids })
    expect(again).toMatchObject({ status: 'succeeded', outputs: { groupId } })
    const fewer = await stage.run('consistency-group-create', { name: 'erp', serverIds: ids.slice(1) })
    expect(fewer).toMatchObject({ status: 'failed', failure: { type: 'assertionFailed' } })
  })

  it('creates nothing when members are not on one virtual storage', async () => {
    stage.scp.addStorage({ id: 'other_vs', type: 'vs' })
    const far = stage.scp.addVm({ name: 'far', disks: [{ sizeBytes: MIB }], storageId: 'other_vs' })
    stage.scp.addStorage({ id: 'nfs-1', type: 'nfs' })
    const plain = stage.scp.addVm({ name: 'plain', disks: [{ sizeBytes: MIB }], storageId: 'nfs-1' })
    const outcomes = [
      await stage.run('consistency-group-create', { name: 'a', serverIds: [...ids, far.id] }),
      await stage.run('consistency-group-create', { name: 'b', serverIds: [plain.id] }),
      await stage.run('consistency-group-backup', { groupId: stage.scp.addGroup('c', [ids[0] ?? '', far.id]) }),
    ]
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'failed',
        failure: { message: 'all members must live on the same virtual storage' },
      })
    }
    expect(stage.scp.calls.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('P4, P6: a member whose lease the platform ends fails alone; the group snapshot goes after the other has ended', async () => {
    const groupId = stage.scp.addGroup('erp', ids)
    // The lease of whichever member asks first is gone when its disks are to be read.
    stage.scp.faults.add({ operation: 'listChangedAreas', does: 'expireLease' })
    const outcome = await stage.run('consistency-group-backup', { groupId })
    expect(outcome).toMatchObject({ status: 'failed', owed: [], failure: { type: 'assertionFailed', path: 'verdict' } })
    // Its export goes with the lease: whichever is missed first is the reason.
    expect(outcome.failure?.message).toMatch(/^not backed up \S+ because .*(lease|no such export)/)
    expect(await stage.vault.points({})).toHaveLength(1)
    const ended = stage.scp.calls.map(({ operationId }) => operationId)
    expect(ended.lastIndexOf('deleteConsistencyGroupSnapshot')).toBeGreaterThan(ended.lastIndexOf('deleteBackupResource'))
  })
})
