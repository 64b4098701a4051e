// The snapshot of the last point stays as the base of the next incremental until that has succeeded, and no longer. [P7, P8]
import { describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/smartx-cloudtower/simulator/index.ts'
import { backUp, bodiesOf, snapshotIds, stage, useOneVm, vmId, vmNames, volumeNames, WHERE } from './one-vm.ts'
import { MIB } from './stage.ts'

useOneVm()

async function expectRestored(outputs: { readonly [name: string]: unknown }): Promise<void> {
  const held = stage.tower.snapshotDisks(String(outputs.snapshotId))
  const again = await stage.succeed('vm-restore', { pointId: String(outputs.pointId) })
  const restored = stage.tower.disks(String(again.vmId))
  expect(restored).toHaveLength(held.length)
  expect(restored.map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual(held.map(() => true))
}

describe('the second backup', () => {
  it('reads only what has changed since the first, and restores whole', async () => {
    const first = await backUp()
    stage.tower.write(vmId, 2)
    const second = await backUp()
    expect(first).toMatchObject({ level: 'full' })
    expect(second).toMatchObject({ level: 'incremental' })
    expect(Number(second.bytesRead)).toBeGreaterThan(0)
    expect(Number(second.bytesRead)).toBeLessThan(Number(first.bytesRead))
    await expectRestored(second)
  })

  it('lets the snapshot of the first go once it has succeeded, and keeps its own', async () => {
    const first = await backUp()
    expect(snapshotIds()).toEqual([first.snapshotId])
    const second = await backUp()
    expect(snapshotIds()).toEqual([second.snapshotId])
    expect(bodiesOf('deleteVmSnapshot')).toEqual([{ where: { id: first.snapshotId } }])
  })

  it('leaves the snapshot of the first alone when it fails, so that the third is an incremental again [P8]', async () => {
    const first = await backUp()
    stage.tower.faults.add({ operation: 'getIscsiLunSnapshots', does: 'status', status: 400 })
    expect(await stage.run('vm-backup', WHERE)).toMatchObject({ status: 'failed' })
    expect(snapshotIds()).toEqual([first.snapshotId])
    stage.tower.write(vmId, 1)
    const third = await backUp()
    expect(third).toMatchObject({ level: 'incremental' })
    await expectRestored(third)
  })

  it('is full when everything is asked for', async () => {
    await backUp()
    expect(await backUp({ full: true })).toMatchObject({ level: 'full', bytesUnchanged: 0 })
    expect(snapshotIds()).toHaveLength(1)
  })
})

describe('without its base', () => {
  it('a backup is full, never "no changes" [P8]', async () => {
    const first = await backUp()
    stage.tower.loseSnapshot(String(first.snapshotId))
    const second = await backUp()
    expect(second).toMatchObject({ level: 'full' })
    await expectRestored(second)
  })

  it('a disk that was added since is read whole, the others only where they changed', async () => {
    await backUp()
    const other = stage.tower.addVm({ name: 'donor', sizesBytes: [MIB] })
    const [added] = other.disks
    if (!added) throw new Error('no disk')
    stage.tower.write(other.id, 3)
    stage.tower.vm(vmId).disks.push({ ...added, index: 2 })
    const second = await backUp()
    expect(second).toMatchObject({ level: 'incremental' })
    await expectRestored(second)
  })
})

describe('a restore', () => {
  it('that fails leaves neither VM nor volumes', async () => {
    const { pointId = '' } = await backUp()
    const before = [...vmNames(), ...volumeNames()]
    stage.tower.faults.add({ operation: 'createVm', does: 'failTask', times: 9 })
    expect(await stage.run('vm-restore', { pointId })).toMatchObject({ status: 'failed' })
    expect([...vmNames(), ...volumeNames()]).toEqual(before)
  })

  it('gives the new VM the network cards of the old one only when asked to', async () => {
    const { pointId = '' } = await backUp()
    const plain = await stage.succeed('vm-restore', { pointId })
    const connected = await stage.succeed('vm-restore', { pointId, connectNetwork: true, powerOn: true })
    expect(stage.tower.vm(String(plain.vmId)).nics).toEqual([])
    expect(stage.tower.vm(String(connected.vmId))).toMatchObject({ status: 'RUNNING', nics: stage.tower.vm(vmId).nics })
  })

  it('without moving data makes a full copy of the snapshot that is kept, and is refused when that is gone', async () => {
    const first = await backUp()
    const again = await stage.succeed('vm-rebuild', { pointId: first.pointId ?? '' })
    const held = stage.tower.snapshotDisks(String(first.snapshotId))
    expect(stage.tower.disks(String(again.vmId)).map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
    expect(bodiesOf('rebuildVmFromSnapshot')).toMatchObject([[{ is_full_copy: true }]])
    await backUp()
    expect(await stage.run('vm-rebuild', { pointId: first.pointId ?? '' })).toMatchObject({
      status: 'failed',
      failure: { message: 'the snapshot of this point is gone, restore it from the vault' },
    })
  })
})
