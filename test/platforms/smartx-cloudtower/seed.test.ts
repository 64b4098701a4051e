// The vendor's page on VM backup, sentence by sentence: what it says holds in the runbooks. The table in the pack's README names these.
import { describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/smartx-cloudtower/simulator/index.ts'
import { backUp, bodiesOf, snapshotIds, stage, useOneVm, vmId } from './one-vm.ts'

useOneVm()

const pointOf = async (outputs: { readonly [name: string]: unknown }) => stage.vault.point(String(outputs.pointId))

describe('a backup has two parts', () => {
  it('the configuration of the VM, such as its name and its number of vCPUs', async () => {
    const { config } = await pointOf(await backUp())
    expect(config).toMatchObject({ vm: { id: vmId, name: 'erp-db', vcpu: 4 }, snapshot: { vcpu: 4 } })
  })

  it('the configuration also in words that no platform owns, for a restore elsewhere', async () => {
    const { machine, disks } = await pointOf(await backUp())
    expect(machine).toEqual({
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      firmware: 'bios',
      guestOs: 'LINUX',
      disks: disks.map(({ disk }, index) => ({ disk, bus: ['virtio', 'scsi'][index], boot: index === 0 })),
      networks: [{ mac: '52:54:00:00:00:01', network: 'vlan-10' }],
    })
  })

  it('the data of the VM, which is what its storage holds', async () => {
    const outputs = await backUp()
    const { disks } = await pointOf(outputs)
    const held = stage.tower.snapshotDisks(String(outputs.snapshotId))
    expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual(held.map(({ sizeBytes }) => sizeBytes))
    expect(outputs.bytesRead).toBeGreaterThan(0)
  })
})

describe('a VM is found', () => {
  it('by its name', async () => {
    await backUp()
    expect(bodiesOf('getVms')[0]).toEqual({ where: { name: 'erp-db' } })
  })

  it('by any other filter as well', async () => {
    const where = { name_starts_with: 'erp', status: 'RUNNING', cluster: { id: stage.tower.clusterId } }
    expect(await stage.run('vm-backup', { where })).toMatchObject({ status: 'succeeded', outputs: { vmId } })
  })

  it('alone: a filter that several fit, or none, is refused before anything is made', async () => {
    stage.tower.addVm({ name: 'erp-app', sizesBytes: [1024] })
    for (const where of [{ name_starts_with: 'erp' }, { name: 'nobody' }]) {
      const { status, failure } = await stage.run('vm-backup', { where })
      expect({ status, type: failure?.type }).toEqual({ status: 'failed', type: 'assertionFailed' })
    }
    expect(bodiesOf('createVmSnapshot')).toEqual([])
  })

  it('and the answer, with its id and its other settings, is the backup of its configuration', async () => {
    const { config } = await pointOf(await backUp())
    expect((config as { vm: object }).vm).toMatchObject({ id: vmId, firmware: 'BIOS', memory: 8 * 2 ** 30, status: 'RUNNING' })
  })
})

describe('a snapshot', () => {
  it('is made before any data is read, and the data is that of the snapshot', async () => {
    const outputs = await backUp()
    const held = stage.tower.snapshotDisks(String(outputs.snapshotId))
    stage.tower.write(vmId, 20)
    const again = await stage.succeed('vm-restore', { pointId: outputs.pointId ?? '' })
    const restored = stage.tower.disks(String(again.vmId))
    expect(restored.map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
    expect(restored.every((disk, index) => isEqual(disk, stage.tower.disks(vmId)[index] ?? disk))).toBe(false)
  })

  it('is crash-consistent by default', async () => {
    stage.tower.vm(vmId).toolsStatus = 'NOT_INSTALLED'
    expect(await backUp()).toMatchObject({ consistency: 'crash' })
    expect(bodiesOf('createVmSnapshot')).toEqual([{ data: [{ vm_id: vmId, name: 'holdfast-run-1' }] }])
  })

  it.each(['NOT_INSTALLED', 'NOT_RUNNING'] as const)('is crash-consistent while VMTools is %s', async (toolsStatus) => {
    stage.tower.vm(vmId).toolsStatus = toolsStatus
    expect(await backUp()).toMatchObject({ consistency: 'crash' })
  })

  it('is file-system consistent, by consistent_type FILE_SYSTEM_CONSISTENT, when VMTools is installed and runs', async () => {
    const outputs = await backUp()
    expect(outputs).toMatchObject({ consistency: 'filesystem' })
    expect(bodiesOf('createVmSnapshot')).toMatchObject([{ data: [{ consistent_type: 'FILE_SYSTEM_CONSISTENT' }] }])
    expect(await pointOf(outputs)).toMatchObject({ consistency: 'filesystem' })
  })

  it('answers the id of a task and its own id, and the task is polled until it has ended', async () => {
    const outputs = await backUp()
    const polled = bodiesOf('getTasks')
    expect(polled.length).toBeGreaterThan(0)
    expect(snapshotIds()).toEqual([outputs.snapshotId])
  })

  it('is queried by the id that creating it answered', async () => {
    const { snapshotId } = await backUp()
    expect(bodiesOf('getVmSnapshots')).toContainEqual({ where: { id: snapshotId } })
  })
})

describe('of the disks in a snapshot', () => {
  it('each of type DISK is a volume, and those of type CD_ROM are ignored', async () => {
    const outputs = await backUp()
    const { disks, config } = await pointOf(outputs)
    expect(disks).toHaveLength(2)
    const types = (config as unknown as { snapshot: { vm_disks: { type: string }[] } }).snapshot.vm_disks.map(({ type }) => type)
    expect(types).toEqual(['DISK', 'DISK', 'CD_ROM'])
  })

  it('snapshot_local_id names the LUN snapshot, and all of them are asked for in one call', async () => {
    const { config } = await pointOf(await backUp())
    const { vm_disks: disks } = (config as unknown as { snapshot: { vm_disks: { snapshot_local_id: string | null }[] } }).snapshot
    const names = disks.flatMap(({ snapshot_local_id: name }) => name ?? [])
    expect(bodiesOf('getIscsiLunSnapshots').at(-1)).toEqual({ where: { name_in: names } })
  })

  it('local_id of each LUN snapshot is its identifier in ZBS, by which ZADP reads it; no answer is taken in its order', async () => {
    const outputs = await backUp()
    const held = stage.tower.snapshotDisks(String(outputs.snapshotId))
    const { disks } = await pointOf(outputs)
    // The two differ in size: had they been joined by place, nothing could have been read.
    expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual(held.map(({ sizeBytes }) => sizeBytes))
  })
})

it('through ZADP data is backed up and restored, every byte of it', async () => {
  const outputs = await backUp()
  const held = stage.tower.snapshotDisks(String(outputs.snapshotId))
  const again = await stage.succeed('vm-restore', { pointId: outputs.pointId ?? '' })
  expect(stage.tower.disks(String(again.vmId)).map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
})

it('a run whose filter is empty, which would fit every VM, calls nothing', async () => {
  expect(await stage.run('vm-backup', { where: {} })).toMatchObject({ status: 'failed', failure: { type: 'inputInvalid' } })
  expect(stage.tower.calls).toEqual([])
})
