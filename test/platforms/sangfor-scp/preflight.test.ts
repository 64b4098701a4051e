// What agentless backup is not for: told for all VMs at once, refused before a backup creates anything, and disks that no backup holds.
import { describe, expect, it } from 'vitest'
import type { VmSpec } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { MIB } from './stage.ts'
import { ids, stage, useTwoGuests } from './two-guests.ts'

useTwoGuests()

const EXCLUDED: readonly (readonly [obstacle: string, spec: Partial<VmSpec>])[] = [
  ['its type is template', { traits: { vmType: 'template' } }],
  ['turbo mode is on', { traits: { turbo: true } }],
  ['it is a backup proxy', { osName: 'Backup Proxy' }],
  ['it is a desktop that reverts', { traits: { application: 'desk', reverts: true } }],
]

const changing = () => stage.scp.calls.filter(({ method }) => method !== 'GET')

describe('preflight', () => {
  it('tells for every VM whether it can be backed up, else why not, and which of its disks no backup holds', async () => {
    for (const [name, spec] of EXCLUDED) stage.scp.addVm({ name, disks: [{ sizeBytes: MIB }], ...spec })
    stage.scp.addVm({ name: 'passed through', disks: [{ sizeBytes: MIB }, { sizeBytes: MIB, type: 'rdm_disk' }] })
    const { status, outputs } = await stage.run('backup-preflight', {})
    expect(status).toBe('succeeded')
    const { ready, excluded } = outputs as unknown as {
      ready: { name: string; obstacles: string[]; leftOut: string[] }[]
      excluded: { name: string; obstacles: string[] }[]
    }
    expect(Object.fromEntries(excluded.map(({ name, obstacles }) => [name, obstacles]))).toEqual(
      Object.fromEntries(EXCLUDED.map(([name]) => [name, [name]])),
    )
    expect(Object.fromEntries(ready.map(({ name, leftOut }) => [name, leftOut]))).toEqual({
      'erp-db': [],
      'erp-app': [],
      'passed through': ['ide1'],
    })
    expect(changing()).toEqual([])
  })

  it.each(EXCLUDED)('refuses a VM before anything is created when %s', async (obstacle, spec) => {
    const { id } = stage.scp.addVm({ name: 'odd', disks: [{ sizeBytes: MIB }], ...spec })
    for (const runbook of ['vm-backup', 'vm-backup-hotadd']) {
      expect(await stage.run(runbook, { serverId: id })).toMatchObject({
        status: 'failed',
        failure: { type: 'assertionFailed', message: `odd cannot be backed up: ${obstacle}` },
      })
    }
    const groupId = stage.scp.addGroup('odd', [ids[0] ?? '', id])
    expect(await stage.run('consistency-group-backup', { groupId })).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining(obstacle) },
    })
    expect(changing()).toEqual([])
  })

  it('refuses a VM that has internal snapshots', async () => {
    const { id } = stage.scp.addVm({ name: 'odd', disks: [{ sizeBytes: MIB }], traits: { internalSnapshots: true } })
    const path = `/janus/20190725/servers/${id}/snapshots`
    await stage.send('POST', path, { name: 'inside' })
    stage.scp.clock.advance(60_000)
    expect(await stage.run('vm-backup', { serverId: id })).toMatchObject({
      status: 'failed',
      failure: { message: 'odd cannot be backed up: it has internal snapshots' },
    })
    const [{ id: snapshotId }] = stage.scp.state().snapshots as [{ id: string }]
    await stage.send('POST', `/janus/20180725/servers/${id}/snapshots/action`, { action: 'delete', snapshot_ids: [snapshotId] })
    stage.scp.clock.advance(60_000)
  })
})

describe('a backup of a VM with disks that no snapshot holds', () => {
  it('names the disks that it leaves out, and holds the others', async () => {
    const disks = [{ sizeBytes: MIB }, { sizeBytes: MIB, type: 'rdm_disk' }, { sizeBytes: MIB }]
    const { id } = stage.scp.addVm({ name: 'mixed', disks })
    stage.scp.addVm({ name: 'proxy', disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status: 'stopped' })
    const leftOut = [{ disk: 'ide1', why: 'rdm_disk is in no snapshot' }]
    for (const runbook of ['vm-backup', 'vm-backup-hotadd']) {
      const outcome = await stage.run(runbook, { serverId: id })
      expect(outcome).toMatchObject({ status: 'succeeded', outputs: { leftOut } })
      const point = await stage.vault.point(String(outcome.outputs?.pointId))
      expect(point.disks.map(({ disk }) => disk)).toEqual(['ide0', 'ide3'])
    }
    const groupId = stage.scp.addGroup('mixed', [id])
    expect(await stage.run('consistency-group-backup', { groupId })).toMatchObject({ outputs: { points: [{ leftOut }] } })
  })

  it('carries the BIOS of a VM and the state of its TPM, and knows no word for such firmware', async () => {
    const { id } = stage.scp.addVm({ name: 'odd', disks: [{ sizeBytes: MIB }], traits: { customBios: true, tpm: true } })
    const outcome = await stage.run('vm-backup', { serverId: id })
    expect(outcome).toMatchObject({ status: 'succeeded', outputs: { leftOut: [], notCarried: [] } })
    const { machine, attachments } = await stage.vault.point(String(outcome.outputs?.pointId))
    expect(machine).toMatchObject({ firmware: 'unknown' })
    expect(attachments.map(({ name }) => name)).toEqual(['BIOS', 'TPM'])
  })

  it('describes the machine in words of no platform', async () => {
    const outcome = await stage.run('vm-backup', { serverId: ids[0] ?? '' })
    expect(outcome.outputs?.leftOut).toEqual([])
    const point = await stage.vault.point(String(outcome.outputs?.pointId))
    expect(point.machine).toEqual({
      cpus: 4,
      memoryBytes: 8192 * MIB,
      firmware: 'bios',
      guestOs: 'Debian GNU/Linux 12',
      disks: [
        { disk: 'ide0', bus: 'VIRTIO' },
        { disk: 'ide1', bus: 'VIRTIO' },
      ],
      networks: [{ mac: 'fe:fc:fe:00:00:01' }],
    })
  })
})
