// Runs that wait until another has ended: what they decide by, they read when it is their turn.
import { describe, expect, it, vi } from 'vitest'
import { MIB } from './stage.ts'
import {
  backUp,
  backUpGroup,
  holdLock,
  ids,
  type Point,
  restoreAndCompare,
  stage,
  useTwoGuests,
  waitedFor,
  writeEverywhere,
} from './two-guests.ts'

const MINUTES = { timeout: 120_000 }
const PATIENTLY = { timeout: 60_000 }

useTwoGuests()

describe('a backup that waits for another', () => {
  it.each(['vm-backup', 'vm-backup-hotadd'])(
    'P8: of one VM builds on what that has made, whatever task was under way: %s',
    MINUTES,
    async (runbook) => {
      const [serverId = ''] = ids
      stage.scp.addVm({ name: 'proxy', disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status: 'stopped' })
      stage.scp.behaviour.taskRunMs = 60_000
      const first = stage.run(runbook, { serverId })
      await vi.waitFor(() => expect(underWay()).toContain(serverId), PATIENTLY)
      const second = stage.run(runbook, { serverId })
      stage.scp.behaviour.taskRunMs = 1000
      expect(await first).toMatchObject({ status: 'succeeded', outputs: { level: 'full' } })
      const later = await second
      expect(later).toMatchObject({ status: 'succeeded', outputs: { level: 'incremental', bytesRead: 0 } })
      await restoreAndCompare({ ...(later.outputs as unknown as Point), serverId })
    },
  )

  it('P8: of a group builds each member on what that has made', MINUTES, async () => {
    const groupId = stage.scp.addGroup('erp', ids)
    const both = await Promise.all([backUpGroup(groupId), backUpGroup(groupId)])
    expect(both.map((points) => points.map(({ level }) => level)).toSorted()).toEqual([
      ['full', 'full'],
      ['incremental', 'incremental'],
    ])
    const later = both.flat().filter(({ level }) => level === 'incremental')
    expect(later.map(({ bytesRead }) => bytesRead)).toEqual([0, 0])
    for (const point of later) await restoreAndCompare(point)
  })

  it('P8: of a group builds no member on a point that is newer than the snapshot of the group', MINUTES, async () => {
    const [held = '', free = ''] = ids
    const groupId = stage.scp.addGroup('erp', ids)
    await backUpGroup(groupId)
    writeEverywhere()
    const letGo = await holdLock(`scp-vm/${held}`)
    const running = backUpGroup(groupId, { parallelVms: 1 })
    await vi.waitFor(() => expect(waitedFor()).toContain(`scp-vm/${held}`), PATIENTLY)
    expect(waitedFor()).not.toContain(`scp-vm/${free}`)
    writeEverywhere()
    await backUp(free)
    await letGo()
    const points = await running
    expect(points.map(({ level }) => level)).toEqual(['incremental', 'incremental'])
    for (const point of points) await restoreAndCompare(point)
    // Its own checkpoint is older than that of the point before it: what changed in between is read again, never missed.
    const next = await backUp(free)
    expect(next).toMatchObject({ level: 'incremental' })
    await restoreAndCompare(next)
  })
})

/** VMs with a task that is not at its end. */
const underWay = (): readonly unknown[] =>
  (stage.scp.state().tasks as { object_id: string; status: string }[])
    .filter(({ status }) => status === 'doing')
    .map(({ object_id: objectId }) => objectId)
