// Hazards of the platform, each met; README.md numbers them. And behaviours that a backup has to reckon with.
import { describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { backUp, callsOf, changesAsked, guest, pointOf, stage, useOneVm, VM, vmId } from './one-vm.ts'

useOneVm()

describe('hazards', () => {
  it('H1: while an export is open nothing else can be done to the VM, so it is ended before the snapshot goes', async () => {
    await stage.succeed('vm-export', VM)
    expect(changesAsked().indexOf('leaseComplete')).toBeLessThan(changesAsked().indexOf('removeSnapshot'))
  })

  it('H2: a snapshot that a dead run left is removed by the next one, and nobody else’s is touched', async () => {
    for (const name of ['holdfast-dead', 'of somebody else']) {
      await stage.vsphere.takeSnapshot(vmId, name)
    }
    await backUp()
    const left = stage.vsphere.state().snapshots as unknown as readonly { readonly name: string }[]
    expect(left.map(({ name }) => name)).toEqual(['of somebody else'])
  })

  it('H4: two runs for one VM go one after the other, and the change ids do not mix', async () => {
    const [one, two] = await Promise.all([backUp(), backUp()])
    expect([one.level, two.level].sort()).toEqual(['full', 'incremental'])
  })

  it('H5: change ids are those of the snapshot, and saved only with the data [P8]', async () => {
    await backUp()
    stage.vsphere.write(vmId, 1)
    stage.vsphere.faults.add({ operation: 'queryChangedDiskAreas', does: 'fault', fault: 'NoPermission', times: 9 })
    expect((await stage.run('vm-backup', VM)).status).toBe('failed')
    stage.vsphere.faults.clear()
    const held = stage.vsphere.disks(vmId).map((disk) => disk.freeze())
    const { pointId, level } = await backUp()
    expect(level).toBe('incremental')
    const { vmId: restored } = await stage.succeed('vm-restore', { pointId: pointId ?? '' })
    expect(stage.vsphere.disks(String(restored)).map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
  })

  it('H6: a lease that ends under a download fails the run, and the earlier chain stays', async () => {
    const { pointId } = await backUp()
    stage.vsphere.onCall('getLeaseInfo', async () => stage.vsphere.loseLeases())
    expect((await stage.run('vm-export', VM)).status).toBe('failed')
    expect(stage.vsphere.leaks()).toEqual([])
    expect((await pointOf({ pointId: pointId ?? '' })).level).toBe('full')
    stage.vsphere.write(vmId, 1)
    expect(await backUp()).toMatchObject({ level: 'incremental' })
  })

  it('H7: a lease whose answer was lost is waited out, for nobody can end it; then the snapshot goes [P3]', async () => {
    stage.vsphere.faults.add({ operation: 'exportSnapshot', does: 'dropAnswer' })
    await stage.run('vm-export', VM)
    expect(callsOf('removeSnapshot')).toHaveLength(1)
    expect(stage.vsphere.leaks()).toEqual([])
  })
})

describe('the platform', () => {
  it('answers about changes in parts, and all of the disk is asked for', async () => {
    stage.vsphere.behaviour.areasAnswerBytes = 1024 * 1024
    await backUp()
    stage.vsphere.write(vmId, 3)
    const held = stage.vsphere.disks(vmId).map((disk) => disk.freeze())
    stage.vsphere.calls.splice(0)
    const { pointId, level } = await backUp()
    expect(level).toBe('incremental')
    expect(callsOf('queryChangedDiskAreas').map(({ body }) => body.startOffset)).toEqual(
      [0, 1, 2, 3, 0, 1].map((mib) => mib * 2 ** 20),
    )
    const { vmId: restored } = await stage.succeed('vm-restore', { pointId: pointId ?? '' })
    expect(stage.vsphere.disks(String(restored)).map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
  })

  it('is waited for while another task holds the VM', async () => {
    stage.vsphere.faults.add({ operation: 'createSnapshotEx', does: 'fault', fault: 'TaskInProgress' })
    expect(await backUp()).toMatchObject({ level: 'full' })
  })

  it('tells by its own name for the fault what is wrong, with status 500, and it is not taken for a breakdown', async () => {
    stage.vsphere.faults.add({ operation: 'createSnapshotEx', does: 'fault', fault: 'NotSupported', times: 9 })
    const { failure } = await stage.run('vm-backup', VM)
    expect(failure).toMatchObject({
      type: 'refused',
      retryable: false,
      applied: 'no',
      detail: { status: 500, body: { _typeName: 'NotSupported' } },
    })
  })

  it('may be unable to say what is allocated; then all of the disk is read', async () => {
    stage.vsphere.behaviour.allocatedKnown = false
    expect(await backUp()).toMatchObject({ level: 'full', bytesRead: 6 * 2 ** 20 })
  })

  it('refuses templates and VMs that are not connected, and nothing is made', async () => {
    stage.vsphere.vm(vmId).template = true
    expect(await stage.run('vm-backup', VM)).toMatchObject({ failure: { type: 'assertionFailed' } })
    stage.vsphere.vm(vmId).template = false
    stage.vsphere.vm(vmId).connectionState = 'disconnected'
    expect(await stage.run('vm-backup', VM)).toMatchObject({ failure: { type: 'assertionFailed' } })
    expect(changesAsked()).toEqual([])
  })

  it('runs freeze scripts in ascending order and, where one fails, tells those before it in reverse', async () => {
    for (const [name, code] of [
      ['10-web', 0],
      ['20-app', 0],
      ['30-db', 1],
    ] as const)
      guest().toolsScripts.set(name, code)
    expect(await stage.run('vm-backup', VM)).toMatchObject({ failure: { type: 'applicationNotQuiesced' } })
    expect(guest().log).toEqual(['10-web freeze', '20-app freeze', '30-db freeze', '20-app freezeFail', '10-web freezeFail'])
  })

  it('takes a wrong password as what it is, and the password is not told [P11]', async () => {
    stage.vsphere.faults.add({ operation: 'login', does: 'fault', fault: 'InvalidLogin', times: 9 })
    const { failure } = await stage.run('vm-backup', VM)
    expect(failure).toMatchObject({ type: 'notAuthenticated', applied: 'no' })
  })
})
