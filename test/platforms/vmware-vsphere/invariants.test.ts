// What is always true of a backup, whatever happened. README.md numbers it.
import { describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import {
  backUp,
  callsOf,
  changesAsked,
  FREEZE,
  guest,
  pointOf,
  scripts,
  setProgram,
  stage,
  THAW,
  useOneVm,
  VM,
  vmId,
} from './one-vm.ts'

useOneVm()

describe('invariants', () => {
  it('I1: every snapshot that a run makes is removed, also when its answer was lost', async () => {
    stage.vsphere.faults.add({ operation: 'createSnapshotEx', does: 'dropAnswer' })
    await backUp()
    expect(callsOf('createSnapshotEx')).toHaveLength(1)
    expect(stage.vsphere.leaks()).toEqual([])
  })

  it('I2: every lease that is opened ends in complete or abort', async () => {
    stage.vsphere.faults.add({ operation: 'getLeaseInfo', does: 'fault', fault: 'NoPermission', times: 9 })
    expect((await stage.run('vm-export', VM)).status).toBe('failed')
    expect(changesAsked().filter((name) => /lease/.test(name))).toEqual(['leaseAbort'])
    expect(stage.vsphere.leaks()).toEqual([])
  })

  it('I2: a lease is kept alive from before the first byte on [P6]', async () => {
    stage.vsphere.behaviour.leaseReadyMs = 8 * 60_000
    await stage.succeed('vm-export', VM)
    expect(callsOf('leaseProgress').length).toBeGreaterThan(3)
  })

  it('I3: every pre-freeze that ended with 0 is followed by a post-thaw', async () => {
    stage.vsphere.faults.add({ operation: 'createSnapshotEx', does: 'failTask', fault: 'NoDiskSpace', times: 9 })
    expect(await stage.run('vm-backup', { ...VM, ...scripts() })).toMatchObject({ failure: { type: 'noSpace' } })
    expect(guest()).toMatchObject({ frozen: false, log: [FREEZE, THAW] })
  })

  it('I4: a point is of quiesced consistency only where the tree of snapshots says so [P9]', async () => {
    stage.vsphere.vm(vmId).toolsRunning = false
    const outputs = await backUp()
    expect(outputs.consistency).toBe('crash')
    expect(await pointOf(outputs)).toMatchObject({ consistency: 'crash', evidence: { quiesced: false } })
  })

  it.each([
    ['there is no earlier point', () => {}],
    ['the VM has other disks than before', () => stage.vsphere.vm(vmId).disks.pop()],
    ['tracking of disk 2000 began anew', () => stage.vsphere.resetTracking(vmId)],
  ])('I5: it is a full one where %s', async (why, change) => {
    if (why !== 'there is no earlier point') await backUp()
    change()
    expect(await backUp()).toMatchObject({ level: 'full', why })
  })

  it('I5: where the platform does not know what changed, all of the disk is read', async () => {
    await backUp()
    stage.vsphere.write(vmId, 1)
    stage.vsphere.faults.add({ operation: 'queryChangedDiskAreas', does: 'fault', fault: 'FileFault', times: 9 })
    const held = stage.vsphere.disks(vmId).map((disk) => disk.freeze())
    const { level, pointId } = await backUp()
    expect(level).toBe('full')
    stage.vsphere.faults.clear()
    const { vmId: restored } = await stage.succeed('vm-restore', { pointId: pointId ?? '' })
    expect(stage.vsphere.disks(String(restored)).map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
  })

  it('I5: the first backup of a VM that is not tracked reads everything', async () => {
    const { id } = stage.vsphere.addVm({ name: 'erp-app', sizesBytes: [1024 * 1024] })
    expect(await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-app' })).toMatchObject({ level: 'full', bytesRead: 1024 * 1024 })
    expect(await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-app' })).toMatchObject({
      level: 'full',
      why: 'changes of disk 2000 were not tracked',
    })
    expect(stage.vsphere.vm(id).trackingWanted).toBe(false)
  })

  it('I6: disks that are left out are listed in the result and in the point', async () => {
    const { disks } = stage.vsphere.vm(vmId)
    const [, second] = disks
    if (second) disks[1] = { ...second, physicalMapping: true }
    const outputs = await backUp()
    expect(outputs.leftOut).toEqual(['Hard disk 2'])
    expect((await pointOf(outputs)).platform).toMatchObject({ leftOut: ['Hard disk 2'] })
  })

  it('I7: what a call did is told by its task: a task that fails after status 200 fails the call', async () => {
    stage.vsphere.faults.add({ operation: 'createSnapshotEx', does: 'failTask', fault: 'SnapshotLocked', times: 9 })
    expect(await stage.run('vm-backup', VM)).toMatchObject({ status: 'failed', failure: { type: 'tooManySnapshots' } })
    expect(callsOf('createSnapshotEx')[0]?.status).toBe(200)
  })

  it('I8: a session that died of idleness is begun anew, and all are ended when the program ends', async () => {
    await backUp()
    stage.vsphere.forgetSessions()
    await backUp()
    expect(callsOf('login')).toHaveLength(2)
    await stage.hangUp()
    expect(stage.vsphere.openSessions).toBe(0)
  })

  it('I9: neither the session nor the password of the guest is in what a run tells or the journal keeps [P11]', async () => {
    const outputs = await backUp(scripts())
    setProgram(FREEZE, 3)
    const failed = await stage.run('vm-backup', { ...VM, ...scripts() })
    const kept: unknown[] = []
    for (const { id } of await stage.journal.runs()) for await (const event of stage.journal.events(id)) kept.push(event)
    const told = JSON.stringify([outputs, failed, kept])
    expect(told).not.toContain(stage.vsphere.guestPassword.reveal())
    for (const token of stage.vsphere.sessionTokens()) expect(told).not.toContain(token)
  })
})
