// Restore by import: disks go up as files over a lease, and whatever fails takes all that was made with it.
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { ActionContext } from '../../../src/packs/index.ts'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { vmwareVsphere } from '../../../src/platforms/vmware-vsphere/index.ts'
import { parseXml } from '../../../src/platforms/xml.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { backUp, callsOf, changesAsked, stage, useOneVm, vmId } from './one-vm.ts'
import { startStage } from './stage.ts'

async function expectNothingLeft(): Promise<void> {
  expect(stage.vsphere.leaks()).toEqual([])
  expect(await readdir(stage.vsphere.imageFolder)).toEqual([])
  expect(stage.vsphere.state().vms).toHaveLength(1)
}

describe('an import', () => {
  it.each(['vi-json', 'soap'])('brings every byte of the point into a new VM over %s, and leaves no file', async (binding) => {
    await using own = await startStage({ settings: { binding } })
    const { vsphere } = own
    const { id } = vsphere.addVm({ name: 'erp-db', sizesBytes: [4 * 2 ** 20, 2 ** 21 + 512 * 1024], tracked: true })
    vsphere.write(id, 12)
    const { pointId } = await own.succeed('vm-backup', { vm: 'DC0/vm/erp-db' })
    const { vmId: made, bytesUploaded } = await own.succeed('vm-import', { pointId: pointId ?? '', powerOn: true })
    const imported = vsphere.disks(String(made))
    expect(vsphere.disks(id).map((disk, index) => isEqual(disk, imported[index] ?? disk))).toEqual([true, true])
    expect(bytesUploaded).toBeGreaterThan(0)
    const { cpus, memoryMB, firmware, guestId, powerState } = vsphere.vm(String(made))
    expect({ cpus, memoryMB, firmware, guestId, powerState }).toEqual({
      cpus: 4,
      memoryMB: 8192,
      firmware: 'efi',
      guestId: 'debian11_64Guest',
      powerState: 'poweredOn',
    })
    expect(vsphere.leaks()).toEqual([])
    expect(await readdir(vsphere.imageFolder)).toEqual([])
    expect(vsphere.violations).toEqual([])
  })
})

describe('an import that fails', () => {
  useOneVm()

  it('makes nothing when vSphere cannot take the descriptor, which it says in an answer with status 200 [W19]', async () => {
    const { pointId = '' } = await backUp()
    stage.vsphere.behaviour.refusesImports = true
    expect(await stage.run('vm-import', { pointId })).toMatchObject({
      status: 'failed',
      failure: { type: 'assertionFailed', message: 'vSphere cannot import it: The OVF package requires unsupported hardware.' },
    })
    expect(callsOf('importVApp')).toEqual([])
    await expectNothingLeft()
  })

  it('ends the lease, with which the VM goes, when a disk cannot be uploaded', async () => {
    const { pointId = '' } = await backUp()
    // The host fails once the addresses are known.
    stage.vsphere.onCall('getLeaseInfo', async () => void setImmediate(() => stage.vsphere.loseLeases()))
    stage.vsphere.calls.length = 0
    expect(await stage.run('vm-import', { pointId })).toMatchObject({ status: 'failed' })
    expect(changesAsked().filter((name) => name !== 'leaseProgress')).not.toContain('leaseComplete')
    await expectNothingLeft()
  })

  it('P6: renews the lease while the platform is not ready for longer than the lease lives', async () => {
    const { pointId = '' } = await backUp()
    const { vsphere } = stage
    vsphere.behaviour.leaseReadyMs = 330_000
    const { vmId: made } = await stage.succeed('vm-import', { pointId })
    expect(callsOf('leaseProgress').length).toBeGreaterThanOrEqual(3)
    expect(vsphere.disks(String(made)).map((disk, index) => isEqual(disk, vsphere.disks(vmId)[index] ?? disk))).toEqual([
      true,
      true,
    ])
    expect(vsphere.leaks()).toEqual([])
  })

  it('deletes the imported VM when it does not start', async () => {
    const { pointId = '' } = await backUp()
    stage.vsphere.faults.add({ operation: 'powerOnVm', does: 'failTask', fault: 'InvalidState' })
    expect(await stage.run('vm-import', { pointId, powerOn: true })).toMatchObject({ status: 'failed' })
    expect(callsOf('leaseComplete')).toHaveLength(1)
    expect(callsOf('destroyVm')).toHaveLength(1)
    await expectNothingLeft()
  })
})

describe('a descriptor', () => {
  const config = {
    guestId: 'debian11_64Guest',
    version: 'vmx-19',
    firmware: 'efi',
    hardware: {
      numCPU: 4,
      numCoresPerSocket: 2,
      memoryMB: 8192,
      device: [
        { _typeName: 'ParaVirtualSCSIController', key: 1000, busNumber: 0 },
        {
          _typeName: 'VirtualDisk',
          key: 2000,
          controllerKey: 1000,
          unitNumber: 1,
          backing: { datastore: { type: 'Datastore', value: 'datastore-7' } },
        },
      ],
    },
  }
  const describe_ = (more: JsonObject = {}): Promise<JsonObject> => {
    const handler = vmwareVsphere.handlers['vmware-vsphere/import.descriptor']
    if (!handler) throw new Error('there is no such handler')
    const files = [{ disk: '2000', sizeBytes: 2 ** 20, file: '2000.vmdk', fileBytes: 70_144 }]
    return handler({ name: 'a <b> & "c"', config, files, ...more }, {} as ActionContext)
  }

  it('is XML whatever the name of the VM, and says where its disks were', async () => {
    const { descriptor, datastoreId } = await describe_()
    expect(datastoreId).toBe('datastore-7')
    const system = parseXml(String(descriptor)).children.find(({ name }) => name === 'VirtualSystem')
    expect(system?.children.find(({ name }) => name === 'Name')?.text).toBe('a <b> & "c"')
    expect(descriptor).toContain('<rasd:HostResource>ovf:/disk/disk0</rasd:HostResource>')
    expect(descriptor).toContain('<rasd:AddressOnParent>1</rasd:AddressOnParent>')
  })

  it('is refused for a disk that the configuration does not know, and for controllers that no import has', async () => {
    const device = [
      { _typeName: 'VirtualNobodyController', key: 1000 },
      { _typeName: 'VirtualDisk', key: 2000, controllerKey: 1000 },
    ]
    for (const changed of [
      { hardware: { numCPU: 1, memoryMB: 1, device: [] } },
      { hardware: { numCPU: 1, memoryMB: 1, device } },
    ]) {
      await expect(describe_({ config: changed })).rejects.toMatchObject({ failure: { type: 'configUnusable' } })
    }
  })
})
