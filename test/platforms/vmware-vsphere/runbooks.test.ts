// The runbooks as they ship, over both bindings.
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { MIB, runbooks, startStage } from './stage.ts'

describe('the shipped runbooks', () => {
  it.each(runbooks.files)('%s parses and checks without a complaint', (file) => {
    expect(runbooks.read(file).diagnostics).toEqual([])
  })
})

describe.each(['vi-json', 'soap'])('over %s', (binding) => {
  it('a VM is backed up whole, then only what changed, and its session is ended', async () => {
    await using stage = await startStage({ settings: { binding } })
    const { vsphere, vault } = stage
    const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: [4 * MIB, 2 * MIB], tracked: true })
    vsphere.write(id, 12)
    const full = await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    vsphere.write(id, 2)
    const incremental = await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    expect([full.level, incremental.level]).toEqual(['full', 'incremental'])
    expect(Number(incremental.bytesRead)).toBeLessThan(Number(full.bytesRead))
    expect(incremental.bytesUnchanged).toBeGreaterThan(0)
    const { disks } = await vault.point(String(incremental.pointId))
    expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual([4 * MIB, 2 * MIB])
    const held = vsphere.snapshotDisks('holdfast-run-2')
    expect(held.map((disk, index) => isEqual(disk, vsphere.disks(id)[index] ?? disk))).toEqual([true, true])
    expect(vsphere.leaks()).toEqual([])
    expect(vsphere.violations).toEqual([])
    await stage.hangUp()
    expect(vsphere.openSessions).toBe(0)
  })
})

describe('a restore', () => {
  it.each(['vi-json', 'soap'])('makes a VM of the same hardware with the same bytes over %s', async (binding) => {
    await using stage = await startStage({ settings: { binding } })
    const { vsphere } = stage
    const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: [4 * MIB, 2 * MIB], tracked: true })
    vsphere.write(id, 12)
    const { pointId } = await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    vsphere.write(id, 5)
    const { vmId } = await stage.succeed('vm-restore', { pointId: pointId ?? '', connectNetwork: true, powerOn: true })
    const held = vsphere.snapshotDisks('holdfast-run-1')
    const restored = vsphere.disks(String(vmId))
    expect(held.map((disk, index) => isEqual(disk, restored[index] ?? disk))).toEqual([true, true])
    const [old, fresh] = [vsphere.vm(id), vsphere.vm(String(vmId))]
    expect(fresh).toMatchObject({ name: 'erp-db-run-2', powerState: 'poweredOn', cpus: old.cpus, memoryMB: old.memoryMB })
    expect(fresh.disks.map(({ key }) => key)).toEqual(old.disks.map(({ key }) => key))
    expect(fresh.nics.map(({ mac }) => mac)).toEqual(old.nics.map(({ mac }) => mac))
    expect(vsphere.violations).toEqual([])
  })

  it('writes under the lock of the new VM, so that no backup takes it half written', async () => {
    await using stage = await startStage()
    stage.vsphere.addVm({ name: 'erp-db', sizesBytes: [MIB], tracked: true })
    const { pointId } = await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    stage.observations.length = 0
    const { vmId } = await stage.succeed('vm-restore', { pointId: pointId ?? '' })
    const told = stage.observations.flatMap((seen) => {
      if (seen.kind !== 'report') return []
      const { report } = seen
      if (report.kind === 'lock') return [`${report.state} ${report.name}`]
      return report.kind === 'stepStarted' && report.action === 'block-transfer/write' ? ['writes'] : []
    })
    expect(told).toEqual([`waits vsphere-vm/${vmId}`, `holds vsphere-vm/${vmId}`, 'writes'])
  })
})

describe('tracking', () => {
  it('is switched on and into effect, so that the first backup can be a base; and off again', async () => {
    await using stage = await startStage()
    const { vsphere } = stage
    const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: [2 * MIB] })
    expect(await stage.succeed('cbt-enable', { vm: 'DC0/vm/erp-db' })).toEqual({ enabled: true })
    await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    expect(await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })).toMatchObject({ level: 'incremental' })
    expect(await stage.succeed('cbt-disable', { vm: 'DC0/vm/erp-db' })).toEqual({ enabled: false })
    expect(vsphere.vm(id).disks.map(({ tracking }) => tracking)).toEqual([undefined])
    expect(vsphere.leaks()).toEqual([])
  })
})

it('tracking that is switched on during a backup waits for its end, and is not refused for its snapshot', async () => {
  await using stage = await startStage()
  const { vsphere } = stage
  vsphere.addVm({ name: 'erp-db', sizesBytes: [MIB] })
  let enabling: ReturnType<typeof stage.run> | undefined
  vsphere.onCall('getSnapshotConfig', async () => {
    enabling ??= stage.run('cbt-enable', { vm: 'DC0/vm/erp-db' })
  })
  await stage.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
  expect(await enabling).toMatchObject({ status: 'succeeded', outputs: { enabled: true } })
  expect(vsphere.leaks()).toEqual([])
})

describe('an export', () => {
  it.each(['vi-json', 'soap'])(
    'brings every byte of the snapshot over %s, and leaves neither lease, snapshot nor image',
    async (binding) => {
      await using stage = await startStage({ settings: { binding } })
      const { vsphere } = stage
      const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: [4 * MIB, 2 * MIB], tracked: true })
      vsphere.write(id, 12)
      const { pointId, bytesDownloaded } = await stage.succeed('vm-export', { vm: 'DC0/vm/erp-db' })
      expect(bytesDownloaded).toBeGreaterThan(0)
      const { vmId } = await stage.succeed('vm-restore', { pointId: pointId ?? '' })
      const restored = vsphere.disks(String(vmId))
      expect(vsphere.disks(id).map((disk, index) => isEqual(disk, restored[index] ?? disk))).toEqual([true, true])
      expect(vsphere.leaks()).toEqual([])
      expect(await readdir(vsphere.imageFolder)).toEqual([])
      expect(vsphere.violations).toEqual([])
    },
  )
})
