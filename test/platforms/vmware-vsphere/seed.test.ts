// The vendor's text on consolidated backup, sentence by sentence, as the living API keeps it. docs/seeds/vmware-vsphere.yaml names these.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { vmwareVsphere } from '../../../src/platforms/vmware-vsphere/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
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

describe('a job', () => {
  it('is a runbook and a VM of the inventory, and a VM that is not there is told before anything is made', async () => {
    const { status, failure } = await stage.run('vm-backup', { vm: 'DC0/vm/nobody' })
    expect({ status, message: failure?.message }).toEqual({ status: 'failed', message: 'there is no VM at DC0/vm/nobody' })
    expect(changesAsked()).toEqual([])
  })

  it('goes from pre-freeze over snapshot, post-thaw and data to commit, in this order', async () => {
    await backUp(scripts())
    expect(changesAsked()).toEqual([
      'startProgramInGuest',
      'createSnapshotEx',
      'startProgramInGuest',
      'queryChangedDiskAreas',
      'queryChangedDiskAreas',
      'removeSnapshot',
      'consolidateVmDisks',
    ])
    expect(guest().log).toEqual([FREEZE, THAW])
  })
})

describe('before the backup', () => {
  it('the VM is put into snapshot mode and goes on running, writing elsewhere than into what is backed up', async () => {
    const before = stage.vsphere.disks(vmId).map((disk) => disk.freeze())
    stage.vsphere.faults.add({ operation: 'queryChangedDiskAreas', does: 'status', status: 503 })
    const outputs = await backUp()
    stage.vsphere.write(vmId, 5)
    expect(stage.vsphere.vm(vmId).powerState).toBe('poweredOn')
    const { vmId: restored } = await stage.succeed('vm-restore', { pointId: outputs.pointId ?? '' })
    const disks = stage.vsphere.disks(String(restored))
    expect(disks.map((disk, index) => isEqual(disk, before[index] ?? disk))).toEqual([true, true])
  })

  it('the memory of the VM is not part of the snapshot', async () => {
    await backUp()
    expect(callsOf('createSnapshotEx').map(({ body }) => body.memory)).toEqual([false])
  })

  it('the guest is quiesced and unquiesced around the snapshot, and the point says so', async () => {
    guest().toolsScripts.set('10-db', 0)
    const outputs = await backUp()
    expect(outputs.consistency).toBe('filesystem')
    expect(guest().log).toEqual(['10-db freeze', '10-db thaw'])
    expect(callsOf('createSnapshotEx')[0]?.body.quiesceSpec).toMatchObject({ _typeName: 'VirtualMachineGuestQuiesceSpec' })
  })

  it('the snapshot is made available to whoever reads it, and only while it is there', async () => {
    const outputs = await backUp()
    expect(outputs.bytesRead).toBeGreaterThan(0)
    expect(stage.vsphere.leaks()).toEqual([])
  })
})

describe('after the backup', () => {
  it('the disks are closed before the snapshot is taken away', async () => {
    const outputs = await stage.succeed('vm-export', VM)
    expect(outputs.pointId).toBeDefined()
    const ended = changesAsked().filter((name) => /lease(Complete|Abort)|removeSnapshot/.test(name))
    expect(ended).toEqual(['leaseComplete', 'leaseAbort', 'removeSnapshot'])
  })

  it('the VM is taken out of snapshot mode, also when the backup failed', async () => {
    guest().programs.delete(FREEZE)
    stage.vsphere.faults.add({ operation: 'queryChangedDiskAreas', does: 'fault', fault: 'NoPermission', times: 9 })
    const outcome = await stage.run('vm-backup', VM)
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'notPermitted' } })
    expect(callsOf('removeSnapshot')).toHaveLength(1)
    expect(stage.vsphere.leaks()).toEqual([])
  })

  it('changes made meanwhile are committed, by consolidation where removing the snapshot left them', async () => {
    stage.vsphere.behaviour.leavesDeltas = true
    await backUp()
    expect(callsOf('consolidateVmDisks')).toHaveLength(1)
    expect(stage.vsphere.vm(vmId).consolidationNeeded).toBe(false)
  })
})

describe('kinds of backup', () => {
  it('an image is all virtual disks and the configuration of the VM', async () => {
    const { disks, config } = await pointOf(await stage.succeed('vm-export', VM))
    expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual(stage.vsphere.disks(vmId).map(({ sizeBytes }) => sizeBytes))
    expect(config).toMatchObject({ name: 'erp-db', guestId: 'debian11_64Guest', hardware: { numCPU: 4, memoryMB: 8192 } })
  })

  it('a whole VM comes back after it was deleted', async () => {
    const held = stage.vsphere.disks(vmId).map((disk) => disk.freeze())
    const { pointId } = await backUp()
    stage.vsphere.loseVm(vmId)
    const { vmId: fresh } = await stage.succeed('vm-restore', { pointId: pointId ?? '', powerOn: true })
    const disks = stage.vsphere.disks(String(fresh))
    expect(disks.map((disk, index) => isEqual(disk, held[index] ?? disk))).toEqual([true, true])
    expect(stage.vsphere.vm(String(fresh)).powerState).toBe('poweredOn')
  })

  it('a full one stores everything, though less would do', async () => {
    await backUp()
    expect(await backUp({ kind: 'full' })).toMatchObject({ level: 'full', bytesUnchanged: 0, why: 'a full one was asked for' })
  })

  it('a differential goes back to the last full one, whatever was between', async () => {
    const { pointId } = await backUp()
    stage.vsphere.write(vmId, 1)
    await backUp()
    stage.vsphere.write(vmId, 1)
    const differential = await backUp({ kind: 'differential' })
    expect(differential.level).toBe('incremental')
    expect((await pointOf(differential)).parent).toBe(pointId)
  })

  it('an incremental goes back to the last backup, whether that was full or incremental', async () => {
    const points: unknown[] = []
    for (let round = 0; round < 3; round += 1) {
      const outputs = await backUp()
      const { level, parent } = await pointOf(outputs)
      expect({ level, parent }).toEqual({
        level: round === 0 ? 'full' : 'incremental',
        ...(round === 0 ? {} : { parent: points.at(-1) }),
      })
      points.push(outputs.pointId)
      stage.vsphere.write(vmId, 1)
    }
  })

  it('a guest of any operating system is backed up, also one that is off', async () => {
    const vm = stage.vsphere.vm(vmId)
    vm.powerState = 'poweredOff'
    vm.toolsRunning = false
    expect(await backUp()).toMatchObject({ level: 'full', consistency: 'crash' })
  })

  it('no volume is left out for want of a drive letter: whole disks are read, and disks that no snapshot holds are named', async () => {
    const { disks } = stage.vsphere.vm(vmId)
    const [, second] = disks
    if (second) disks[1] = { ...second, mode: 'independent_persistent' }
    const outputs = await backUp()
    expect(outputs.leftOut).toEqual(['Hard disk 2'])
    const { disks: stored } = await pointOf(outputs)
    expect(stored).toHaveLength(1)
  })
})

describe('an image', () => {
  it('is exported into a folder of this machine named after the VM, with its configuration, then moved to the vault', async () => {
    const seen: string[][] = []
    const { imageFolder } = stage.vsphere
    stage.vsphere.faults.add({ operation: 'leaseComplete', does: 'fault', fault: 'NoPermission', times: 9 })
    stage.vsphere.onCall('leaseComplete', async () => {
      seen.push((await readdir(join(imageFolder, 'erp-db-fullVM'))).sort())
      expect(JSON.parse(await readFile(join(imageFolder, 'erp-db-fullVM', 'config.json'), 'utf8'))).toMatchObject({
        name: 'erp-db',
      })
    })
    expect(await stage.run('vm-export', VM)).toMatchObject({ status: 'failed' })
    expect(seen[0]).toEqual(['2000.raw', '2001.raw', 'config.json', 'run.txt'])
    expect(await readdir(imageFolder)).toEqual([])
  })
})

const programs = async (os: string, esx: string): Promise<JsonObject> =>
  (await vmwareVsphere.handlers['vmware-vsphere/guest.programs']?.({ os, esx }, {} as never)) ?? {}

describe('quiescing scripts', () => {
  it('make a point application-consistent, together with the quiescing of the platform', async () => {
    expect(await backUp(scripts())).toMatchObject({ consistency: 'application' })
    expect(await backUp({ ...scripts(), quiesce: false })).toMatchObject({ consistency: 'crash' })
  })

  it('run inside of the VM, with an account of the guest, and need no agent of ours', async () => {
    await backUp(scripts())
    expect(callsOf('startProgramInGuest').map(({ body }) => body.spec)).toMatchObject([
      { programPath: FREEZE },
      { programPath: THAW },
    ])
  })

  it('of Windows until 3.5 U1 are two batch files', async () => {
    expect(await programs('windows', 'upTo35U1')).toMatchObject({
      freeze: { arguments: '/c "C:\\Windows\\pre-freeze-script.bat"' },
      thaw: { arguments: '/c "C:\\Windows\\post-thaw-script.bat"' },
    })
  })

  it('of Windows from 3.5 U2 on are all of a folder, ascending with freeze, descending with thaw or freezeFail', async () => {
    const { freeze, thaw, freezeFail } = (await programs('windows', 'from35U2')) as Record<string, { arguments: string }>
    expect(freeze?.arguments).toMatch(
      /dir \/b \/a-d \/on "C:\\Program Files\\VMware\\VMware Tools\\backupScripts\.d"'\) do @call ".*\\%f" freeze \|\| exit 1$/,
    )
    expect(thaw?.arguments).toMatch(/\/o-n .*\\%f" thaw \|\| set failed=1/)
    expect(freezeFail?.arguments).toMatch(/\/o-n .*\\%f" freezeFail \|\| set failed=1/)
  })

  it.each(['upTo35U1', 'from35U2'])('of other guests are two programs, %s', async (esx) => {
    expect(await programs('other', esx)).toMatchObject({ freeze: { programPath: FREEZE }, thaw: { programPath: THAW } })
  })

  it('that end with another code than 0 before the freeze let no snapshot be taken', async () => {
    setProgram(FREEZE, 3)
    const outcome = await stage.run('vm-backup', { ...VM, ...scripts() })
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'scriptFailed' } })
    expect(callsOf('createSnapshotEx')).toEqual([])
    expect(guest()).toMatchObject({ frozen: false, log: [FREEZE, THAW] })
  })

  it('after a failure to quiesce go on with the post-thaw script, and there is no snapshot', async () => {
    guest().toolsScripts.set('10-db', 1)
    const outcome = await stage.run('vm-backup', { ...VM, ...scripts() })
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'applicationNotQuiesced' } })
    expect(guest().log.at(-1)).toBe(THAW)
    expect(guest().frozen).toBe(false)
    expect(stage.vsphere.state().snapshots).toEqual([])
  })

  it('after a snapshot that took too long for the guest: it is tried again, then the run fails and the guest is thawed', async () => {
    guest().holdMs = 1000
    const outcome = await stage.run('vm-backup', { ...VM, ...scripts() })
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'fileSystemNotQuiesced' } })
    expect(callsOf('createSnapshotEx')).toHaveLength(2)
    expect(guest()).toMatchObject({ frozen: false })
  })

  it('of post-thaw that end with another code than 0 are run again until one ends with 0, which is success', async () => {
    let runs = 0
    stage.vsphere.onCall('startProgramInGuest', async () => {
      runs += 1
      setProgram(THAW, runs < 4 ? 1 : 0)
    })
    expect(await backUp(scripts())).toMatchObject({ level: 'full' })
    expect(guest()).toMatchObject({ frozen: false, log: [FREEZE, THAW, THAW, THAW] })
  })

  it('cannot make up for a quiescing that ended before the snapshot stood: the tree says so, and the point is crash-consistent', async () => {
    stage.vsphere.onCall('createSnapshotEx', async () => {
      const vm = stage.vsphere.vm(vmId)
      vm.toolsRunning = false
      stage.vsphere.onCall('getVmSnapshots', async () => {
        vm.toolsRunning = true
      })
    })
    expect(await backUp(scripts())).toMatchObject({ consistency: 'crash' })
    expect(await stage.run('vm-backup', { ...VM, requireQuiesced: true, quiesce: false })).toMatchObject({
      status: 'failed',
      failure: { type: 'assertionFailed' },
    })
  })
})
