import { describe, expect, it } from 'vitest'
import { MIB } from './stage.ts'
import { backUp, ids, type Point, restoreAndCompare, stage, useTwoGuests, vms, writeEverywhere } from './two-guests.ts'

useTwoGuests()

describe('what a backup builds on', () => {
  it('P8: falls back to full and resets tracking when the base has expired, and is incremental again after one more full', {
    timeout: 90_000,
  }, async () => {
    const [serverId = ''] = ids
    const points: Point[] = []
    for (const before of [() => {}, () => {}, () => stage.scp.recover(serverId), () => {}, () => {}]) {
      before()
      writeEverywhere()
      points.push(await backUp(serverId))
    }
    expect(points.map(({ level }) => level)).toEqual(['full', 'incremental', 'full', 'full', 'incremental'])
    const [, , fallenBack, , latest] = points
    if (!fallenBack || !latest) throw new Error('two points are missing')
    await restoreAndCompare(fallenBack)
    await restoreAndCompare(latest)
  })

  it('takes every block of a disk that the last point does not hold, and what changed of the others', async () => {
    const [serverId = ''] = ids
    await backUp(serverId)
    stage.scp.addDisk(serverId, 2 * MIB)
    const { guest } = vms[0] ?? {}
    guest?.write(6)
    const outcome = await stage.run('vm-backup', { serverId })
    expect(outcome).toMatchObject({ status: 'succeeded', outputs: { level: 'incremental' } })
    const { disks } = await stage.vault.point(String(outcome.outputs?.pointId))
    expect(disks.map(({ disk }) => disk)).toEqual(['ide0', 'ide1', 'ide3'])
  })

  it('stores every block again when asked for a full backup', async () => {
    const [serverId = ''] = ids
    await backUp(serverId)
    expect(await backUp(serverId, { full: true })).toMatchObject({ level: 'full', bytesUnchanged: 0 })
  })

  it('P9: claims a consistent file system only where the platform reports a quiesced snapshot', async () => {
    const [serverId = ''] = ids
    expect(await backUp(serverId)).toMatchObject({ consistency: 'crash' })
    stage.scp.setQuiesces(serverId, true)
    expect(await backUp(serverId)).toMatchObject({ consistency: 'filesystem' })
  })
})
