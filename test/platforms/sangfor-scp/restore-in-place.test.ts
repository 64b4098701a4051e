// Differential restore to the original VM: only what has changed since the point is written back.
import { describe, expect, it, vi } from 'vitest'
import { MIB } from './stage.ts'
import { backUp, expectTakenBack, holdLock, ids, stage, useTwoGuests, vms, waitedFor, writeEverywhere } from './two-guests.ts'

const PATIENTLY = { timeout: 120_000 }

useTwoGuests()

const restore = (pointId: string, inputs = {}) => stage.run('vm-restore-in-place', { pointId, ...inputs })

describe('a restore into the VM itself', () => {
  it('writes only what has changed since the point, and the VM is what it was', { timeout: 60_000 }, async () => {
    const [serverId = ''] = ids
    const point = await backUp(serverId)
    // The disk is 16 MiB, of which a few blocks change, one of them into zeros.
    stage.scp.disk(serverId, 'ide0').write(9 * MIB, Buffer.alloc(70_000, 'later'))
    stage.scp.disk(serverId, 'ide0').zero(0, 65_536)
    const outcome = await restore(point.pointId)
    expect(outcome).toMatchObject({ status: 'succeeded', outputs: { serverId, differential: true, changedBytes: 3 * 65_536 } })
    expect(outcome.outputs?.bytesWritten).toBeLessThanOrEqual(3 * MIB)
    await expectTakenBack(point)
  })

  it('takes an older point back too, over points that came later', { timeout: 60_000 }, async () => {
    const [serverId = ''] = ids
    const first = await backUp(serverId)
    writeEverywhere()
    await backUp(serverId)
    writeEverywhere()
    expect(await restore(first.pointId)).toMatchObject({ outputs: { differential: true } })
    await expectTakenBack(first)
  })

  it(
    'waits for its turn, and writes the point that it has looked at, though another is the latest by then',
    PATIENTLY,
    async () => {
      const [serverId = '', other = ''] = ids
      const point = await backUp(serverId)
      const letGo = await holdLock(`scp-vm/${serverId}`)
      const restoring = restore('latest')
      await vi.waitFor(() => expect(waitedFor()).toContain(`scp-vm/${serverId}`), { timeout: 60_000 })
      writeEverywhere()
      await backUp(other)
      await letGo()
      expect(await restoring).toMatchObject({ status: 'succeeded', outputs: { serverId } })
      await expectTakenBack(point)
    },
  )

  it('touches nothing where its point was forgotten while it waited for its turn', PATIENTLY, async () => {
    const [serverId = ''] = ids
    const { pointId } = await backUp(serverId)
    const letGo = await holdLock(`scp-vm/${serverId}`)
    const before = stage.scp.calls.length
    const restoring = restore(pointId)
    await vi.waitFor(() => expect(waitedFor()).toContain(`scp-vm/${serverId}`), { timeout: 60_000 })
    await stage.vault.forget({ pointIds: [pointId], dryRun: false })
    await letGo()
    expect(await restoring).toMatchObject({ status: 'failed', failure: { type: 'pointUnknown' } })
    expect(stage.scp.calls.slice(before).filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it.each(['expired', 'switched off'])('writes everything back when tracking was %s since', { timeout: 60_000 }, async (what) => {
    const [serverId = ''] = ids
    const point = await backUp(serverId)
    writeEverywhere()
    if (what === 'expired') stage.scp.recover(serverId)
    else await stage.run('cbt-disable', { serverIds: [serverId] })
    expect(await restore(point.pointId)).toMatchObject({ status: 'succeeded', outputs: { differential: false } })
    await expectTakenBack(point)
  })

  it('resets tracking after it: no backup builds on what was tracked before, and later ones are incremental again', {
    timeout: 60_000,
  }, async () => {
    const [serverId = ''] = ids
    const point = await backUp(serverId)
    await restore(point.pointId)
    const levels = []
    for (const _ of [1, 2, 3]) {
      writeEverywhere()
      levels.push((await backUp(serverId)).level)
    }
    expect(levels).toEqual(['full', 'full', 'incremental'])
  })

  it('shuts the VM down first where that is wanted, else refuses one that runs, and starts it again where that is wanted', {
    timeout: 60_000,
  }, async () => {
    const [serverId = ''] = ids
    const { pointId } = await backUp(serverId)
    expect(await restore(pointId, { powerOff: false })).toMatchObject({
      status: 'failed',
      failure: { message: 'erp-db is not powered off, its disks cannot be written' },
    })
    expect(await restore(pointId, { powerOn: true })).toMatchObject({ status: 'succeeded' })
    const powers = stage.scp.calls.map(({ operationId }) => operationId).filter((name) => /^(start|stop)Server$/.test(name))
    expect(powers).toEqual(['stopServer', 'startServer'])
  })

  it('touches nothing when the VM does not have the same disks any more', async () => {
    const [serverId = ''] = ids
    const { pointId } = await backUp(serverId)
    const before = stage.scp.calls.length
    const [vm] = vms
    stage.scp.removeDisk(vm?.id ?? '', 'ide1')
    expect(await restore(pointId)).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('does not have all disks of the restore point') },
    })
    expect(stage.scp.calls.slice(before).filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('P4: ends the lease before the snapshot of the present state is deleted, and leaves neither when the lease is lost', {
    timeout: 60_000,
  }, async () => {
    const [serverId = ''] = ids
    const { pointId } = await backUp(serverId)
    writeEverywhere()
    stage.scp.calls.length = 0
    await restore(pointId)
    const order = [
      'createSnapshot',
      'listChangedAreas',
      'createBackupResource',
      'deleteBackupResource',
      'actOnSnapshots',
      'setCbtStatus',
    ]
    const seen = stage.scp.calls.map(({ operationId }) => operationId).filter((name) => order.includes(name))
    expect([...new Set(seen)]).toEqual(order)
    stage.scp.faults.add({ operation: 'getBackupResource', does: 'expireLease' })
    expect(await restore(pointId)).toMatchObject({ status: 'failed', owed: [] })
  })
})
