// The backup of a consistency group and a restore in place of one of its members, at the same time.
import { describe, expect, it, vi } from 'vitest'
import { backUp, expectTakenBack, holdLock, ids, stage, useTwoGuests, waitedFor, writeEverywhere } from './two-guests.ts'

const PATIENTLY = { timeout: 120_000 }

useTwoGuests()

describe('a restore into a VM of a consistency group', () => {
  it(
    'P9: writes nothing while a snapshot of the group is being taken, and tells those that are taken later of itself',
    PATIENTLY,
    async () => {
      const [serverId = ''] = ids
      const groupId = stage.scp.addGroup('erp', ids)
      stage.scp.addGroup('of others', ids.slice(1))
      const point = await backUp(serverId)
      writeEverywhere()
      const before = stage.scp.calls.length
      const letGo = await holdLock(`scp-group-moment/${groupId}`)
      const restoring = stage.run('vm-restore-in-place', { pointId: point.pointId })
      await vi.waitFor(() => expect(waitedFor()).toContain(`scp-group-moment/${groupId}`), { timeout: 60_000 })
      const called = () => stage.scp.calls.slice(before).map(({ operationId }) => operationId)
      expect(called()).toContain('createSnapshot')
      expect(called()).not.toContain('createBackupResource')
      expect(snapshotsNow()).toEqual([expect.stringMatching(/^holdfast-.+-restore$/)])
      await letGo()
      expect(await restoring).toMatchObject({ status: 'succeeded', outputs: { differential: true } })
      await expectTakenBack(point)
    },
  )

  it('P9: is in no backup of the group that begins before it has ended; the other members are backed up', PATIENTLY, async () => {
    const [serverId = '', other = ''] = ids
    const groupId = stage.scp.addGroup('erp', ids)
    await stage.send('POST', `/janus/20190725/servers/${serverId}/snapshots`, { name: 'holdfast-run-0-restore' })
    await vi.waitFor(() => expect(snapshotsNow()).toHaveLength(1), { timeout: 60_000 })
    expect(await stage.run('consistency-group-backup', { groupId })).toMatchObject({
      status: 'failed',
      failure: { path: 'verdict', message: expect.stringContaining('erp-db was being restored in place') },
    })
    expect((await stage.vault.points({})).map(({ vm }) => vm)).toEqual([other])
    const [{ id } = { id: '' }] = stage.scp.state().snapshots as { id: string }[]
    await stage.send('POST', `/janus/20180725/servers/${serverId}/snapshots/action`, { action: 'delete', snapshot_ids: [id] })
    await vi.waitFor(() => expect(snapshotsNow()).toEqual([]), { timeout: 60_000 })
  })
})

const snapshotsNow = (): readonly string[] => (stage.scp.state().snapshots as { name: string }[]).map(({ name }) => name)
