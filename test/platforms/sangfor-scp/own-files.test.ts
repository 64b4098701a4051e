// Files of a VM's own, its BIOS and the state of its TPM: in every restore point, given back by every restore, and nowhere else.
import { describe, expect, it } from 'vitest'
import { MIB } from './stage.ts'
import { stage, useTwoGuests } from './two-guests.ts'

useTwoGuests()

const FILES = ['BIOS', 'TPM'] as const
const addSealed = (): string =>
  stage.scp.addVm({ name: 'sealed', disks: [{ sizeBytes: MIB }], traits: { customBios: true, tpm: true } }).id

const filesOf = (serverId: string): readonly (Buffer | undefined)[] => FILES.map((file) => stage.scp.ownFile(serverId, file))

async function backUp(runbook: string, inputs: Record<string, string>): Promise<string> {
  const { status, outputs } = await stage.run(runbook, inputs)
  expect({ status, outputs }).toMatchObject({ status: 'succeeded' })
  const [point = outputs] = (outputs?.points ?? []) as { pointId: string; notCarried: string[] }[]
  expect(point?.notCarried).toEqual([])
  return String(point?.pointId)
}

async function expectHeld(pointId: string, files: readonly (Buffer | undefined)[]): Promise<void> {
  for (const [index, file] of FILES.entries()) {
    expect(Buffer.from(await stage.vault.readAttachment(pointId, file)).equals(files[index] ?? Buffer.alloc(0))).toBe(true)
  }
}

describe('the files of a VM', () => {
  it('are in the restore point byte for byte, whichever runbook backs it up', { timeout: 120_000 }, async () => {
    const serverId = addSealed()
    const files = filesOf(serverId)
    expect(files.map((file) => file?.length)).toEqual([540_672, 20_480])
    stage.scp.addVm({ name: 'proxy', disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status: 'stopped' })
    await expectHeld(await backUp('vm-backup', { serverId }), files)
    await expectHeld(await backUp('vm-backup-hotadd', { serverId }), files)
    const groupId = stage.scp.addGroup('sealed', [serverId])
    await expectHeld(await backUp('consistency-group-backup', { groupId }), files)
  })

  it('P11: are given back by every restore as they were at the point, and stand in nothing that a run tells', {
    timeout: 120_000,
  }, async () => {
    const serverId = addSealed()
    const files = filesOf(serverId)
    const pointId = await backUp('vm-backup', { serverId })
    for (const runbook of ['vm-restore', 'vm-restore-quick', 'vm-restore-in-place']) {
      if (runbook === 'vm-restore-in-place') stage.scp.setOwnFile(serverId, 'TPM', Buffer.from('sealed since'))
      const { status, outputs } = await stage.run(runbook, { pointId })
      expect({ runbook, status }).toEqual({ runbook, status: 'succeeded' })
      const given = filesOf(String(outputs?.serverId))
      expect(given.map((file, index) => file?.equals(files[index] ?? Buffer.alloc(0)))).toEqual([true, true])
    }
    const told = JSON.stringify([await events(), stage.observations])
    expect(told).toContain('/own')
    const part = files[1]?.subarray(3072, 3096) ?? Buffer.alloc(0)
    for (const spelling of ['base64', 'hex', 'latin1', 'utf8'] as const) {
      expect(told).not.toContain(JSON.stringify(part.toString(spelling)).slice(1, -1))
    }
  })

  it('P7: that cannot be had make no point', { timeout: 120_000 }, async () => {
    const serverId = addSealed()
    stage.scp.faults.add({ operation: 'downloadFile', does: 'status', status: 404 })
    expect(await stage.run('vm-backup', { serverId })).toMatchObject({ status: 'failed', failure: { type: 'notFound' } })
    expect(await stage.vault.points()).toEqual([])
  })

  it('take the new VM with them when they cannot be given back', { timeout: 120_000 }, async () => {
    const pointId = await backUp('vm-backup', { serverId: addSealed() })
    stage.scp.faults.add({ operation: 'uploadFile', does: 'status', status: 400 })
    expect(await stage.run('vm-restore', { pointId })).toMatchObject({ status: 'failed', failure: { type: 'refused' } })
    expect(stage.scp.state().vms).toHaveLength(3)
  })
})

async function events(): Promise<readonly unknown[]> {
  const told: unknown[] = []
  for (const { id } of await stage.journal.runs()) for await (const event of stage.journal.events(id)) told.push(event)
  return told
}
